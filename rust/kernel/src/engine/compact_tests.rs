//! Compactions against the rule, entry by entry.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use super::*;
use crate::engine::Tables;
use crate::engine::cursor::BidirectionalCursor;
use crate::engine::table_cursor::{self, CursorOptions};
use crate::engine::tests::{Random, Written, history, small_blocks, sort, table};

struct Namer<'a>(&'a Path, u64);

impl Customer for Namer<'_> {
    fn next_path(&mut self) -> Result<PathBuf> {
        self.1 += 1;
        Ok(self.0.join(format!("{:06}.ldb", self.1)))
    }

    fn go_on(&mut self) -> Result<()> {
        Ok(())
    }

    fn order_failed(&self) -> bool {
        false
    }
}

fn run(directory: &Path, first: u64, written: &[Written], size: usize) -> Vec<Arc<Table>> {
    let cut = |(number, part): (u64, &[Written])| table(directory, number, &Comparator::Bytewise, part);
    (first..).zip(written.chunks(size)).map(cut).collect()
}

/// Three runs, each newer than the next, over level tables that hold every third key.
fn compaction(directory: &Path, random: &mut Random) -> (Compaction, Vec<Written>) {
    let mut all = history(random, 600, 80);
    let mut parts: Vec<Vec<Written>> = [&all[400..], &all[150..400], &all[..150]].map(<[Written]>::to_vec).into();
    parts.iter_mut().for_each(|part| sort(&Comparator::Bytewise, part));
    let runs = (0..).zip(&parts).map(|(at, part)| run(directory, 100 + at * 100, part, 30)).collect();
    let below: Vec<_> = (0..160)
        .step_by(6)
        .map(|number| Written { key: format!("key{number:04}").into_bytes(), sequence: 0, value: Some(Vec::new()) })
        .collect();
    let deeper = vec![run(directory, 500, &below, 1)];
    let compaction = Compaction {
        comparator: Comparator::Bytewise,
        runs,
        smallest_snapshot: random.below(620) as u64,
        grandparents: deeper[0].clone(),
        deeper,
        grandparent_limit: 100 + random.below(3000) as u64,
        target_file_size: 500 + random.below(4000) as u64,
        options: small_blocks(),
    };
    sort(&Comparator::Bytewise, &mut all);
    (compaction, all)
}

fn expected(compaction: &Compaction, all: &[Written]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let below =
        |key: &[u8]| compaction.grandparents.iter().any(|table| internal_key::user_key(table.smallest()) == key);
    let mut kept = Vec::new();
    for (at, written) in all.iter().enumerate() {
        let snapshot = compaction.smallest_snapshot;
        let hidden = at > 0 && all[at - 1].key == written.key && all[at - 1].sequence <= snapshot;
        let spent = written.value.is_none() && written.sequence <= snapshot && !below(&written.key);
        if !hidden && !spent {
            kept.push((written.internal_key(), written.value.clone().unwrap_or_default()));
        }
    }
    kept
}

fn entries(made: &[(PathBuf, TableMeta)]) -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
    let tables = Arc::new(Tables::new(Comparator::Bytewise, 0, 10, || false));
    let read = |(path, meta): &(PathBuf, TableMeta)| {
        let table = Table::new(1, path, meta.file_size, meta.smallest.clone(), meta.largest.clone());
        let mut cursor =
            table_cursor::TableCursor::new(tables.clone(), Arc::new(table), CursorOptions::new(true, false));
        let mut entries = Vec::new();
        cursor.seek_to_first().unwrap();
        while cursor.valid() {
            entries.push((cursor.key().to_vec(), cursor.value().to_vec()));
            cursor.next().unwrap();
        }
        entries
    };
    made.iter().map(read).collect()
}

#[test]
fn a_compaction_keeps_what_somebody_can_see_and_cuts_between_user_keys() {
    for seed in 1..40 {
        let (directory, random) = (tempfile::tempdir().unwrap(), &mut Random(seed * 0x1234_5677));
        let (compaction, all) = compaction(directory.path(), random);

        let made = compact(&compaction, &mut Namer(directory.path(), 900)).unwrap();

        let tables = entries(&made);
        assert_eq!(tables.concat(), expected(&compaction, &all));
        for pair in tables.windows(2) {
            let (last, first) = (&pair[0].last().unwrap().0, &pair[1][0].0);
            assert!(internal_key::user_key(last) < internal_key::user_key(first));
        }
        assert!(tables.len() > 1);
    }
}

#[test]
fn a_flipped_bit_in_an_input_never_gets_into_the_output() {
    for seed in 1..40 {
        let (directory, random) = (tempfile::tempdir().unwrap(), &mut Random(seed * 0x765_4321));
        let (compaction, all) = compaction(directory.path(), random);
        let tables = compaction.runs.concat();
        let damaged = &tables[random.below(tables.len())];
        let mut bytes = std::fs::read(damaged.path()).unwrap();
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
        std::fs::write(damaged.path(), &bytes).unwrap();

        match compact(&compaction, &mut Namer(directory.path(), 900)) {
            Ok(made) => assert_eq!(entries(&made).concat(), expected(&compaction, &all)),
            Err(EngineError::Corruption(path, _)) => assert_eq!(&path, damaged.path()),
            Err(error) => assert_eq!(error.to_string(), ""),
        }
    }
}

#[test]
fn two_values_for_one_internal_key_are_a_conflict_and_the_same_value_twice_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let write = |value: &[u8]| [Written { key: b"k".to_vec(), sequence: 5, value: Some(value.to_vec()) }];
    let mut compaction = compaction(directory.path(), &mut Random(3)).0;
    let make = |number, value: &[u8]| run(directory.path(), number, &write(value), 9);

    compaction.runs = vec![make(700, b"a"), make(701, b"a")];
    assert_eq!(compact(&compaction, &mut Namer(directory.path(), 800)).unwrap()[0].1.entry_count, 1);
    compaction.runs = vec![make(702, b"a"), make(703, b"b")];
    let error = compact(&compaction, &mut Namer(directory.path(), 900)).unwrap_err();
    assert!(matches!(&error, EngineError::Corruption(_, fault) if fault.code == CONFLICT), "{error}");
}

#[test]
fn a_missing_input_is_an_error_of_the_system_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let (compaction, _) = compaction(directory.path(), &mut Random(3));
    let missing = compaction.runs[1][2].path();
    std::fs::remove_file(missing).unwrap();

    let error = compact(&compaction, &mut Namer(directory.path(), 900)).unwrap_err();

    assert!(matches!(&error, EngineError::Io(_)) && error.to_string().contains(missing.to_str().unwrap()), "{error}");
}
