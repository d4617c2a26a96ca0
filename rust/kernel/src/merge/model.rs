//! The merge held against a model that looks at all entries for each of them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]

use super::by_sequence::SequenceSorter;
use super::*;
use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events, Origin};
use crate::fault::{Fault, Result};
use crate::internal_key::{self, TYPE_VALUE};

/// Entries in memory, in whatever order they are given.
pub(crate) struct Entries {
    pub(crate) input: u32,
    pub(crate) entries: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) at: usize,
    pub(crate) comparator: Comparator,
}

impl EntryCursor for Entries {
    fn valid(&self) -> bool {
        self.at < self.entries.len()
    }

    fn key(&self) -> &[u8] {
        self.entries.get(self.at).map_or(&[], |entry| &entry.0)
    }

    fn value(&self) -> &[u8] {
        self.entries.get(self.at).map_or(&[], |entry| &entry.1)
    }

    fn origin(&self) -> Origin {
        Origin { input: self.input, offset: self.at as u64, intact: true }
    }

    fn seek_to_first(&mut self, _events: &mut dyn Events) -> Result<()> {
        self.at = 0;
        Ok(())
    }

    fn seek(&mut self, target: &[u8], _events: &mut dyn Events) -> Result<()> {
        let reached = |entry: &(Vec<u8>, Vec<u8>)| internal_key::compare(&self.comparator, &entry.0, target).is_ge();
        self.at = self.entries.iter().position(reached).unwrap_or(self.entries.len());
        Ok(())
    }

    fn next(&mut self, _events: &mut dyn Events) -> Result<()> {
        self.at += 1;
        Ok(())
    }
}

/// A version as the tests compare it: sequence, is a put, key, value, state, input.
type Shown = (u64, bool, Vec<u8>, Vec<u8>, State, u32);

#[derive(Debug, Clone)]
struct Held {
    key: Vec<u8>,
    trailer: u64,
    value: Vec<u8>,
    input: u32,
    standing: Standing,
}

impl Held {
    fn sequence(&self) -> u64 {
        self.trailer >> 8
    }

    fn is_put(&self) -> bool {
        self.trailer & 0xff == u64::from(TYPE_VALUE)
    }

    fn shown(&self, state: State) -> Shown {
        (self.sequence(), self.is_put(), self.key.clone(), self.value.clone(), state, self.input)
    }
}

pub(crate) struct Random(pub(crate) u32);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

/// Random inputs with few keys, few sequence numbers and few values, so that everything collides.
fn random_inputs(random: &mut Random, comparator: &Comparator) -> Vec<(Standing, Vec<Held>)> {
    const STANDINGS: [Standing; 3] = [Standing::Current, Standing::Superseded, Standing::Unproven];
    (0..1 + random.below(6))
        .map(|input| {
            let standing = STANDINGS[random.below(3)];
            let mut held: Vec<Held> = (0..random.below(30))
                .map(|_| {
                    let is_put = random.below(3) > 0;
                    let sequence = random.below(12) as u64;
                    let value = if is_put && random.below(8) == 0 { b"other".to_vec() } else { vec![sequence as u8] };
                    Held {
                        key: vec![b'a' + random.below(5) as u8; 1 + random.below(2)],
                        trailer: sequence << 8 | u64::from(is_put),
                        value: if is_put { value } else { Vec::new() },
                        input: input as u32,
                        standing,
                    }
                })
                .collect();
            held.sort_by(|a, b| comparator.compare(&a.key, &b.key).then(b.trailer.cmp(&a.trailer)));
            (standing, held)
        })
        .collect()
}

fn sources(inputs: &[(Standing, Vec<Held>)], comparator: &Comparator) -> Vec<Source> {
    let source = |(input, (standing, held)): (usize, &(Standing, Vec<Held>))| {
        let entry = |held: &Held| ([&held.key[..], &held.trailer.to_le_bytes()].concat(), held.value.clone());
        let (entries, comparator) = (held.iter().map(entry).collect(), comparator.clone());
        let cursor = Box::new(Entries { input: input as u32, entries, at: 0, comparator });
        Source { cursor, standing: *standing, inputs: vec![input as u32], is_log: input % 2 == 0 }
    };
    inputs.iter().enumerate().map(source).collect()
}

fn shown(batch: &VersionBatch) -> impl Iterator<Item = Shown> {
    batch.iter().map(|version| {
        let (key, value) = (batch.key(version).to_vec(), batch.value(version).to_vec());
        (version.sequence, version.value_type == TYPE_VALUE, key, value, version.state, version.origin.input)
    })
}

fn select(
    sources: Vec<Source>,
    comparator: &Comparator,
    wanted: &Wanted,
    random: &mut Random,
) -> (Vec<Shown>, Vec<(u32, Fault)>) {
    let mut selection = Selection::new(comparator.clone(), sources, wanted.clone());
    let (mut batch, mut faults, mut out) = (VersionBatch::default(), Vec::new(), Vec::new());
    while !selection.ended() {
        let count = 1 + random.below(4);
        selection.fill(&mut batch, count, 1 + random.below(6), &mut faults).unwrap();
        assert!(batch.len() <= count);
        out.extend(shown(&batch));
    }
    (out, faults)
}

/// The entries in range, better standings first, as the rules see them.
fn all_held(inputs: &[(Standing, Vec<Held>)], comparator: &Comparator, wanted: &Wanted) -> Vec<Held> {
    let mut all: Vec<Held> = inputs.iter().flat_map(|(_, held)| held.clone()).collect();
    all.retain(|held| wanted.start.as_ref().is_none_or(|start| comparator.compare(&held.key, start).is_ge()));
    all.retain(|held| wanted.stop.as_ref().is_none_or(|stop| comparator.compare(&held.key, stop).is_lt()));
    all.sort_by_key(|held| held.standing);
    all
}

fn sorted_keys(all: &[Held], comparator: &Comparator) -> Vec<Vec<u8>> {
    let mut keys: Vec<_> = all.iter().map(|held| held.key.clone()).collect();
    keys.sort_by(|a, b| comparator.compare(a, b));
    keys.dedup();
    keys
}

fn model_state(version: &Held, all: &[Held]) -> State {
    let of_key = || all.iter().filter(|held| held.key == version.key);
    let same = || of_key().filter(|held| held.trailer == version.trailer);
    if same().any(|held| held.value != version.value) || same().all(|held| held.standing == Standing::Unproven) {
        return State::Unknown;
    }
    let newer = || of_key().filter(|held| held.trailer > version.trailer && held.standing != Standing::Unproven);
    let is_current = same().any(|held| held.standing == Standing::Current);
    if is_current && newer().all(|held| held.standing != Standing::Current) {
        return if version.is_put() { State::Live } else { State::Deleted };
    }
    match newer().min_by_key(|held| held.trailer) {
        Some(next) if next.is_put() => State::Shadowed,
        None if version.is_put() => State::Unknown,
        _ => State::Deleted,
    }
}

/// The state of the last put of a key that is gone; `seen` are the versions of the key up to the sequence number looked back to.
fn model_gone_state(put: &Held, seen: &[&Held], past_counts: bool) -> State {
    let is_known = |held: &Held| past_counts || held.standing != Standing::Unproven;
    let same = || seen.iter().filter(|held| held.trailer == put.trailer);
    if same().any(|held| held.value != put.value) || !same().any(|held| is_known(held)) {
        return State::Unknown;
    }
    let is_deletion = |held: &&&Held| held.trailer > put.trailer && is_known(held) && !held.is_put();
    if seen.iter().any(|held| is_deletion(&held)) { State::Deleted } else { State::Unknown }
}

/// What [`Mode::Versions`] gives; the versions of one internal key in any order.
fn model_versions(all: &[Held], comparator: &Comparator, wanted: &Wanted) -> Vec<Shown> {
    let mut out = Vec::new();
    for key in sorted_keys(all, comparator) {
        let mut of_key: Vec<&Held> = all.iter().filter(|held| held.key == key).collect();
        of_key.sort_by_key(|held| std::cmp::Reverse(held.trailer));
        let mut seen: Vec<(u64, &[u8])> = Vec::new();
        for held in of_key {
            if !seen.contains(&(held.trailer, &held.value)) {
                seen.push((held.trailer, &held.value));
                let is_wanted = !(wanted.deletions_only && held.is_put());
                if is_wanted && (wanted.from_sequence..=wanted.to_sequence).contains(&held.sequence()) {
                    out.push(held.shown(model_state(held, all)));
                }
            }
        }
    }
    out
}

fn model_view(all: &[Held], inputs: &[(Standing, Vec<Held>)], comparator: &Comparator, wanted: &Wanted) -> Vec<Shown> {
    let current = inputs.iter().filter(|(standing, _)| *standing == Standing::Current);
    let newest = current.flat_map(|(_, held)| held).map(Held::sequence).max();
    let past_counts = wanted.sequence.is_some_and(|sequence| newest.is_some_and(|newest| sequence < newest));
    let mut out = Vec::new();
    for key in sorted_keys(all, comparator) {
        let in_prefix = model_looks_back(&wanted.look_back, comparator, &key);
        let as_of_now = wanted.mode == Mode::Rewind && !in_prefix;
        let sequence = wanted.sequence.filter(|_| !as_of_now).unwrap_or(u64::MAX);
        let seen: Vec<&Held> = all.iter().filter(|held| held.key == key && held.sequence() <= sequence).collect();
        let counting = seen.iter().filter(|held| held.standing == Standing::Current || past_counts && !as_of_now);
        let newest = counting.clone().map(|held| held.trailer).max();
        let visible = counting.clone().find(|held| Some(held.trailer) == newest && held.is_put());
        let newest_put = seen.iter().filter(|held| held.is_put()).map(|held| held.trailer).max();
        let last_put = seen.iter().find(|held| Some(held.trailer) == newest_put);
        match (wanted.mode, visible) {
            (Mode::Deleted, Some(_)) => {}
            (_, Some(visible)) => out.push(visible.shown(State::Live)),
            (Mode::Deleted | Mode::Undelete, None) if !in_prefix => {}
            (Mode::Deleted | Mode::Undelete, None) => {
                let gone_as_wanted = |put: &&&Held| {
                    let known = |held: &Held| past_counts || held.standing != Standing::Unproven;
                    let gone = &wanted.look_back.gone;
                    let made_go = |held: &&&Held| !held.is_put() && held.trailer > put.trailer && known(held);
                    *gone == (0..=u64::MAX) || seen.iter().filter(made_go).any(|held| gone.contains(&held.sequence()))
                };
                let last_put = last_put.filter(gone_as_wanted);
                out.extend(last_put.map(|held| held.shown(model_gone_state(held, &seen, past_counts))));
            }
            _ => {}
        }
    }
    out
}

fn model_looks_back(look_back: &LookBack, comparator: &Comparator, key: &Vec<u8>) -> bool {
    let everything = look_back.keys.is_empty() && look_back.prefixes.is_empty();
    let in_range = look_back.start.as_ref().is_none_or(|start| comparator.compare(key, start).is_ge())
        && look_back.stop.as_ref().is_none_or(|stop| comparator.compare(key, stop).is_lt());
    in_range
        && (everything
            || look_back.keys.contains(key)
            || look_back.prefixes.iter().any(|prefix| key.starts_with(prefix)))
}

fn random_look_back(random: &mut Random) -> LookBack {
    let mut look_back = LookBack::default();
    for _ in 0..random.below(3) {
        look_back.prefixes.push(vec![b'a' + random.below(5) as u8; random.below(3)]);
    }
    for _ in 0..random.below(3) {
        look_back.keys.insert(vec![b'a' + random.below(5) as u8; 1 + random.below(2)]);
    }
    let mut key = || Some(vec![b'a' + random.below(5) as u8]).filter(|_| random.below(4) == 0);
    (look_back.start, look_back.stop) = (key(), key());
    if random.below(3) == 0 {
        look_back.gone = random.below(6) as u64..=3 + random.below(9) as u64;
    }
    look_back
}

fn assert_as_modelled(mode: Mode) {
    let mut random = Random(0x2545_f491 ^ mode as u32);
    for round in 0..1500 {
        let comparator = if round % 3 == 0 { Comparator::ReverseBytewise } else { Comparator::Bytewise };
        let inputs = random_inputs(&mut random, &comparator);
        let mut wanted = Wanted::all(mode);
        let mut key = || Some(vec![b'a' + random.below(5) as u8]).filter(|_| random.below(3) == 0);
        (wanted.start, wanted.stop) = (key(), key());
        wanted.look_back = random_look_back(&mut random);
        if mode == Mode::Versions {
            wanted.deletions_only = random.below(4) == 0;
            wanted.from_sequence = random.below(6) as u64;
            wanted.to_sequence = 4 + random.below(9) as u64;
        } else if random.below(4) > 0 {
            wanted.sequence = Some(random.below(13) as u64);
            let current = inputs.iter().filter(|(standing, _)| *standing == Standing::Current);
            let newest = current.flat_map(|(_, held)| held).map(Held::sequence).max();
            wanted.newest_sequence = newest.filter(|_| random.below(2) == 0);
        }

        let (out, faults) = select(sources(&inputs, &comparator), &comparator, &wanted, &mut random);

        let all = all_held(&inputs, &comparator, &wanted);
        let expected = match mode {
            Mode::Versions => model_versions(&all, &comparator, &wanted),
            _ => model_view(&all, &inputs, &comparator, &wanted),
        };
        assert_eq!(out, expected, "round {round}: {wanted:?} of {inputs:#?}");
        assert!(faults.is_empty());
    }
}

#[test]
fn every_version_comes_once_with_its_state() {
    assert_as_modelled(Mode::Versions);
}

#[test]
fn the_visible_put_of_each_key_comes() {
    assert_as_modelled(Mode::Visible);
}

#[test]
fn the_last_put_of_each_key_that_is_gone_comes() {
    assert_as_modelled(Mode::Deleted);
}

#[test]
fn the_last_put_of_a_key_that_is_gone_has_the_state_of_the_timeline() {
    let (mut random, comparator) = (Random(0x51ed_270b), Comparator::Bytewise);
    for round in 0..1500 {
        let inputs = random_inputs(&mut random, &comparator);
        let [gone, timeline] = [Mode::Deleted, Mode::Versions]
            .map(|mode| select(sources(&inputs, &comparator), &comparator, &Wanted::all(mode), &mut random).0);

        for put in gone {
            assert!(timeline.contains(&put), "round {round}: {put:?} of {inputs:#?}");
        }
    }
}

#[test]
fn keys_that_are_gone_come_back_where_the_prefix_says() {
    assert_as_modelled(Mode::Undelete);
}

#[test]
fn keys_go_back_in_time_where_the_prefix_says() {
    assert_as_modelled(Mode::Rewind);
}

#[test]
fn versions_by_sequence_are_the_same_versions() {
    let mut random = Random(77);
    let comparator = Comparator::Bytewise;
    for _ in 0..100 {
        let inputs = random_inputs(&mut random, &comparator);
        let wanted = Wanted::all(Mode::Versions);
        let mut selection = Selection::new(comparator.clone(), sources(&inputs, &comparator), wanted.clone());
        let ranks: Vec<u32> = (0..inputs.len() as u32).rev().collect();
        let mut sorter = SequenceSorter::new(ranks.clone(), &std::env::temp_dir(), 1);
        let mut batch = VersionBatch::default();
        while !selection.ended() {
            selection.fill(&mut batch, 7, 100, &mut Vec::new()).unwrap();
            sorter.push(&batch).unwrap();
        }

        let mut cursor = sorter.finish().unwrap();
        let mut out = Vec::new();
        loop {
            cursor.fill(&mut batch, 3).unwrap();
            if batch.is_empty() {
                break;
            }
            out.extend(shown(&batch));
        }

        let mut expected = model_versions(&all_held(&inputs, &comparator, &wanted), &comparator, &wanted);
        let order = |shown: &Shown| (shown.0, ranks[shown.5 as usize]);
        assert!(out.iter().map(order).is_sorted());
        let full = |shown: &Shown| format!("{shown:?}");
        out.sort_by_key(full);
        expected.sort_by_key(full);
        assert_eq!(out, expected);
    }
}

fn entry(key: &[u8], sequence: u64, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut internal = Vec::new();
    internal_key::append(&mut internal, key, sequence, TYPE_VALUE);
    (internal, value.to_vec())
}

fn disordered() -> Vec<Source> {
    let entries = vec![
        entry(b"b", 5, b"b"),
        entry(b"d", 6, b"d"),
        entry(b"a", 7, b"a"),
        entry(b"b", 4, b"old"),
        entry(b"e", 8, b"e"),
    ];
    let cursor = Box::new(Entries { input: 0, entries, at: 0, comparator: Comparator::Bytewise });
    vec![Source { cursor, standing: Standing::Current, inputs: vec![0], is_log: false }]
}

#[test]
fn entries_out_of_order_have_an_unknown_state_and_are_told() {
    let wanted = Wanted::all(Mode::Versions);
    let (out, faults) = select(disordered(), &Comparator::Bytewise, &wanted, &mut Random(1));

    let mut out: Vec<_> = out.into_iter().map(|shown| (shown.3, shown.4)).collect();
    out.sort_by(|a, b| a.0.cmp(&b.0));
    let expected: Vec<(Vec<u8>, State)> =
        [("a", State::Unknown), ("b", State::Live), ("d", State::Live), ("e", State::Live), ("old", State::Unknown)]
            .map(|(value, state)| (value.into(), state))
            .into();
    assert_eq!(out, expected);
    assert_eq!(
        faults.iter().map(|(_, fault)| (fault.code, fault.offset)).collect::<Vec<_>>(),
        [(OUT_OF_ORDER, 2), (OUT_OF_ORDER, 3)]
    );
    assert_eq!(faults[1].1.lower.as_deref(), Some(&b"b"[..]));
    assert_eq!(faults[1].1.upper.as_deref(), Some(&b"d"[..]));
}

#[test]
fn entries_out_of_order_are_never_visible() {
    for mode in [Mode::Visible, Mode::Undelete, Mode::Rewind] {
        let (out, faults) = select(disordered(), &Comparator::Bytewise, &Wanted::all(mode), &mut Random(1));

        assert_eq!(out.into_iter().map(|shown| shown.3).collect::<Vec<_>>(), [b"b", b"d", b"e"]);
        assert_eq!(faults.len(), 2);
    }
}

#[test]
fn a_key_with_very_many_versions_and_values_is_streamed() {
    let entries = (0..50_000).map(|i: u32| entry(b"k", 9, &i.to_le_bytes())).collect();
    let cursor = Box::new(Entries { input: 0, entries, at: 0, comparator: Comparator::Bytewise });
    let sources = vec![Source { cursor, standing: Standing::Current, inputs: vec![0], is_log: false }];

    let (out, _) = select(sources, &Comparator::Bytewise, &Wanted::all(Mode::Versions), &mut Random(3));

    assert_eq!(out.len(), 50_000);
    assert!(out.iter().all(|shown| shown.4 == State::Unknown));
}
