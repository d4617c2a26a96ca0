//! The entries of one open table, both ways and strict: from the index to a data block, and on in the block.

use super::ahead::Ahead;
use super::block::{Block, BlockPosition, Moved};
use super::cursor::BidirectionalCursor;
use super::error::Result;
use super::open_table::OpenTable;
use super::table::{Table, Tables};
use super::table_source::{Reading, Waiting};
use crate::codec::Decompressor;
use crate::internal_key::{self, TYPE_VALUE};
use crate::table::faults::Flaw;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How a cursor reads. Clones share whether it may wait.
#[derive(Debug, Clone)]
pub struct CursorOptions {
    /// Hold data blocks against their checksums.
    pub verify: bool,
    /// Keep the blocks read in the cache.
    pub fill_cache: bool,
    may_wait: Arc<AtomicBool>,
}

impl CursorOptions {
    /// Options of cursors that may wait for the disk until told otherwise.
    #[must_use]
    pub fn new(verify: bool, fill_cache: bool) -> Self {
        Self { verify, fill_cache, may_wait: Arc::new(AtomicBool::new(true)) }
    }

    /// From now on the cursors that share these options may wait, or fail with [`WouldBlock`](super::EngineError::WouldBlock) instead.
    pub fn set_waiting(&self, waiting: Waiting) {
        self.may_wait.store(waiting == Waiting::Allowed, Ordering::Relaxed);
    }

    /// Whether reads may wait.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        if self.may_wait.load(Ordering::Relaxed) { Waiting::Allowed } else { Waiting::Never }
    }
}

/// A position in a table.
pub struct TableCursor {
    tables: Arc<Tables>,
    table: Arc<Table>,
    open: Option<Arc<OpenTable>>,
    options: CursorOptions,
    /// Which data block.
    at: usize,
    position: BlockPosition,
    ahead: Ahead,
    decompressor: Decompressor,
}

impl TableCursor {
    /// Stand on no entry of a table, which is opened by the first move.
    #[must_use]
    pub fn new(tables: Arc<Tables>, table: Arc<Table>, options: CursorOptions) -> Self {
        let (position, ahead, decompressor) = Default::default();
        Self { tables, table, open: None, options, at: 0, position, ahead, decompressor }
    }

    /// Go over to another table.
    pub fn change_table(&mut self, table: &Arc<Table>) {
        self.table = table.clone();
        self.open = None;
        self.leave();
        self.ahead.clear();
    }

    fn leave(&mut self) {
        self.position.enter(Arc::default());
    }

    fn open(&mut self) -> Result<Arc<OpenTable>> {
        self.leave();
        match &self.open {
            Some(open) => Ok(open.clone()),
            None => Ok(self.open.insert(self.tables.open(&self.table, self.options.waiting())?).clone()),
        }
    }

    /// Stand on no entry of data block `at`.
    fn enter(&mut self, open: &OpenTable, at: usize) -> Result<()> {
        self.at = at;
        let block = self.block(open, at)?;
        self.position.enter(block);
        Ok(())
    }

    fn block(&mut self, open: &OpenTable, at: usize) -> Result<Arc<Block>> {
        let (handle, size) = open.stored_size(at)?;
        if let Some(block) = self.tables.cached(open, handle.offset) {
            return Ok(block);
        }
        let source = Reading { source: open.source(), waiting: self.options.waiting() };
        let stored = self.ahead.bytes(&source, handle.offset, size).map_err(|error| open.io(error))?;
        let block = open.decode(at, stored, self.options.verify, &mut self.decompressor)?;
        if self.options.fill_cache {
            self.tables.cache().insert(open.number(), handle.offset, block.clone());
        }
        Ok(block)
    }

    /// Finish a move in the block at hand: go on in the blocks after it where it had no entry.
    #[inline]
    fn settle_forward(&mut self, moved: Moved) -> Result<()> {
        if moved == Ok(true) && is_usable(self.position.key()) {
            return Ok(());
        }
        self.settle_slowly(moved, |at, count| Some(at + 1).filter(|at| *at < count), BlockPosition::first)
    }

    /// Finish a move in the block at hand: go on in the blocks before it where it had no entry.
    #[inline]
    fn settle_backward(&mut self, moved: Moved) -> Result<()> {
        if moved == Ok(true) && is_usable(self.position.key()) {
            return Ok(());
        }
        self.settle_slowly(moved, |at, _| at.checked_sub(1), BlockPosition::last)
    }

    #[inline(never)]
    fn settle_slowly(
        &mut self,
        moved: Moved,
        neighbour: impl Fn(usize, usize) -> Option<usize>,
        enter: impl Fn(&mut BlockPosition) -> Moved,
    ) -> Result<()> {
        let outcome = self.settle(moved, neighbour, enter);
        if outcome.is_err() {
            self.leave();
        }
        outcome
    }

    fn settle(
        &mut self,
        mut moved: Moved,
        neighbour: impl Fn(usize, usize) -> Option<usize>,
        enter: impl Fn(&mut BlockPosition) -> Moved,
    ) -> Result<()> {
        let Some(open) = self.open.clone() else { return Ok(()) };
        loop {
            match moved {
                Err(wrong) => return Err(open.wrong(self.at, wrong)),
                Ok(true) if is_usable(self.position.key()) => return Ok(()),
                Ok(true) => return Err(open.flaw(self.at, Flaw::BadInternalKey)),
                Ok(false) => {}
            }
            let Some(at) = neighbour(self.at, open.handles().len()) else { return Ok(()) };
            self.enter(&open, at)?;
            moved = enter(&mut self.position);
        }
    }
}

/// Whether a key has a trailer of a type that is written.
#[inline]
#[must_use]
pub fn is_usable(key: &[u8]) -> bool {
    internal_key::split(key).is_some_and(|(_, trailer)| trailer & 0xff <= u64::from(TYPE_VALUE))
}

impl BidirectionalCursor for TableCursor {
    #[inline]
    fn valid(&self) -> bool {
        self.position.valid()
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.position.key()
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.position.value()
    }

    fn seek_to_first(&mut self) -> Result<()> {
        let open = self.open()?;
        if open.handles().is_empty() {
            return Ok(());
        }
        self.enter(&open, 0)?;
        let moved = self.position.first();
        self.settle_forward(moved)
    }

    fn seek_to_last(&mut self) -> Result<()> {
        let open = self.open()?;
        let Some(at) = open.handles().len().checked_sub(1) else { return Ok(()) };
        self.enter(&open, at)?;
        let moved = self.position.last();
        self.settle_backward(moved)
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        let open = self.open()?;
        let comparator = self.tables.comparator();
        let at = open.keys().first_at_or_after(comparator, target);
        if at >= open.handles().len() {
            return Ok(());
        }
        self.enter(&open, at)?;
        let comparator = self.tables.comparator();
        let moved = self.position.seek(|key| internal_key::compare(comparator, key, target));
        self.settle_forward(moved)
    }

    fn seek_before(&mut self, target: &[u8]) -> Result<()> {
        let open = self.open()?;
        let Some(last) = open.handles().len().checked_sub(1) else { return Ok(()) };
        let at = open.keys().first_at_or_after(self.tables.comparator(), target).min(last);
        self.enter(&open, at)?;
        let comparator = self.tables.comparator();
        let moved = self.position.seek_before(|key| internal_key::compare(comparator, key, target));
        self.settle_backward(moved)
    }

    #[inline]
    fn next(&mut self) -> Result<()> {
        if !self.position.valid() {
            return Ok(());
        }
        let moved = self.position.go_on();
        self.settle_forward(moved)
    }

    #[inline]
    fn prev(&mut self) -> Result<()> {
        if !self.position.valid() {
            return Ok(());
        }
        let moved = self.position.go_back();
        self.settle_backward(moved)
    }
}
