//! What both kinds of iterator are attached to: a walk, which the store ends when it is closed.

use super::store::Store;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use relevel_kernel::engine::{CursorOptions, Direction, EngineError, Range, Waiting, Walk};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

/// A walk that the store may end.
pub type SharedWalk = Mutex<Option<Walk>>;

/// Every walk of a store, to be ended when it is closed.
#[derive(Default)]
pub struct Walks(Mutex<Vec<Weak<SharedWalk>>>);

impl Walks {
    fn note(&self, walk: &Arc<SharedWalk>) {
        let mut walks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if walks.len() == walks.capacity() {
            walks.retain(|walk| walk.strong_count() > 0);
        }
        walks.push(Arc::downgrade(walk));
    }

    /// End all of them; waits for moves under way. The interpreter lock must not be held.
    pub fn end(&self) {
        let walks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for walk in walks.iter().filter_map(Weak::upgrade) {
            let ended = walk.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(ended);
        }
    }
}

/// How a walk reads.
pub struct Reads {
    /// The snapshot; `None` for the present.
    pub sequence: Option<u64>,
    /// Whether checksums are verified; `None` as the store does.
    pub verify: Option<bool>,
    /// Whether blocks read are kept in the cache.
    pub fill_cache: bool,
    /// Says that the iterator is closed, instead of the store's own message.
    pub closed_message: Option<String>,
}

/// A walk and the store that it walks over.
pub struct Walking {
    store: Py<Store>,
    walk: Arc<SharedWalk>,
    closed_message: Option<String>,
    detached: AtomicBool,
}

impl Walking {
    /// Begin a walk over a range of the store.
    ///
    /// # Errors
    /// `RuntimeError` where the store is closed.
    pub fn new(py: Python<'_>, store: Py<Store>, range: Range, reads: Reads) -> PyResult<Self> {
        let owner = store.get();
        owner.check_open(reads.closed_message.as_deref())?;
        let options = CursorOptions::new(reads.verify.unwrap_or(owner.verify_checksums), reads.fill_cache);
        let make = || {
            let (view, last) = owner.views.present_at(|| owner.writes.last_sequence());
            let walk = Walk::new(Arc::clone(&owner.tables), view, reads.sequence.unwrap_or(last), range, options);
            walk.set_waiting(Waiting::Never);
            walk
        };
        let walk = if owner.order_may_fail { py.detach(make) } else { make() };
        let walk = Arc::new(Mutex::new(Some(walk)));
        owner.walks.note(&walk);
        Ok(Self { store, walk, closed_message: reads.closed_message, detached: AtomicBool::new(false) })
    }

    /// The store.
    pub const fn store(&self) -> &Py<Store> {
        &self.store
    }

    /// Refuse moves where it was detached or the store is closed.
    ///
    /// # Errors
    /// `RuntimeError`.
    #[inline]
    pub fn check_open(&self) -> PyResult<()> {
        if self.detached.load(Ordering::Relaxed) {
            return Err(self.is_detached());
        }
        self.store.get().check_open(self.closed_message.as_deref())
    }

    #[cold]
    fn is_detached(&self) -> PyErr {
        PyRuntimeError::new_err(self.closed_message.clone().unwrap_or_else(|| "detached from its store".to_owned()))
    }

    /// Let go of the view.
    pub fn detach(&self, py: Python<'_>) {
        self.detached.store(true, Ordering::Relaxed);
        let ended = self.lock(py).take();
        drop(ended);
    }

    #[inline]
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, Option<Walk>> {
        match self.walk.try_lock() {
            Ok(walk) => walk,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => self.lock_waiting(py),
        }
    }

    /// Another thread is at it, perhaps in need of the interpreter lock.
    #[cold]
    fn lock_waiting(&self, py: Python<'_>) -> MutexGuard<'_, Option<Walk>> {
        loop {
            py.detach(|| drop(self.walk.lock()));
            if let Ok(walk) = self.walk.try_lock() {
                return walk;
            }
        }
    }

    /// Do something with the walk that neither compares nor reads.
    ///
    /// # Errors
    /// `RuntimeError` where it has ended.
    pub fn with<T>(&self, py: Python<'_>, work: impl FnOnce(&mut Walk) -> T) -> PyResult<T> {
        self.check_open()?;
        self.lock(py).as_mut().map(work).ok_or_else(|| self.is_detached())
    }

    /// Move the gap to a user key.
    ///
    /// # Errors
    /// What a comparator raised; `RuntimeError` where the walk has ended.
    pub fn seek(&self, py: Python<'_>, target: &[u8]) -> PyResult<()> {
        self.check_open()?;
        let store = self.store.get();
        if !store.order_may_fail {
            let sought = self.lock(py).as_mut().map(|walk| walk.seek(target)).ok_or_else(|| self.is_detached())?;
            return store.finish(py, sought);
        }
        let result = py.detach(|| {
            let mut walk = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
            walk.as_mut().map_or(Err(EngineError::Stopped), |walk| walk.seek(target))
        });
        store.finish(py, result)
    }

    /// Step over an entry and make something of it, which must run no code of Python; `None` where there is none.
    ///
    /// # Errors
    /// As [`Store::finish`]; `RuntimeError` where the walk has ended.
    #[inline]
    pub fn step<T>(
        &self,
        py: Python<'_>,
        direction: Direction,
        make: impl Fn(&[u8], &[u8]) -> T,
    ) -> PyResult<Option<T>> {
        self.check_open()?;
        let store = self.store.get();
        match self.step_at_once(py, direction, &make)? {
            Ok(entry) => return Ok(entry),
            Err(EngineError::WouldBlock) => {}
            Err(error) => return Err(store.error(py, error)),
        }
        if !self.step_waiting(py, direction)? {
            return Ok(None);
        }
        let walk = self.lock(py);
        let walk = walk.as_ref().ok_or_else(|| self.is_detached())?;
        let (key, value) = walk.passed(direction);
        Ok(Some(make(key, value)))
    }

    /// Step where that needs neither the disk nor Python.
    #[inline]
    fn step_at_once<T>(
        &self,
        py: Python<'_>,
        direction: Direction,
        make: &impl Fn(&[u8], &[u8]) -> T,
    ) -> PyResult<Result<Option<T>, EngineError>> {
        let mut walk = self.lock(py);
        let walk = walk.as_mut().ok_or_else(|| self.is_detached())?;
        if self.store.get().order_may_fail && !walk.has_fetched(direction) {
            return Ok(Err(EngineError::WouldBlock));
        }
        Ok(walk.step(direction).map(|entry| entry.map(|(key, value)| make(key, value))))
    }

    /// Step without the interpreter lock. Whether there was an entry.
    #[inline(never)]
    fn step_waiting(&self, py: Python<'_>, direction: Direction) -> PyResult<bool> {
        let store = self.store.get();
        let result = py.detach(|| {
            let _inside = store.gate.enter()?;
            let mut walk = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(walk) = walk.as_mut() else { return Err(EngineError::Refused("the store is closed")) };
            walk.set_waiting(Waiting::Allowed);
            let stepped = walk.step(direction).map(|entry| entry.is_some());
            walk.set_waiting(Waiting::Never);
            stepped
        });
        store.finish(py, result)
    }
}
