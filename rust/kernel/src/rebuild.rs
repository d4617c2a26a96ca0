//! Versions into new tables.
//!
//! All versions of a user key go to one table: LevelDB's own levels let a key straddle two tables, and looks for its older
//! versions in the wrong one after a table is lost. A table is cut at the first new key past the size aimed at.
//!
//! A table holds one value for an internal key. Of several (which only damage or two writers make) the first is written; each
//! other one is told as `merge.conflict`, at the offset of its block or batch. Versions that come out of order have been told
//! by the [selection](crate::merge::selection) and are left out.

use crate::comparator::Comparator;
use crate::cursor::Events;
use crate::fault::{Fault, Result};
use crate::internal_key;
use crate::merge::{Selection, StateCounts, Version, VersionBatch};
use crate::table::builder::{BuildOptions, TableMeta};
use crate::table::file::TableFile;
use std::cmp::Ordering;
use std::path::PathBuf;

/// Another value for an internal key was left out of a table.
pub const CONFLICT: &str = "merge.conflict";
/// Every fault code of this module.
pub const CODES: &[&str] = &[CONFLICT];

/// Versions read at a time.
const BATCH_COUNT: usize = 4096;
/// Entries read at a time, wanted or not.
const BATCH_EFFORT: usize = 1 << 16;

/// How tables are written.
#[derive(Debug, Clone)]
pub struct Style {
    /// The order of the user keys.
    pub comparator: Comparator,
    /// How each table is built.
    pub options: BuildOptions,
    /// A table is cut when it has this many bytes.
    pub target_file_size: u64,
}

/// Who wants the tables. What it gives as an error ends the work.
pub trait Customer {
    /// The path of the next table; nothing may be there.
    ///
    /// # Errors
    /// Any, to stop.
    fn next_path(&mut self) -> Result<PathBuf>;

    /// That many entries have been written in all. Called often.
    ///
    /// # Errors
    /// Any, to stop.
    fn progress(&mut self, entry_count: u64) -> Result<()>;
}

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    /// The tables in order, with their paths.
    pub tables: Vec<(PathBuf, TableMeta)>,
    /// The entries in them by what has become of each.
    pub states: StateCounts,
}

/// Write all versions that `selection` still gives into tables, each synced, in order.
///
/// # Errors
/// What the operating system says, with the path; what `customer` gives. The tables written so far, the last perhaps
/// unfinished, are left where they are: the caller named them, and removes them.
pub fn write_tables(
    selection: &mut Selection,
    style: &Style,
    customer: &mut dyn Customer,
    events: &mut dyn Events,
) -> Result<Written> {
    let mut writer = Writer { style, written: Written::default(), table: None, entry_count: 0, key: Vec::new() };
    let mut batch = VersionBatch::default();
    while !selection.ended() {
        selection.fill(&mut batch, BATCH_COUNT, BATCH_EFFORT, events)?;
        for version in batch.iter() {
            writer.write(&batch, version, customer, events)?;
        }
        customer.progress(writer.entry_count)?;
    }
    writer.finish_table()?;
    Ok(writer.written)
}

struct Writer<'a> {
    style: &'a Style,
    written: Written,
    table: Option<TableFile>,
    entry_count: u64,
    /// The internal key written last; empty before the first.
    key: Vec<u8>,
}

impl Writer<'_> {
    fn write(
        &mut self,
        batch: &VersionBatch,
        version: &Version,
        customer: &mut dyn Customer,
        events: &mut dyn Events,
    ) -> Result<()> {
        let user_key = batch.key(version);
        let trailer = version.sequence << 8 | u64::from(version.value_type);
        match self.follows(user_key, trailer) {
            Follows::NewKey => {
                if self.table.as_ref().is_some_and(|table| table.file_size() >= self.style.target_file_size) {
                    self.finish_table()?;
                }
            }
            Follows::Older => {}
            Follows::Same => {
                tell_conflict(user_key, version, events);
                return Ok(());
            }
            Follows::Late => return Ok(()),
        }
        self.key.clear();
        internal_key::append(&mut self.key, user_key, version.sequence, version.value_type);
        let table = match &mut self.table {
            Some(table) => table,
            none => {
                let style = self.style;
                none.insert(TableFile::create(&customer.next_path()?, style.comparator.clone(), style.options.clone())?)
            }
        };
        table.add(&self.key, batch.value(version))?;
        self.entry_count += 1;
        self.written.states.count(version.state);
        Ok(())
    }

    fn follows(&self, user_key: &[u8], trailer: u64) -> Follows {
        let Some((last_key, last_trailer)) = internal_key::split(&self.key) else { return Follows::NewKey };
        match (self.style.comparator.compare(last_key, user_key), last_trailer.cmp(&trailer)) {
            (Ordering::Less, _) => Follows::NewKey,
            (Ordering::Equal, Ordering::Greater) => Follows::Older,
            (Ordering::Equal, Ordering::Equal) => Follows::Same,
            (Ordering::Equal, Ordering::Less) | (Ordering::Greater, _) => Follows::Late,
        }
    }

    fn finish_table(&mut self) -> Result<()> {
        if let Some(table) = self.table.take() {
            let path = table.path().to_path_buf();
            self.written.tables.push((path, table.finish(true)?));
        }
        Ok(())
    }
}

/// What a version is to the one written before.
enum Follows {
    NewKey,
    Older,
    Same,
    Late,
}

fn tell_conflict(user_key: &[u8], version: &Version, events: &mut dyn Events) {
    let mut fault = Fault::new(CONFLICT, version.origin.offset, 0);
    fault.lower = Some(user_key.to_vec());
    fault.upper = Some(user_key.to_vec());
    events.fault(version.origin.input, fault);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::cursor::EntryCursor;
    use crate::internal_key::TYPE_VALUE;
    use crate::merge::model::Entries;
    use crate::merge::{Mode, Source, Standing, Wanted};
    use crate::read_at::OsFile;
    use crate::table::TableCursor;
    use std::sync::Arc;

    struct Folder {
        directory: tempfile::TempDir,
        named: usize,
        told: Vec<u64>,
        stop_at: u64,
    }

    impl Folder {
        fn new() -> Self {
            Self { directory: tempfile::tempdir().unwrap(), named: 0, told: Vec::new(), stop_at: u64::MAX }
        }
    }

    impl Customer for Folder {
        fn next_path(&mut self) -> Result<PathBuf> {
            self.named += 1;
            Ok(self.directory.path().join(format!("{:06}.ldb", self.named)))
        }

        fn progress(&mut self, entry_count: u64) -> Result<()> {
            self.told.push(entry_count);
            if entry_count >= self.stop_at { Err(crate::Error::Stopped) } else { Ok(()) }
        }
    }

    fn entry(key: usize, sequence: u64, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut internal = Vec::new();
        internal_key::append(&mut internal, format!("key{key:05}").as_bytes(), sequence, TYPE_VALUE);
        (internal, value.to_vec())
    }

    fn selection(entries: Vec<(Vec<u8>, Vec<u8>)>) -> Selection {
        let cursor = Box::new(Entries { input: 0, entries, at: 0, comparator: Comparator::Bytewise });
        let source = Source { cursor, standing: Standing::Current, inputs: vec![0], is_log: false };
        Selection::new(Comparator::Bytewise, vec![source], Wanted::all(Mode::Versions))
    }

    fn style(target_file_size: u64) -> Style {
        Style { comparator: Comparator::Bytewise, options: BuildOptions::default(), target_file_size }
    }

    fn read(path: &std::path::Path) -> Vec<(Vec<u8>, Vec<u8>)> {
        let source = Arc::new(OsFile::open(path).unwrap());
        let mut cursor = TableCursor::over(0, source, Comparator::Bytewise);
        let (mut faults, mut entries) = (Vec::new(), Vec::new());
        cursor.seek_to_first(&mut faults).unwrap();
        while cursor.valid() {
            entries.push((cursor.key().to_vec(), cursor.value().to_vec()));
            cursor.next(&mut faults).unwrap();
        }
        assert!(faults.is_empty());
        entries
    }

    #[test]
    fn tables_hold_all_entries_and_are_cut_between_keys() {
        let value: Vec<u8> = (0..400).map(|i| u8::try_from(i * i % 251).unwrap()).collect();
        let entries: Vec<_> = (0..300).flat_map(|key| (1..40).rev().map(move |sequence| (key, sequence))).collect();
        let entries: Vec<_> = entries.into_iter().map(|(key, sequence)| entry(key, sequence, &value)).collect();
        let mut folder = Folder::new();

        let written =
            write_tables(&mut selection(entries.clone()), &style(100_000), &mut folder, &mut Vec::new()).unwrap();
        let Written { tables, states } = written;

        assert!(tables.len() > 2);
        assert_eq!(states, StateCounts { live: 300, shadowed: 300 * 38, ..StateCounts::default() });
        let read: Vec<_> = tables.iter().map(|(path, _)| read(path)).collect();
        assert!(read.concat() == entries);
        for pair in read.windows(2) {
            assert_ne!(internal_key::user_key(&pair[0].last().unwrap().0), internal_key::user_key(&pair[1][0].0));
        }
        for ((path, meta), entries) in tables.iter().zip(&read) {
            assert_eq!(meta.file_size, path.metadata().unwrap().len());
            assert_eq!((&meta.smallest, &meta.largest), (&entries[0].0, &entries.last().unwrap().0));
        }
        assert_eq!(folder.told.last(), Some(&(300 * 39)));
    }

    #[test]
    fn nothing_makes_no_table() {
        let mut folder = Folder::new();

        assert!(
            write_tables(&mut selection(Vec::new()), &style(1), &mut folder, &mut Vec::new())
                .unwrap()
                .tables
                .is_empty()
        );
        assert_eq!(folder.named, 0);
    }

    #[test]
    fn the_second_value_of_an_internal_key_is_left_out_and_told() {
        let entries = vec![entry(1, 5, b"a"), entry(1, 5, b"b"), entry(0, 7, b"late"), entry(2, 6, b"c")];
        let (mut folder, mut faults) = (Folder::new(), Vec::new());

        let tables = write_tables(&mut selection(entries.clone()), &style(1), &mut folder, &mut faults).unwrap().tables;

        let written: Vec<_> = tables.iter().flat_map(|(path, _)| read(path)).collect();
        assert_eq!(written, [entries[0].clone(), entries[3].clone()]);
        let mut codes: Vec<_> = faults.iter().map(|(_, fault)| fault.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [CONFLICT, crate::merge::OUT_OF_ORDER]);
    }

    #[test]
    fn a_customer_that_stops_ends_the_work() {
        let entries = (0..10_000).map(|key| entry(key, 1, b"v")).collect();
        let mut folder = Folder::new();
        folder.stop_at = 5_000;

        let result = write_tables(&mut selection(entries), &style(1 << 20), &mut folder, &mut Vec::new());

        assert!(matches!(result, Err(crate::Error::Stopped)));
        assert_eq!(folder.told, [4096, 8192]);
    }
}
