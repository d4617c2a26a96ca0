//! The tables of a store: handles that views share, opened when first read, and so many open at a time.

use super::block::Block;
use super::cache::BlockCache;
use super::error::{EngineError, Result};
use super::open_table::OpenTable;
use super::table_source::{TableSource, Waiting};
use crate::comparator::Comparator;
use crate::read_at::OsFile;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

/// One seek costs about as much as compacting this many bytes. LevelDB's estimate.
const BYTES_PER_SEEK: u64 = 16384;
/// A table is searched in vain this often before it is charged, at least. LevelDB's number.
const LEAST_SEEKS: i64 = 100;
/// So many more, and it is charged again.
const SEEKS_BETWEEN_CHARGES: i64 = 16;

/// One table file of a version.
#[derive(Debug)]
pub struct Table {
    number: u64,
    path: Arc<Path>,
    /// Kept open from the beginning, where somebody else may remove the file.
    held: Option<Arc<OsFile>>,
    file_size: u64,
    smallest: Vec<u8>,
    largest: Vec<u8>,
    open: RwLock<Option<Arc<OpenTable>>>,
    /// Whether the file is the one that the version means.
    is_proved: AtomicBool,
    recently_read: AtomicBool,
    seeks_left: AtomicI64,
}

impl Table {
    /// A handle of the table at `path`; nothing is opened. `smallest` and `largest` are internal keys.
    #[must_use]
    pub fn new(number: u64, path: &Path, file_size: u64, smallest: Vec<u8>, largest: Vec<u8>) -> Self {
        let seeks = i64::try_from(file_size / BYTES_PER_SEEK).unwrap_or(i64::MAX).max(LEAST_SEEKS);
        Self {
            number,
            path: path.into(),
            held: None,
            file_size,
            smallest,
            largest,
            open: RwLock::new(None),
            is_proved: AtomicBool::new(false),
            recently_read: AtomicBool::new(false),
            seeks_left: AtomicI64::new(seeks),
        }
    }

    /// The same handle, whose bytes come from a file that is open already and stays so as long as the handle.
    #[must_use]
    pub fn with_file(self, file: Arc<OsFile>) -> Self {
        Self { held: Some(file), ..self }
    }

    /// The file number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Where the file is.
    #[must_use]
    pub const fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Bytes of the file.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.file_size
    }

    /// The first internal key.
    #[must_use]
    pub fn smallest(&self) -> &[u8] {
        &self.smallest
    }

    /// The last internal key.
    #[must_use]
    pub fn largest(&self) -> &[u8] {
        &self.largest
    }

    /// Count a search in vain. True when they are too many, and every so often from then on: who was told may have been busy.
    #[must_use]
    pub fn charge_seek(&self) -> bool {
        let left = self.seeks_left.fetch_sub(1, Ordering::Relaxed) - 1;
        left <= 0 && left % SEEKS_BETWEEN_CHARGES == 0
    }

    /// Whether the file was held against what its version says of it.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.is_proved.load(Ordering::Relaxed)
    }

    /// Hold the file against what its version says of it, once.
    ///
    /// # Errors
    /// `table.replaced`: it is another one.
    pub fn prove(&self, open: &OpenTable) -> Result<()> {
        if !self.is_proved() {
            open.verify_ends(&self.smallest, &self.largest)?;
            self.is_proved.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn opened(&self) -> Option<Arc<OpenTable>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn close(&self) -> Option<Arc<OpenTable>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The open tables and cached blocks of one store, and the order of its keys.
#[derive(Debug)]
pub struct Tables {
    comparator: Comparator,
    cache: BlockCache,
    most_open: usize,
    order_failed: fn() -> bool,
    /// Every table that is open, in the order they were opened or last spared.
    open: Mutex<VecDeque<Weak<Table>>>,
}

impl Tables {
    /// With a block cache of that many bytes and at most that many tables open, besides those that cursors stand in.
    /// `order_failed` says whether a comparison of this thread has failed.
    #[must_use]
    pub fn new(comparator: Comparator, cache_size: u64, most_open: usize, order_failed: fn() -> bool) -> Self {
        let cache = BlockCache::new(cache_size);
        Self { comparator, cache, most_open: most_open.max(1), order_failed, open: Mutex::default() }
    }

    /// [`EngineError::Stopped`] where a comparison of this thread has failed: what it was for is worth nothing.
    ///
    /// # Errors
    /// That one.
    pub fn check_order(&self) -> Result<()> {
        let failed = matches!(self.comparator, Comparator::Custom(_)) && (self.order_failed)();
        if failed { Err(EngineError::Stopped) } else { Ok(()) }
    }

    /// The order of the user keys.
    #[must_use]
    pub const fn comparator(&self) -> &Comparator {
        &self.comparator
    }

    /// The cached blocks.
    #[must_use]
    pub const fn cache(&self) -> &BlockCache {
        &self.cache
    }

    /// The table, opened and its index and filter verified; the first time also that it is the one that the version means.
    ///
    /// # Errors
    /// What the operating system says, any fault of footer, index or filter, and `table.replaced`.
    pub fn open(&self, table: &Arc<Table>, waiting: Waiting) -> Result<Arc<OpenTable>> {
        if let Some(open) = table.opened() {
            if !table.recently_read.load(Ordering::Relaxed) {
                table.recently_read.store(true, Ordering::Relaxed);
            }
            return Ok(open);
        }
        if waiting == Waiting::Never {
            return Err(EngineError::WouldBlock);
        }
        let source = match &table.held {
            Some(file) => TableSource::of(file.clone(), &table.path, table.file_size)?,
            None => TableSource::open(&table.path, table.file_size)?,
        };
        let open = Arc::new(OpenTable::new(source, table.number, &self.comparator)?);
        table.prove(&open)?;
        if table.open.write().unwrap_or_else(PoisonError::into_inner).replace(open.clone()).is_none() {
            self.note_opened(table);
        }
        Ok(open)
    }

    fn note_opened(&self, table: &Arc<Table>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push_back(Arc::downgrade(table));
        let mut spared = 0;
        while open.len() > self.most_open {
            let Some(oldest) = open.pop_front() else { break };
            let Some(table) = oldest.upgrade() else { continue };
            if table.recently_read.swap(false, Ordering::Relaxed) && spared < self.most_open {
                spared += 1;
                open.push_back(oldest);
            } else {
                table.close();
            }
        }
    }

    /// The block from the cache.
    #[inline]
    #[must_use]
    pub fn cached(&self, open: &OpenTable, offset: u64) -> Option<Arc<Block>> {
        self.cache.get(open.number(), offset)
    }

    /// Close a table whose file is about to be deleted, and drop its blocks.
    pub fn forget(&self, number: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut closed = Vec::new();
        open.retain(|table| {
            let Some(table) = table.upgrade() else { return false };
            if table.number == number {
                closed.extend(table.close());
            }
            table.number != number
        });
        drop(open);
        self.cache.forget(number, closed.first().map(|open| open.handles().iter().map(|handle| handle.offset)));
    }

    /// Close all tables and drop all blocks.
    pub fn close(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.drain(..).filter_map(|table| table.upgrade()).for_each(|table| drop(table.close()));
        drop(open);
        self.cache.clear();
    }
}
