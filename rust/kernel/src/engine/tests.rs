//! Reads against a sorted list of everything that was written.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]
use super::memtable::Draft;
use super::*;
use crate::comparator::Comparator;
use crate::fault::Fault;
use crate::internal_key::{self, MAX_SEQUENCE, TYPE_VALUE};
use crate::table::{BuildOptions, TableFile};
use std::path::Path;
use std::sync::Arc;

/// Pseudo-random numbers, the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// One version of a key.
#[derive(Debug, Clone)]
pub struct Written {
    pub key: Vec<u8>,
    pub sequence: u64,
    pub value: Option<Vec<u8>>,
}

impl Written {
    pub fn internal_key(&self) -> Vec<u8> {
        let mut out = Vec::new();
        internal_key::append(&mut out, &self.key, self.sequence, u8::from(self.value.is_some()));
        out
    }

    fn value(&self) -> &[u8] {
        self.value.as_deref().unwrap_or_default()
    }
}

pub fn sort(comparator: &Comparator, written: &mut [Written]) {
    written.sort_by(|a, b| internal_key::compare(comparator, &a.internal_key(), &b.internal_key()));
}

/// `count` versions of few keys, oldest first.
pub fn history(random: &mut Random, count: usize, keys: usize) -> Vec<Written> {
    let write = |sequence| {
        let key = format!("key{:04}", random.below(keys) * 2).into_bytes();
        let value = (random.below(4) > 0).then(|| format!("{sequence}-").repeat(random.below(9)).into_bytes());
        Written { key, sequence: sequence as u64 + 1, value }
    };
    (0..count).map(write).collect()
}

pub fn small_blocks() -> BuildOptions {
    BuildOptions { block_size: 90, restart_interval: 3, bloom_bits_per_key: 10, ..BuildOptions::default() }
}

pub fn table(directory: &Path, number: u64, comparator: &Comparator, written: &[Written]) -> Arc<Table> {
    let path = directory.join(format!("{number:06}.ldb"));
    let mut file = TableFile::create(&path, comparator.clone(), small_blocks()).unwrap();
    for written in written {
        file.add(&written.internal_key(), written.value()).unwrap();
    }
    let meta = file.finish(false).unwrap();
    Arc::new(Table::new(number, &path, meta.file_size, meta.smallest, meta.largest))
}

fn memtable(comparator: &Comparator, written: &[Written]) -> Arc<Memtable> {
    let memtable = Memtable::new(comparator.clone());
    for written in written {
        let mut body = vec![u8::from(written.value.is_some()), written.key.len() as u8];
        body.extend_from_slice(&written.key);
        if let Some(value) = &written.value {
            body.push(value.len() as u8);
            body.extend_from_slice(value);
        }
        let mut draft = Draft::default();
        memtable.place(&mut draft, body.into(), written.sequence);
        memtable.insert(draft);
    }
    Arc::new(memtable)
}

/// A database: the newest in memory, then level 0, then two levels cut anywhere, also between versions of one key.
pub struct Fixture {
    _directory: tempfile::TempDir,
    pub tables: Arc<Tables>,
    pub view: Arc<View>,
    /// In internal key order.
    pub all: Vec<Written>,
}

pub fn fixture(seed: u64, comparator: Comparator, cache_size: u64, most_open: usize) -> Fixture {
    let random = &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let directory = tempfile::tempdir().unwrap();
    let mut all = history(random, 900, 60);
    let mut number = 100;
    let mut levels = vec![Vec::new()];
    for part in [&all[400..600], &all[600..640], &all[640..700]] {
        let mut part = part.to_vec();
        sort(&comparator, &mut part);
        number -= 1;
        levels[0].push(table(directory.path(), number, &comparator, &part));
    }
    for part in [&all[200..400], &all[..200]] {
        let mut part = part.to_vec();
        sort(&comparator, &mut part);
        let (mut run, mut rest) = (Vec::new(), &part[..]);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(1 + random.below(25)));
            number += 17;
            run.push(table(directory.path(), number, &comparator, now));
            rest = later;
        }
        levels.push(run);
    }
    let tables = Arc::new(Tables::new(comparator.clone(), cache_size, most_open, || false));
    let view = View {
        memtable: memtable(&comparator, &all[850..]),
        immutables: vec![memtable(&comparator, &all[800..850]), memtable(&comparator, &all[700..800])],
        levels: Arc::new(Levels::new(&comparator, levels)),
    };
    sort(&comparator, &mut all);
    Fixture { _directory: directory, tables, view: Arc::new(view), all }
}

impl Fixture {
    pub fn visible(&self, sequence: u64) -> Entries {
        let (mut visible, mut last) = (Vec::new(), None);
        for written in self.all.iter().filter(|written| written.sequence <= sequence) {
            if last.replace(&written.key) != Some(&written.key) {
                visible.extend(written.value.clone().map(|value| (written.key.clone(), value)));
            }
        }
        visible
    }

    fn get(&self, key: &[u8], sequence: u64, waiting: Waiting) -> Result<Option<Vec<u8>>> {
        let options = GetOptions { verify: true, fill_cache: true, waiting };
        self.view.get(&self.tables, key, sequence, options, <[u8]>::to_vec).map(|got| got.value)
    }

    fn walk(&self, sequence: u64, range: Range) -> Walk {
        let options = CursorOptions::new(true, true);
        Walk::new(self.tables.clone(), self.view.clone(), sequence, range, options)
    }
}

fn each_fixture(mut test: impl FnMut(&Fixture, &mut Random)) {
    for (seed, comparator) in [(1, Comparator::Bytewise), (2, Comparator::ReverseBytewise), (3, Comparator::Bytewise)] {
        let custom = Comparator::Custom(Arc::new(<[u8]>::cmp));
        let comparator = if seed == 3 { custom } else { comparator };
        let (cache_size, most_open) = if seed == 1 { (1 << 20, 1000) } else { (0, 3) };
        test(&fixture(seed, comparator, cache_size, most_open), &mut Random(seed + 77));
    }
}

/// Keys and values.
type Entries = Vec<(Vec<u8>, Vec<u8>)>;

fn rest(walk: &mut Walk, direction: Direction) -> (Entries, Option<EngineError>) {
    let mut rows = Vec::new();
    loop {
        match walk.step(direction) {
            Ok(Some((key, value))) => rows.push((key.to_vec(), value.to_vec())),
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error)),
        }
    }
}

#[test]
fn a_get_finds_what_was_written_last_at_or_before_its_sequence_number() {
    each_fixture(|fixture, random| {
        for sequence in (0..12).map(|_| random.below(950) as u64).chain([MAX_SEQUENCE]) {
            let visible = fixture.visible(sequence);
            for number in 0..121 {
                let key = format!("key{number:04}").into_bytes();
                let expected = visible.iter().find(|entry| entry.0 == key).map(|entry| entry.1.clone());
                assert_eq!(fixture.get(&key, sequence, Waiting::Allowed).unwrap(), expected);
            }
        }
    });
}

#[test]
fn the_merged_cursor_wanders_as_over_a_sorted_list() {
    each_fixture(|fixture, random| {
        let mut cursor = fixture.view.cursor(&fixture.tables, &CursorOptions::new(true, true));
        let keys: Vec<_> = fixture.all.iter().map(Written::internal_key).collect();
        let mut at = None;
        for _ in 0..2000 {
            let number = random.below(121);
            let mut target = Vec::new();
            let sequence = random.below(950) as u64;
            internal_key::append(&mut target, format!("key{number:04}").as_bytes(), sequence, TYPE_VALUE);
            let is_less = |key: &Vec<u8>| internal_key::compare(fixture.tables.comparator(), key, &target).is_lt();
            let first = keys.iter().filter(|key| is_less(key)).count();
            match random.below(20) {
                0 => (at = Some(0), cursor.seek_to_first().unwrap()).1,
                1 => (at = keys.len().checked_sub(1), cursor.seek_to_last().unwrap()).1,
                2 => (at = Some(first), cursor.seek(&target).unwrap()).1,
                3 => (at = first.checked_sub(1), cursor.seek_before(&target).unwrap()).1,
                4..=11 => (at = at.map(|at: usize| at + 1), cursor.next().unwrap()).1,
                _ => (at = at.and_then(|at| at.checked_sub(1)), cursor.prev().unwrap()).1,
            }
            at = at.filter(|at| *at < keys.len());
            assert_eq!(cursor.valid().then(|| cursor.key().to_vec()), at.map(|at| keys[at].clone()));
            assert_eq!(cursor.value(), at.map(|at| fixture.all[at].value()).unwrap_or_default());
        }
    });
}

#[test]
fn a_walk_gives_the_visible_entries_both_ways() {
    each_fixture(|fixture, random| {
        for sequence in (0..10).map(|_| random.below(950) as u64).chain([0, MAX_SEQUENCE]) {
            let mut expected = fixture.visible(sequence);
            let mut walk = fixture.walk(sequence, Range::ALL);

            assert_eq!(rest(&mut walk, Direction::Forward).0, expected);
            expected.reverse();
            assert_eq!(rest(&mut walk, Direction::Backward).0, expected);
            walk.seek_to_stop();
            assert_eq!(rest(&mut walk, Direction::Backward).0, expected);
        }
    });
}

#[test]
fn a_walk_that_wanders_in_a_range_stands_where_the_model_does() {
    each_fixture(|fixture, random| {
        for _ in 0..20 {
            let comparator = fixture.tables.comparator();
            let sequence = random.below(950) as u64;
            let mut key = |limit| format!("key{:04}", random.below(limit)).into_bytes();
            let (low, high) = (key(60), key(150));
            let lower = [Gap::Start, Gap::Before(low.clone()), Gap::After(low)][random.below(3)].clone();
            let upper = [Gap::End, Gap::Before(high.clone()), Gap::After(high)][random.below(3)].clone();
            let is_in = |key: &[u8]| {
                let above = match &lower {
                    Gap::Before(bound) => comparator.compare(key, bound).is_ge(),
                    Gap::After(bound) => comparator.compare(key, bound).is_gt(),
                    _ => true,
                };
                above
                    && match &upper {
                        Gap::Before(bound) => comparator.compare(key, bound).is_lt(),
                        Gap::After(bound) => comparator.compare(key, bound).is_le(),
                        _ => true,
                    }
            };
            let model: Vec<_> = fixture.visible(sequence).into_iter().filter(|entry| is_in(&entry.0)).collect();
            let mut walk = fixture.walk(sequence, Range { lower: lower.clone(), upper: upper.clone() });
            let mut gap = 0;
            let mut forward = true;
            for _ in 0..300 {
                match random.below(40) {
                    0 => (gap = 0, walk.seek_to_start()).1,
                    1 => (gap = model.len(), walk.seek_to_stop()).1,
                    2 => {
                        let target = format!("key{:04}", random.below(150)).into_bytes();
                        gap = model.iter().filter(|entry| comparator.compare(&entry.0, &target).is_lt()).count();
                        walk.seek(&target).unwrap();
                    }
                    3..=6 => forward = !forward,
                    _ => {}
                }
                let direction = if forward { Direction::Forward } else { Direction::Backward };
                let expected = if forward { model.get(gap) } else { gap.checked_sub(1).map(|gap| &model[gap]) };
                let expected = expected.map(|entry| (&entry.0[..], &entry.1[..]));
                assert_eq!(walk.step(direction).unwrap(), expected);
                if expected.is_some() {
                    assert_eq!(Some(walk.passed(direction)), expected);
                    gap = if forward { gap + 1 } else { gap - 1 };
                }
            }
        }
    });
}

#[test]
fn whoever_must_not_wait_is_told_so_and_may_ask_again() {
    let fixture = fixture(5, Comparator::Bytewise, 0, 3);
    let visible = fixture.visible(MAX_SEQUENCE);
    let mut walk = fixture.walk(MAX_SEQUENCE, Range::ALL);
    let mut rows = Vec::new();

    loop {
        walk.set_waiting(Waiting::Never);
        let mut outcome = walk.step(Direction::Forward).map(|row| row.map(|row| row.0.to_vec()));
        if matches!(outcome, Err(EngineError::WouldBlock)) {
            walk.set_waiting(Waiting::Allowed);
            outcome = walk.step(Direction::Forward).map(|row| row.map(|row| row.0.to_vec()));
        }
        let Some(key) = outcome.unwrap() else { break };
        rows.push(key);
    }
    assert_eq!(rows, visible.iter().map(|entry| entry.0.clone()).collect::<Vec<_>>());
    for (key, value) in &visible {
        match fixture.get(key, MAX_SEQUENCE, Waiting::Never) {
            Ok(got) => assert_eq!(got.as_ref(), Some(value)),
            Err(error) => assert!(matches!(error, EngineError::WouldBlock), "{error}"),
        }
    }
}

#[test]
fn whoever_must_not_wait_need_not_look_at_entries_without_end() {
    let mut all: Vec<_> =
        (1..20_000).map(|n| Written { key: vec![b'a'; n % 7], sequence: n as u64, value: None }).collect();
    all.push(Written { key: b"b".to_vec(), sequence: 20_000, value: Some(b"value".to_vec()) });
    let view = View { memtable: memtable(&Comparator::Bytewise, &all), immutables: Vec::new(), levels: Arc::default() };
    let tables = Arc::new(Tables::new(Comparator::Bytewise, 0, 1, || false));
    let mut walk = Walk::new(tables, Arc::new(view), MAX_SEQUENCE, Range::ALL, CursorOptions::new(true, true));

    walk.set_waiting(Waiting::Never);
    assert!(matches!(walk.step(Direction::Forward), Err(EngineError::WouldBlock)));
    walk.set_waiting(Waiting::Allowed);
    assert_eq!(walk.step(Direction::Forward).unwrap(), Some((&b"b"[..], &b"value"[..])));
}

#[test]
fn damage_is_an_error_where_its_entries_would_have_come_and_never_wrong_data() {
    for seed in 0..12 {
        let fixture = fixture(seed, Comparator::Bytewise, 1 << 20, 1000);
        let random = &mut Random(seed + 1);
        let tables: Vec<_> = fixture.view.levels.tables().cloned().collect();
        let damaged = &tables[random.below(tables.len())];
        let mut bytes = std::fs::read(damaged.path()).unwrap();
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
        std::fs::write(damaged.path(), &bytes).unwrap();
        let visible = fixture.visible(MAX_SEQUENCE);

        let mut walk = fixture.walk(MAX_SEQUENCE, Range::ALL);
        let (rows, error) = rest(&mut walk, Direction::Forward);
        assert_eq!(rows, visible[..rows.len()]);
        assert_eq!(error.is_none(), rows.len() == visible.len());
        let (back, _) = rest(&mut walk, Direction::Backward);
        assert!(back.iter().rev().eq(&visible[..rows.len()][rows.len() - back.len()..]));
        walk.seek_to_stop();
        let (mut rows, error) = rest(&mut walk, Direction::Backward);
        rows.reverse();
        assert_eq!(rows, visible[visible.len() - rows.len()..]);
        if let Some(EngineError::Corruption(path, _)) = &error {
            assert_eq!(path, damaged.path());
        }
        for (key, value) in &visible {
            if let Ok(got) = fixture.get(key, MAX_SEQUENCE, Waiting::Allowed) {
                assert_eq!(got.as_ref(), Some(value));
            }
        }
    }
}

#[test]
fn a_table_in_anothers_place_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let of = |keys: &[&str], sequence| -> Vec<_> {
        let written = |key: &&str| Written { key: key.as_bytes().to_vec(), sequence, value: Some(b"value".to_vec()) };
        keys.iter().map(written).collect()
    };
    let tables = Tables::new(Comparator::Bytewise, 0, 10, || false);
    let meant = table(directory.path(), 1, &Comparator::Bytewise, &of(&["a", "b", "c"], 9));
    for (number, other) in
        [of(&["a", "b", "c"], 8), of(&["a", "b", "d"], 9), of(&["0", "b", "c"], 9)].iter().enumerate()
    {
        let put = table(directory.path(), number as u64 + 2, &Comparator::Bytewise, other);
        let table = Table::new(1, put.path(), put.file_size(), meant.smallest().to_vec(), meant.largest().to_vec());

        let error = tables.open(&Arc::new(table), Waiting::Allowed).unwrap_err();

        let is_told = |fault: &Fault| (fault.code, fault.lower.as_deref()) == ("table.replaced", Some(&b"a"[..]));
        assert!(matches!(&error, EngineError::Corruption(_, fault) if is_told(fault)), "{error}");
    }
    tables.open(&meant, Waiting::Allowed).unwrap();
}

#[test]
fn few_tables_are_open_at_a_time_and_a_forgotten_one_is_closed() {
    let fixture = fixture(9, Comparator::Bytewise, 1 << 20, 4);
    for (key, _) in fixture.visible(150) {
        fixture.get(&key, 150, Waiting::Allowed).unwrap();
    }
    let tables: Vec<_> = fixture.view.levels.tables().cloned().collect();
    let is_open = |table: &Arc<Table>| fixture.tables.open(table, Waiting::Never).is_ok();

    assert!(tables.iter().filter(|table| is_open(table)).count() <= 4);
    let open = tables.iter().find(|table| is_open(table)).unwrap();
    fixture.tables.forget(open.number());
    assert!(!is_open(open));
    tables.iter().for_each(|table| fixture.tables.forget(table.number()));
    assert_eq!(fixture.tables.cache().usage(), 0);
}

#[test]
fn tables_stay_pinned_as_long_as_a_reader_has_them() {
    let fixture = fixture(10, Comparator::Bytewise, 0, 1000);
    let empty = || View { memtable: fixture.view.memtable.clone(), immutables: Vec::new(), levels: Arc::default() };
    let all: std::collections::BTreeSet<u64> = fixture.view.levels.tables().map(|table| table.number()).collect();
    let views = Views::new(empty());
    views.change(|_| View { levels: fixture.view.levels.clone(), ..empty() });
    drop(fixture);

    let reader = views.present();
    assert_eq!(views.pinned_tables(), all);
    views.change(|view| View { levels: Arc::default(), memtable: view.memtable.clone(), immutables: Vec::new() });
    assert_eq!(views.pinned_tables(), all);
    drop(reader);
    assert!(views.pinned_tables().is_empty());
}
