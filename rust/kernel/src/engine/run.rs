//! A run: tables whose key ranges ascend and are disjoint, as the levels below the first are; and its entries as one cursor.

use super::cursor::BidirectionalCursor;
use super::error::Result;
use super::key_index::KeyIndex;
use super::table::{Table, Tables};
use super::table_cursor::{CursorOptions, TableCursor};
use crate::comparator::Comparator;
use crate::internal_key;
use std::sync::Arc;

/// Tables in the order of their keys.
#[derive(Debug, Default)]
pub struct Run {
    tables: Vec<Arc<Table>>,
    largest: KeyIndex,
}

impl Run {
    /// A run of these tables.
    #[must_use]
    pub fn new(comparator: &Comparator, tables: Vec<Arc<Table>>) -> Self {
        let mut largest = KeyIndex::default();
        tables.iter().for_each(|table| largest.push(table.largest()));
        largest.finish(comparator);
        Self { tables, largest }
    }

    /// The tables.
    #[must_use]
    pub fn tables(&self) -> &[Arc<Table>] {
        &self.tables
    }

    /// The numbers of the first two neighbours that are not apart and in order; `None` where all are.
    #[must_use]
    pub fn misplaced(&self, comparator: &Comparator) -> Option<(u64, u64)> {
        let mut pairs = self.tables.iter().zip(self.tables.iter().skip(1));
        let wrong = pairs.find(|(a, b)| !internal_key::compare(comparator, a.largest(), b.smallest()).is_lt())?;
        Some((wrong.0.number(), wrong.1.number()))
    }

    /// The number of the first table that does not end before an internal key; the count of tables where all do.
    #[must_use]
    pub fn first_reaching(&self, comparator: &Comparator, target: &[u8]) -> usize {
        self.largest.first_at_or_after(comparator, target)
    }
}

/// A position in a run. One table is open at a time.
pub struct RunCursor {
    tables: Arc<Tables>,
    run: Arc<Run>,
    options: CursorOptions,
    at: usize,
    cursor: Option<TableCursor>,
}

impl RunCursor {
    /// Stand on no entry of a run.
    #[must_use]
    pub const fn new(tables: Arc<Tables>, run: Arc<Run>, options: CursorOptions) -> Self {
        Self { tables, run, options, at: 0, cursor: None }
    }

    /// The cursor of table `at`, which stands on no entry unless it did; `None` past the last.
    fn enter(&mut self, at: usize) -> Option<&mut TableCursor> {
        let Some(table) = self.run.tables.get(at) else {
            self.cursor = None;
            return None;
        };
        if self.cursor.is_some() && self.at == at {
            return self.cursor.as_mut();
        }
        self.at = at;
        match &mut self.cursor {
            Some(cursor) => cursor.change_table(table),
            none => *none = Some(TableCursor::new(self.tables.clone(), table.clone(), self.options.clone())),
        }
        self.cursor.as_mut()
    }

    #[inline]
    fn is_spent(&self) -> bool {
        self.cursor.as_ref().is_some_and(|cursor| !cursor.valid())
    }

    fn skip_forward(&mut self) -> Result<()> {
        while self.is_spent() {
            let Some(cursor) = self.enter(self.at + 1) else { return Ok(()) };
            cursor.seek_to_first()?;
        }
        Ok(())
    }

    fn skip_backward(&mut self) -> Result<()> {
        while self.is_spent() {
            let Some(at) = self.at.checked_sub(1) else {
                self.cursor = None;
                return Ok(());
            };
            let Some(cursor) = self.enter(at) else { return Ok(()) };
            cursor.seek_to_last()?;
        }
        Ok(())
    }
}

impl BidirectionalCursor for RunCursor {
    #[inline]
    fn valid(&self) -> bool {
        self.cursor.as_ref().is_some_and(BidirectionalCursor::valid)
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.cursor.as_ref().map_or(&[], BidirectionalCursor::key)
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.cursor.as_ref().map_or(&[], BidirectionalCursor::value)
    }

    fn seek_to_first(&mut self) -> Result<()> {
        let Some(cursor) = self.enter(0) else { return Ok(()) };
        cursor.seek_to_first()?;
        self.skip_forward()
    }

    fn seek_to_last(&mut self) -> Result<()> {
        let Some(cursor) = self.enter(self.run.tables.len().wrapping_sub(1)) else { return Ok(()) };
        cursor.seek_to_last()?;
        self.skip_backward()
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        let at = self.run.first_reaching(self.tables.comparator(), target);
        let Some(cursor) = self.enter(at) else { return Ok(()) };
        cursor.seek(target)?;
        self.skip_forward()
    }

    fn seek_before(&mut self, target: &[u8]) -> Result<()> {
        let Some(last) = self.run.tables.len().checked_sub(1) else { return Ok(()) };
        let at = self.run.first_reaching(self.tables.comparator(), target).min(last);
        let Some(cursor) = self.enter(at) else { return Ok(()) };
        cursor.seek_before(target)?;
        self.skip_backward()
    }

    #[inline]
    fn next(&mut self) -> Result<()> {
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        if !cursor.valid() {
            return Ok(());
        }
        cursor.next()?;
        if cursor.valid() { Ok(()) } else { self.skip_forward() }
    }

    #[inline]
    fn prev(&mut self) -> Result<()> {
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        if !cursor.valid() {
            return Ok(());
        }
        cursor.prev()?;
        if cursor.valid() { Ok(()) } else { self.skip_backward() }
    }
}
