//! Any entries of many sources can be merged; where each source is in order, what is visible is the newest of each key.

use crate::shaped;
use relevel_kernel::merge::{LookBack, Mode, Selection, Source, Standing, VersionBatch, Wanted};
use relevel_kernel::{Comparator, EntryCursor, Events, Fault, Origin, Result, internal_key};
use std::collections::BTreeMap;

/// A key, a sequence number, whether it is a put, and a value.
type Written = (u8, u8, bool, u8);
type Input = (u8, Option<u8>, Option<u8>, Option<u8>, u8, Vec<(u8, Vec<Written>)>);
type Entry = (Vec<u8>, Vec<u8>);

/// What is wanted, from when, from which key to which, how many at a time; the sources, and what each counts for.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((style, sequence, start, stop, count, inputs)) = shaped::<Input>(bytes) else { return false };
    let mut wanted = Wanted::all(match style % 5 {
        0 => Mode::Versions,
        1 => Mode::Deleted,
        2 => Mode::Undelete,
        3 => Mode::Rewind,
        _ => Mode::Visible,
    });
    wanted.sequence = sequence.map(u64::from).filter(|_| wanted.mode != Mode::Versions);
    (wanted.start, wanted.stop) = (start.map(|key| vec![key]), stop.map(|key| vec![key]));
    if style & 128 > 0 {
        wanted.look_back = LookBack { prefixes: vec![vec![count]], ..LookBack::default() };
    }
    let is_honest = style & 64 > 0;
    let entries: Vec<Vec<Entry>> = inputs.iter().map(|(_, written)| entries(written, is_honest)).collect();
    let standings: Vec<Standing> = inputs.iter().map(|(standing, _)| standing_of(*standing, is_honest)).collect();
    let found = select(&entries, &standings, &wanted, usize::from(count % 7) + 1);
    if is_honest && wanted.mode == Mode::Visible && wanted.sequence.is_none() {
        assert_eq!(found, visible(&entries, &wanted));
        return !found.is_empty();
    }
    false
}

/// In order and without contradictions, or as they were written.
fn entries(written: &[Written], is_honest: bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (key, sequence, is_put, value) in written {
        let mut internal = Vec::new();
        internal_key::append(&mut internal, &[*key], u64::from(*sequence), u8::from(*is_put));
        let value = if is_honest { *sequence } else { *value };
        entries.push((internal, if *is_put { vec![value] } else { Vec::new() }));
    }
    if is_honest {
        entries.sort_by(|(a, _), (b, _)| internal_key::compare(&Comparator::Bytewise, a, b));
        entries.dedup();
    }
    entries
}

fn standing_of(byte: u8, is_honest: bool) -> Standing {
    match byte % 3 {
        _ if is_honest => Standing::Current,
        0 => Standing::Current,
        1 => Standing::Superseded,
        _ => Standing::Unproven,
    }
}

/// What comes out, `count` at a time.
fn select(entries: &[Vec<Entry>], standings: &[Standing], wanted: &Wanted, count: usize) -> Vec<Entry> {
    let sources = entries.iter().zip(standings).zip(0..).map(|((entries, standing), input)| Source {
        cursor: Box::new(Entries { input, entries: entries.clone(), at: 0 }),
        standing: *standing,
        inputs: vec![input],
        is_log: input % 2 == 0,
    });
    let mut selection = Selection::new(Comparator::Bytewise, sources.collect(), wanted.clone());
    let (mut batch, mut found) = (VersionBatch::default(), Vec::new());
    let mut faults: Vec<(u32, Fault)> = Vec::new();
    let most = entries.iter().map(Vec::len).sum::<usize>();
    while !selection.ended() {
        selection.fill(&mut batch, count, 2 * count, &mut faults).expect("memory can be read");
        assert!(batch.len() <= count);
        found.extend(batch.iter().map(|version| (batch.key(version).to_vec(), batch.value(version).to_vec())));
        assert!(found.len() <= most, "more comes out than went in");
    }
    found
}

/// The newest put of each key in range that no deletion follows.
fn visible(inputs: &[Vec<Entry>], wanted: &Wanted) -> Vec<Entry> {
    let mut newest: BTreeMap<&[u8], (u64, &[u8])> = BTreeMap::new();
    for (key, value) in inputs.iter().flatten() {
        let (user_key, trailer) = internal_key::split(key).expect("an internal key");
        let last = newest.entry(user_key).or_insert((trailer, value));
        if trailer > last.0 {
            *last = (trailer, value);
        }
    }
    let in_range = |key: &[u8]| {
        wanted.start.as_ref().is_none_or(|start| key >= start) && wanted.stop.as_ref().is_none_or(|stop| key < stop)
    };
    let puts = newest.into_iter().filter(|(key, (trailer, _))| trailer & 0xff == 1 && in_range(key));
    puts.map(|(key, (_, value))| (key.to_vec(), value.to_vec())).collect()
}

/// Entries in memory, in whatever order they are given.
struct Entries {
    input: u32,
    entries: Vec<Entry>,
    at: usize,
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
        let reached = |entry: &Entry| internal_key::compare(&Comparator::Bytewise, &entry.0, target).is_ge();
        self.at = self.entries.iter().position(reached).unwrap_or(self.entries.len());
        Ok(())
    }

    fn next(&mut self, _events: &mut dyn Events) -> Result<()> {
        self.at += 1;
        Ok(())
    }
}
