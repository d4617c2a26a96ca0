//! Tables whose key ranges are disjoint and ascend, as one cursor: read one after another, one open at a time.
//!
//! The ranges are what the caller says (a manifest, usually). Where the entries do not keep to them, a table may begin
//! before the one ahead of it has ended. That is the fault `level.tables-overlap`, told once for each such table, with the
//! user keys from the table's first to the last one before it as keys at risk. Reading goes on: every entry of every table
//! still comes, but those of the overlap come late, after larger keys. A merge passes late entries on as what they are (see
//! [`merge`](crate::merge)); who wants such tables in order gives each as an input of its own.

use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events, Origin};
use crate::fault::{Fault, Result};
use crate::internal_key;

/// Tables of one level are not apart.
pub const TABLES_OVERLAP: &str = "level.tables-overlap";
/// Every fault code of this module.
pub const CODES: &[&str] = &[TABLES_OVERLAP];

/// One table of a level.
pub struct LevelTable {
    /// The number that the table's events carry.
    pub input: u32,
    /// No entry of the table is after this internal key.
    pub largest: Vec<u8>,
    /// Makes the cursor over the table, when it is needed.
    pub cursor: Box<dyn Fn() -> Box<dyn EntryCursor> + Send>,
}

/// The entries of a level.
pub struct LevelCursor {
    comparator: Comparator,
    tables: Vec<LevelTable>,
    /// The table that `current` reads.
    at: usize,
    current: Option<Box<dyn EntryCursor>>,
    /// The internal key of the entry before the present one; empty before the first.
    last_key: Vec<u8>,
}

impl LevelCursor {
    /// The entries of `tables`, which are in the order of their ranges.
    #[must_use]
    pub fn new(comparator: Comparator, tables: Vec<LevelTable>) -> Self {
        Self { comparator, tables, at: 0, current: None, last_key: Vec::new() }
    }

    /// Open the table at `at`; `None` past the last.
    fn open(&mut self, at: usize) -> Option<&mut Box<dyn EntryCursor>> {
        self.at = at;
        self.current = None;
        let table = self.tables.get(at)?;
        Some(self.current.insert((table.cursor)()))
    }

    /// Where the present table has no more entries, go to the first entry after it.
    fn skip_spent(&mut self, events: &mut dyn Events) -> Result<()> {
        while self.current.as_ref().is_some_and(|current| !current.valid()) {
            let Some(next) = self.open(self.at + 1) else { return Ok(()) };
            next.seek_to_first(events)?;
            self.check_apart(events);
        }
        Ok(())
    }

    fn check_apart(&self, events: &mut dyn Events) {
        let (Some(current), Some(table)) = (&self.current, self.tables.get(self.at)) else { return };
        let is_late = internal_key::compare(&self.comparator, current.key(), &self.last_key).is_le();
        if current.valid() && !self.last_key.is_empty() && is_late {
            let mut fault = Fault::new(TABLES_OVERLAP, 0, 0);
            fault.lower = Some(internal_key::user_key(current.key()).to_vec());
            fault.upper = Some(internal_key::user_key(&self.last_key).to_vec());
            events.fault(table.input, fault);
        }
    }
}

impl EntryCursor for LevelCursor {
    #[inline]
    fn valid(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.valid())
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.current.as_ref().map_or(&[], |current| current.key())
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.current.as_ref().map_or(&[], |current| current.value())
    }

    #[inline]
    fn origin(&self) -> Origin {
        let none = Origin { input: 0, offset: 0, intact: false };
        self.current.as_ref().map_or(none, |current| current.origin())
    }

    fn seek_to_first(&mut self, events: &mut dyn Events) -> Result<()> {
        self.last_key.clear();
        if let Some(first) = self.open(0) {
            first.seek_to_first(events)?;
        }
        self.skip_spent(events)
    }

    fn seek(&mut self, target: &[u8], events: &mut dyn Events) -> Result<()> {
        self.last_key.clear();
        let reaches = |table: &LevelTable| internal_key::compare(&self.comparator, &table.largest, target).is_ge();
        let at = self.tables.iter().position(reaches).unwrap_or(self.tables.len());
        if let Some(table) = self.open(at) {
            table.seek(target, events)?;
        }
        self.skip_spent(events)
    }

    #[inline]
    fn next(&mut self, events: &mut dyn Events) -> Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        self.last_key.clear();
        self.last_key.extend_from_slice(current.key());
        current.next(events)?;
        if current.valid() { Ok(()) } else { self.skip_spent(events) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]
    use super::*;
    use crate::internal_key::TYPE_VALUE;
    use crate::merge::model::Entries;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how many of its like are open.
    struct Counted(Entries, Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }

    impl EntryCursor for Counted {
        fn valid(&self) -> bool {
            self.0.valid()
        }
        fn key(&self) -> &[u8] {
            self.0.key()
        }
        fn value(&self) -> &[u8] {
            self.0.value()
        }
        fn origin(&self) -> Origin {
            self.0.origin()
        }
        fn seek_to_first(&mut self, events: &mut dyn Events) -> Result<()> {
            self.0.seek_to_first(events)
        }
        fn seek(&mut self, target: &[u8], events: &mut dyn Events) -> Result<()> {
            self.0.seek(target, events)
        }
        fn next(&mut self, events: &mut dyn Events) -> Result<()> {
            self.0.next(events)
        }
    }

    fn internal(key: &str) -> Vec<u8> {
        let mut out = Vec::new();
        internal_key::append(&mut out, key.as_bytes(), 7, TYPE_VALUE);
        out
    }

    fn level(tables: &[&[&str]], open: &Arc<AtomicUsize>) -> LevelCursor {
        let table = |(input, keys): (usize, &&[&str])| {
            let entries: Vec<_> = keys.iter().map(|key| (internal(key), Vec::new())).collect();
            let largest = entries.last().map(|entry| entry.0.clone()).unwrap_or_default();
            let (input, open) = (input as u32, open.clone());
            let cursor = move || -> Box<dyn EntryCursor> {
                assert_eq!(open.fetch_add(1, Ordering::SeqCst), 0, "two tables are open");
                let entries = Entries { input, entries: entries.clone(), at: 0, comparator: Comparator::Bytewise };
                Box::new(Counted(entries, open.clone()))
            };
            LevelTable { input, largest, cursor: Box::new(cursor) }
        };
        LevelCursor::new(Comparator::Bytewise, tables.iter().enumerate().map(table).collect())
    }

    fn rest(cursor: &mut LevelCursor, faults: &mut Vec<(u32, Fault)>) -> Vec<String> {
        let mut keys = Vec::new();
        while cursor.valid() {
            keys.push(String::from_utf8(internal_key::user_key(cursor.key()).to_vec()).unwrap());
            cursor.next(faults).unwrap();
        }
        keys
    }

    #[test]
    fn tables_are_read_one_after_another_with_one_open_at_a_time() {
        let (open, mut faults) = (Arc::default(), Vec::new());
        let mut cursor = level(&[&["a", "b"], &["c"], &[], &["d", "e"]], &open);

        cursor.seek_to_first(&mut faults).unwrap();
        assert_eq!(rest(&mut cursor, &mut faults), ["a", "b", "c", "d", "e"]);
        assert!(faults.is_empty());
        assert!(open.load(Ordering::SeqCst) == 0, "the last table is closed");
    }

    #[test]
    fn a_seek_opens_the_one_table_that_reaches_the_target() {
        let (open, mut faults) = (Arc::default(), Vec::new());
        let mut cursor = level(&[&["a", "c"], &["e", "g"], &["i"]], &open);

        for (target, expected) in [("0", "a"), ("a", "a"), ("b", "c"), ("d", "e"), ("f", "g"), ("h", "i")] {
            cursor.seek(&internal(target), &mut faults).unwrap();
            assert_eq!(cursor.key(), internal(expected));
        }
        cursor.seek(&internal("j"), &mut faults).unwrap();
        assert!(!cursor.valid() && cursor.key().is_empty());
    }

    #[test]
    fn tables_that_overlap_are_told_and_lose_nothing() {
        let (open, mut faults) = (Arc::default(), Vec::new());
        let mut cursor = level(&[&["a", "d"], &["b", "e"], &["f"]], &open);

        cursor.seek_to_first(&mut faults).unwrap();
        assert_eq!(rest(&mut cursor, &mut faults), ["a", "d", "b", "e", "f"]);
        let mut fault = Fault::new(TABLES_OVERLAP, 0, 0);
        (fault.lower, fault.upper) = (Some(b"b".to_vec()), Some(b"d".to_vec()));
        assert_eq!(faults, [(1, fault)]);
    }

    #[test]
    fn a_level_without_tables_has_no_entries() {
        let mut cursor = level(&[], &Arc::default());

        cursor.seek_to_first(&mut Vec::new()).unwrap();
        assert!(!cursor.valid());
    }
}
