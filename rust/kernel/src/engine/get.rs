//! Looking one key up: memtables, then level 0 by sequence number, then one table a level.

use super::block::Block;
use super::error::Result;
use super::open_table::{OpenTable, Scratch};
use super::table::{Table, Tables};
use super::table_source::Waiting;
use super::view::View;
use crate::block::Step;
use crate::internal_key::{self, MAX_SEQUENCE, TYPE_VALUE};
use crate::table::faults::Flaw;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

/// How to look a key up.
#[derive(Debug, Clone, Copy)]
pub struct GetOptions {
    /// Hold data blocks against their checksums.
    pub verify: bool,
    /// Keep the blocks read in the cache.
    pub fill_cache: bool,
    /// Whether it may wait for the disk.
    pub waiting: Waiting,
}

/// What a look-up gives besides the value.
#[derive(Debug)]
pub struct Got<R> {
    /// What was made of the value; `None` where there is none.
    pub value: Option<R>,
    /// A table that has been searched in vain once too often.
    pub charged: Option<u64>,
}

thread_local! {
    /// Memory that look-ups of this thread use again. Taken while one is under way: comparators may begin another.
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl View {
    /// Give the value of `user_key` as of `sequence` to `use_value`.
    ///
    /// # Errors
    /// Any fault met on the way; what the operating system says. Where a comparison failed, the outcome is worth nothing.
    pub fn get<R>(
        &self,
        tables: &Tables,
        user_key: &[u8],
        sequence: u64,
        options: GetOptions,
        use_value: impl FnOnce(&[u8]) -> R,
    ) -> Result<Got<R>> {
        let mut use_value = Some(use_value);
        let mut take = |value_type: u8, value: &[u8]| {
            if value_type == TYPE_VALUE { use_value.take().map(|use_value| use_value(value)) } else { None }
        };
        for memtable in std::iter::once(&self.memtable).chain(&self.immutables) {
            if let Some(value) = memtable.look_up(user_key, sequence, |value_type, value, _| take(value_type, value)) {
                return Ok(Got { value, charged: None });
            }
        }
        let mut scratch = SCRATCH.take().unwrap_or_default();
        scratch.target.clear();
        internal_key::append(&mut scratch.target, user_key, sequence.min(MAX_SEQUENCE), TYPE_VALUE);
        let mut search =
            Search { tables, options, scratch: &mut scratch, first_in_vain: None, has_charged: false, charged: None };
        let found = search.find(self, user_key);
        let charged = search.charged;
        let value = found.map(|found| {
            found.and_then(|found| {
                let value = found.block.contents().get(found.value).unwrap_or_default();
                take(found.trailer.to_le_bytes()[0], value)
            })
        });
        SCRATCH.set(Some(scratch));
        Ok(Got { value: value?, charged })
    }
}

/// A version in a table.
struct Found {
    /// Sequence number and value type.
    trailer: u64,
    block: Arc<Block>,
    value: Range<usize>,
}

/// What searching a table for the first entry at or after a target has given.
enum Outcome {
    Found(Found),
    /// The entry is of another key.
    Absent,
    /// There is no such entry in the table.
    Past,
}

struct Search<'a> {
    tables: &'a Tables,
    options: GetOptions,
    scratch: &'a mut Scratch,
    /// The first table whose data was searched in vain.
    first_in_vain: Option<Arc<Table>>,
    /// Whether that has been charged for this look-up.
    has_charged: bool,
    charged: Option<u64>,
}

impl Search<'_> {
    fn find(&mut self, view: &View, user_key: &[u8]) -> Result<Option<Found>> {
        let mut newest: Option<Found> = None;
        for table in &view.levels.level_0 {
            if !self.is_in_range(table, user_key) {
                continue;
            }
            if let Outcome::Found(found) = self.search(table, user_key)? {
                if newest.as_ref().is_none_or(|newest| newest.trailer < found.trailer) {
                    newest = Some(found);
                }
            }
        }
        if newest.is_some() {
            return Ok(newest);
        }
        for run in &view.levels.runs {
            let first = run.first_reaching(self.tables.comparator(), &self.scratch.target);
            for table in run.tables().get(first..).unwrap_or_default() {
                if self.tables.comparator().compare(internal_key::user_key(table.smallest()), user_key).is_gt() {
                    break;
                }
                match self.search(table, user_key)? {
                    Outcome::Found(found) => return Ok(Some(found)),
                    Outcome::Absent => break,
                    Outcome::Past => {}
                }
            }
        }
        Ok(None)
    }

    fn is_in_range(&self, table: &Table, user_key: &[u8]) -> bool {
        let comparator = self.tables.comparator();
        comparator.compare(internal_key::user_key(table.smallest()), user_key).is_le()
            && comparator.compare(internal_key::user_key(table.largest()), user_key).is_ge()
    }

    fn search(&mut self, table: &Arc<Table>, user_key: &[u8]) -> Result<Outcome> {
        let open = self.tables.open(table, self.options.waiting)?;
        let comparator = self.tables.comparator();
        let first = open.keys().first_at_or_after(comparator, &self.scratch.target);
        for at in first..open.handles().len() {
            let offset = open.handles().get(at).map_or(0, |handle| handle.offset);
            // Where the index key is of the user key itself, its older versions may be in the next block.
            let may_go_on = || open.keys().is_of(comparator, at, user_key);
            if !open.may_hold(offset, user_key) {
                if may_go_on() { continue } else { return Ok(Outcome::Absent) }
            }
            self.charge(table);
            if let Some(outcome) = self.search_block(&open, at, user_key)? {
                return Ok(outcome);
            }
            if !may_go_on() {
                return Ok(Outcome::Absent);
            }
        }
        Ok(Outcome::Past)
    }

    /// Data is about to be read. Where that has been done before, it was in vain.
    fn charge(&mut self, table: &Arc<Table>) {
        match &self.first_in_vain {
            None => self.first_in_vain = Some(table.clone()),
            Some(first) if !self.has_charged && !Arc::ptr_eq(first, table) => {
                self.has_charged = true;
                self.charged = first.charge_seek().then(|| first.number());
            }
            Some(_) => {}
        }
    }

    /// `None` where all entries of the block are before the target.
    fn search_block(&mut self, open: &OpenTable, at: usize, user_key: &[u8]) -> Result<Option<Outcome>> {
        let offset = open.handles().get(at).map_or(0, |handle| handle.offset);
        let block = match self.tables.cached(open, offset) {
            Some(block) => block,
            None => {
                let block = open.load(at, self.options.verify, self.options.waiting, self.scratch)?;
                if self.options.fill_cache {
                    self.tables.cache().insert(open.number(), offset, block.clone());
                }
                block
            }
        };
        let comparator = self.tables.comparator();
        let Scratch { target, cursor, .. } = &mut *self.scratch;
        // A block that exists has a layout.
        let _ = cursor.enter(block.contents());
        match cursor.seek(block.contents(), |key| internal_key::compare(comparator, key, target)) {
            Step::End => return Ok(None),
            Step::Bad => return Err(open.flaw(at, Flaw::BadEntry)),
            Step::Entry => {}
        }
        let Some((found_key, trailer)) = internal_key::split(cursor.key()) else {
            return Err(open.flaw(at, Flaw::BadInternalKey));
        };
        if comparator.compare(found_key, user_key).is_ne() {
            return Ok(Some(Outcome::Absent));
        }
        if trailer & 0xff > u64::from(TYPE_VALUE) {
            return Err(open.flaw(at, Flaw::BadInternalKey));
        }
        let value = cursor.value_range().clone();
        Ok(Some(Outcome::Found(Found { trailer, block, value })))
    }
}
