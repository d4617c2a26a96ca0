//! What reads see at one moment: memtables, level 0, and one run a level below.

use super::cursor::BidirectionalCursor;
use super::memtable::Memtable;
use super::merging::MergingCursor;
use super::run::{Run, RunCursor};
use super::table::{Table, Tables};
use super::table_cursor::{CursorOptions, TableCursor};
use crate::comparator::Comparator;
use crate::sync::{Mutex, PoisonError, RwLock};
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

/// The tables of all levels.
#[derive(Debug, Default)]
pub struct Levels {
    /// In any order: what is newer is told by sequence numbers.
    pub level_0: Vec<Arc<Table>>,
    /// The levels below, none of them empty.
    pub runs: Vec<Arc<Run>>,
}

impl Levels {
    /// The levels of a version: the first in any order, the others in the order of their keys.
    #[must_use]
    pub fn new(comparator: &Comparator, levels: Vec<Vec<Arc<Table>>>) -> Self {
        let mut levels = levels.into_iter();
        let level_0 = levels.next().unwrap_or_default();
        let runs = levels.filter(|tables| !tables.is_empty()).map(|tables| Arc::new(Run::new(comparator, tables)));
        Self { level_0, runs: runs.collect() }
    }

    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.level_0.iter().chain(self.runs.iter().flat_map(|run| run.tables()))
    }
}

/// What reads see. Never changes; what is inserted in its memtable has larger sequence numbers than its readers look for.
#[derive(Debug)]
pub struct View {
    /// The one written to.
    pub memtable: Arc<Memtable>,
    /// Being written out, the newest first.
    pub immutables: Vec<Arc<Memtable>>,
    /// The tables.
    pub levels: Arc<Levels>,
}

impl View {
    /// Everything that there is, every version of every key.
    #[must_use]
    pub fn cursor(&self, tables: &Arc<Tables>, options: &CursorOptions) -> MergingCursor {
        let mut cursors: Vec<Box<dyn BidirectionalCursor>> = Vec::new();
        for memtable in std::iter::once(&self.memtable).chain(&self.immutables) {
            if memtable.entry_count() > 0 {
                cursors.push(Box::new(memtable.cursor()));
            }
        }
        for table in &self.levels.level_0 {
            cursors.push(Box::new(TableCursor::new(tables.clone(), table.clone(), options.clone())));
        }
        let first_older = cursors.len();
        for run in &self.levels.runs {
            cursors.push(Box::new(RunCursor::new(tables.clone(), run.clone(), options.clone())));
        }
        MergingCursor::new(tables.comparator().clone(), cursors, first_older)
    }
}

/// The present view, and which tables older ones still need.
#[derive(Debug)]
pub struct Views {
    present: RwLock<Arc<View>>,
    older: Mutex<Vec<Weak<Levels>>>,
}

impl Views {
    /// Begin with this view.
    #[must_use]
    pub fn new(view: View) -> Self {
        Self { present: RwLock::new(Arc::new(view)), older: Mutex::default() }
    }

    /// The present view.
    #[inline]
    #[must_use]
    pub fn present(&self) -> Arc<View> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The present view, and a number taken while it was present: the last sequence number, which the view holds all of.
    #[must_use]
    pub fn present_at(&self, last_sequence: impl Fn() -> u64) -> (Arc<View>, u64) {
        loop {
            let view = self.present();
            let sequence = last_sequence();
            if Arc::ptr_eq(&view, &self.present.read().unwrap_or_else(PoisonError::into_inner)) {
                return (view, sequence);
            }
        }
    }

    /// Replace the view by one made from it. No other change comes between.
    pub fn change(&self, make: impl FnOnce(&View) -> View) {
        let mut older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(make(&present));
        let last = std::mem::replace(&mut *present, next);
        drop(present);
        older.retain(|levels| levels.strong_count() > 0);
        if !older.iter().any(|levels| std::ptr::eq(levels.as_ptr(), Arc::as_ptr(&last.levels))) {
            older.push(Arc::downgrade(&last.levels));
        }
    }

    /// The file numbers of all tables of the present view, and of those that readers still have.
    #[must_use]
    pub fn pinned_tables(&self) -> BTreeSet<u64> {
        let older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        let present = self.present();
        let levels: Vec<_> = older.iter().filter_map(Weak::upgrade).chain([present.levels.clone()]).collect();
        levels.iter().flat_map(|levels| levels.tables()).map(|table| table.number()).collect()
    }
}
