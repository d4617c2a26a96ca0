//! Writing to a living database: the log, then the memtable, then the sequence number that lets readers see it.
//!
//! ```text
//! try_write   nobody else writes:  encode, one write to the log, insert, publish      (may be called where waiting is not allowed)
//! write       others write:        stand in line; the first writes for all            (group commit)
//! ```
//! A batch is kept whole or not at all. Where the log cannot be written it is cut back to where it was; where that fails too,
//! or what was promised cannot be made safe, nothing is written any more: the failure is latched.
//!
//! A supplied order may fail while it compares. All its comparisons are made before the log is written.

mod file;
mod queue;
#[cfg(test)]
mod tests;

use super::error::{EngineError, Result};
use super::memtable::{Draft, Memtable};
use crate::batch;
use crate::comparator::Comparator;
use crate::internal_key::MAX_SEQUENCE;
use crate::path_error::{PathError, at_path};
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
pub use file::{Log, LogFile};
use queue::{Queue, Ticket};
use std::io;
use std::sync::Arc;

/// The most bytes that key and value may have together: a table's block must hold them.
pub const MAX_ENTRY_SIZE: usize = (1 << 31) - (1 << 26);
/// A write that was refused because there is no log to write to.
pub const NO_LOG: &str = "the store has no log to write to";
/// A write that was refused because another one panicked.
const PANICKED: &str = "a write panicked: what it left behind is not known";

/// One put or deletion; the key is that of the database, in two parts.
#[derive(Debug, Clone, Copy)]
pub struct Single<'a> {
    /// What the key begins with.
    pub prefix: &'a [u8],
    /// What the key ends with.
    pub key: &'a [u8],
    /// `None` for a deletion.
    pub value: Option<&'a [u8]>,
}

/// Log and memtable of a living database, for any number of writing threads.
pub struct WritePath {
    state: Mutex<State>,
    queue: Queue,
    last_sequence: AtomicU64,
    log_size: AtomicU64,
    memtable_size: AtomicUsize,
    order_may_fail: bool,
    /// Whether the supplied order failed in this thread since it was last asked to be good.
    order_failed: fn() -> bool,
}

struct State {
    log: Option<Log>,
    /// Logs of memtables that are in no table yet, and that are not safe: what is safe must not come after what is not.
    unsafe_logs: Vec<Log>,
    memtable: Arc<Memtable>,
    /// Why nothing is written any more.
    failure: Option<io::Error>,
    operation: Vec<u8>,
    framed: Vec<u8>,
}

impl WritePath {
    /// No log, and the empty memtable given back too. `order_failed` tells whether a supplied order failed in this thread.
    #[must_use]
    pub fn new(comparator: Comparator, order_failed: fn() -> bool) -> (Self, Arc<Memtable>) {
        let memtable = Arc::new(Memtable::new(comparator));
        let order_may_fail = memtable.order_may_fail();
        let first = Arc::clone(&memtable);
        let state = State {
            log: None,
            unsafe_logs: Vec::new(),
            memtable,
            failure: None,
            operation: Vec::new(),
            framed: Vec::new(),
        };
        let path = Self {
            state: Mutex::new(state),
            queue: Queue::default(),
            last_sequence: AtomicU64::new(0),
            log_size: AtomicU64::new(0),
            memtable_size: AtomicUsize::new(0),
            order_may_fail,
            order_failed,
        };
        (path, first)
    }

    /// The sequence number up to which everything can be read.
    #[inline]
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.last_sequence.load(Ordering::Acquire)
    }

    /// Set the sequence number that the next write continues.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for one past [`MAX_SEQUENCE`].
    pub fn set_last_sequence(&self, sequence: u64) -> Result<()> {
        if sequence > MAX_SEQUENCE {
            return Err(EngineError::Exhausted);
        }
        let _state = self.lock()?;
        self.last_sequence.store(sequence, Ordering::Release);
        Ok(())
    }

    /// Bytes of the log.
    #[must_use]
    pub fn log_size(&self) -> u64 {
        self.log_size.load(Ordering::Relaxed)
    }

    /// Bytes of the memtable that is written to, about.
    #[inline]
    #[must_use]
    pub fn memtable_size(&self) -> usize {
        self.memtable_size.load(Ordering::Relaxed)
    }

    /// The memtable that is written to.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where a write panicked.
    pub fn memtable(&self) -> Result<Arc<Memtable>> {
        Ok(Arc::clone(&self.lock()?.memtable))
    }

    /// Write to the log that `open_log` gives from now on, and go on in `memtable`, where there is one; else in the present
    /// one. `open_log` gives the logs of the memtables that are in no table yet too, oldest first and its own behind them: what
    /// is in them is made safe before anything that comes later is. `show` is given the memtable while nobody writes.
    ///
    /// # Errors
    /// What made nothing be written any more; what `open_log` gives. Then all is as before.
    pub fn start_log(
        &self,
        open_log: impl FnOnce() -> Result<(Vec<Log>, Log)>,
        memtable: Option<Arc<Memtable>>,
        show: impl FnOnce(&Arc<Memtable>),
    ) -> Result<()> {
        let mut state = self.lock()?;
        state.check()?;
        let (earlier, log) = open_log()?;
        self.log_size.store(log.size(), Ordering::Relaxed);
        state.unsafe_logs = earlier;
        state.log = Some(log);
        if let Some(memtable) = memtable {
            state.memtable = memtable;
        }
        self.memtable_size.store(state.memtable.size(), Ordering::Relaxed);
        show(&state.memtable);
        Ok(())
    }

    /// Begin the log that `new_log` makes, and an empty memtable; give back the old one. The old log is made safe first, where
    /// that was promised of any write in it; else it is made safe before anything that comes later is. `show` is given the new memtable and the old one while nobody
    /// writes.
    ///
    /// # Errors
    /// What the operating system says; what made nothing be written any more. Then all is as before.
    pub fn rotate(
        &self,
        new_log: impl FnOnce() -> Result<Log>,
        show: impl FnOnce(&Arc<Memtable>, &Arc<Memtable>),
    ) -> Result<Arc<Memtable>> {
        let mut state = self.lock()?;
        state.check()?;
        if state.log.as_ref().is_some_and(|log| log.promised) {
            state.sync()?;
        }
        let log = new_log()?;
        self.log_size.store(log.size(), Ordering::Relaxed);
        let old = state.log.replace(log);
        state.unsafe_logs.extend(old.filter(|old| !old.promised));
        let memtable = Arc::new(Memtable::new(state.memtable.comparator().clone()));
        let old = std::mem::replace(&mut state.memtable, memtable);
        self.memtable_size.store(0, Ordering::Relaxed);
        show(&state.memtable, &old);
        Ok(old)
    }

    /// See everything written to the log safe on disk.
    ///
    /// # Errors
    /// What the operating system says; it is latched.
    pub fn sync_log(&self) -> Result<()> {
        let mut state = self.lock()?;
        state.check()?;
        state.sync()
    }

    /// Let go of the logs of memtables that are in tables now: of all but the present one.
    pub fn forget_old_logs(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::take(&mut state.unsafe_logs);
        drop(state);
        drop(old);
    }

    /// Close the log: every later write is refused. Waits for the writes under way. Lets go of the memtable, and gives back the
    /// empty one that takes its place.
    pub fn close(&self) -> Arc<Memtable> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.log = None;
        state.unsafe_logs = Vec::new();
        state.memtable = Arc::new(Memtable::new(state.memtable.comparator().clone()));
        Arc::clone(&state.memtable)
    }

    /// Write one operation without waiting, and without making it safe.
    ///
    /// # Errors
    /// [`EngineError::WouldBlock`] where others write or the order may fail: use [`write`](Self::write). Else as there.
    #[inline]
    pub fn try_put(&self, single: &Single<'_>) -> Result<()> {
        let mut state = self.try_lock()?;
        let mut operation = std::mem::take(&mut state.operation);
        operation.clear();
        append_single(&mut operation, single);
        let result = self.write_at_once(&mut state, &operation, 1);
        state.operation = operation;
        result
    }

    /// Write a batch without waiting, and without making it safe. `body` is its operations, as the log has them.
    ///
    /// # Errors
    /// As [`try_put`](Self::try_put).
    pub fn try_write(&self, body: &[u8], count: u32) -> Result<()> {
        let mut state = self.try_lock()?;
        self.write_at_once(&mut state, body, count)
    }

    fn try_lock(&self) -> Result<MutexGuard<'_, State>> {
        if self.order_may_fail || self.queue.is_busy() {
            return Err(EngineError::WouldBlock);
        }
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::WouldBlock) => Err(EngineError::WouldBlock),
            Err(TryLockError::Poisoned(_)) => Err(EngineError::Refused(PANICKED)),
        }
    }

    fn write_at_once(&self, state: &mut State, body: &[u8], count: u32) -> Result<()> {
        let sequence = self.reserve(u64::from(count))?;
        state.append(std::iter::once((sequence + 1, count, body)), false)?;
        state.memtable.apply(Arc::from(body), sequence + 1);
        self.publish(state, sequence + u64::from(count));
        Ok(())
    }

    /// Write a batch; with `sync`, see it safe on disk. Waits for other writers, or has them write it.
    ///
    /// # Errors
    /// What the operating system says, or said once where that was latched; [`EngineError::Refused`];
    /// [`EngineError::Stopped`] where a supplied order failed. Nothing of the batch is kept then.
    pub fn write(&self, body: Arc<[u8]>, count: u32, sync: bool) -> Result<()> {
        let ticket = Ticket::new(body, count, sync);
        if self.order_may_fail {
            // Not for others: a failure belongs to the thread whose batch it is.
            return self.write_group(self.lock()?, &[ticket]);
        }
        if let Some(result) = self.queue.enter(&ticket) {
            return result;
        }
        let state = self.lock();
        let group = self.queue.group();
        let result = state.and_then(|state| self.write_group(state, &group));
        self.queue.finish(&group, || result.as_ref().map_or_else(|error| Err(again(error)), |()| Ok(())));
        result
    }

    fn write_group(&self, mut state: MutexGuard<'_, State>, group: &[Arc<Ticket>]) -> Result<()> {
        let count = group.iter().map(|ticket| u64::from(ticket.count)).sum();
        let sequence = self.reserve(count)?;
        let mut draft = Draft::default();
        let mut next = sequence + 1;
        for ticket in group {
            state.memtable.place(&mut draft, Arc::clone(&ticket.body), next);
            next += u64::from(ticket.count);
        }
        if self.order_may_fail && (self.order_failed)() {
            return Err(EngineError::Stopped);
        }
        let mut next = sequence + 1;
        let batches = group.iter().map(|ticket| {
            next += u64::from(ticket.count);
            (next - u64::from(ticket.count), ticket.count, &*ticket.body)
        });
        state.append(batches, group.iter().any(|ticket| ticket.sync))?;
        state.memtable.insert(draft);
        self.publish(&state, sequence + count);
        Ok(())
    }

    /// The last sequence number, where `count` more are left. Call with the lock held.
    fn reserve(&self, count: u64) -> Result<u64> {
        let sequence = self.last_sequence.load(Ordering::Relaxed);
        if MAX_SEQUENCE - sequence < count {
            return Err(EngineError::Exhausted);
        }
        Ok(sequence)
    }

    fn publish(&self, state: &State, sequence: u64) {
        self.log_size.store(state.log.as_ref().map_or(0, Log::size), Ordering::Relaxed);
        self.memtable_size.store(state.memtable.size(), Ordering::Relaxed);
        self.last_sequence.store(sequence, Ordering::Release);
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>> {
        self.state.lock().map_err(|_| EngineError::Refused(PANICKED))
    }
}

impl State {
    fn check(&self) -> Result<()> {
        self.failure.as_ref().map_or(Ok(()), |failure| Err(EngineError::Io(copy(failure))))
    }

    /// Append batches to the log, all or none; with `sync`, see them safe.
    fn append<'a>(&mut self, batches: impl Iterator<Item = (u64, u32, &'a [u8])>, sync: bool) -> Result<()> {
        self.check()?;
        let Some(log) = &mut self.log else { return Err(EngineError::Refused(NO_LOG)) };
        let appended = log.append(&mut self.framed, batches);
        let is_written = appended.is_ok();
        let old = &mut self.unsafe_logs;
        let safe = appended.and_then(|size| {
            if sync {
                sync_all(old)?;
                log.sync()?;
            }
            Ok(size)
        });
        match safe {
            Ok(size) => {
                log.keep(size);
                log.promised |= sync;
                Ok(())
            }
            Err(error) => {
                let error = at_path(error, log.path());
                // After a sync that failed the file is cut too, so that less is left of what was never acknowledged.
                if log.take_back().is_err() || is_written {
                    self.failure = Some(copy(&error));
                }
                Err(EngineError::Io(error))
            }
        }
    }

    fn sync(&mut self) -> Result<()> {
        let Some(log) = &mut self.log else { return Err(EngineError::Refused(NO_LOG)) };
        let synced = sync_all(&mut self.unsafe_logs);
        let synced = synced.and_then(|()| log.sync().map_err(|error| at_path(error, log.path())));
        synced.map_err(|error| {
            self.failure = Some(copy(&error));
            EngineError::Io(error)
        })
    }
}

/// See older logs safe on disk, the oldest first; they are let go of then.
fn sync_all(logs: &mut Vec<Log>) -> io::Result<()> {
    for log in logs.iter_mut() {
        log.sync().map_err(|error| at_path(error, log.path()))?;
    }
    logs.clear();
    Ok(())
}

/// The body of a batch of one operation. A large one is not there twice at any time.
#[must_use]
pub fn encode(single: &Single<'_>) -> Arc<[u8]> {
    let mut head = Vec::with_capacity(single.prefix.len() + single.key.len() + 16);
    batch::append_key(&mut head, [single.prefix, single.key], single.value.is_some());
    let value = single.value.unwrap_or_default();
    if single.value.is_some() {
        batch::append_size(&mut head, value);
    }
    let mut body: Arc<[u8]> = std::iter::repeat_n(0, head.len() + value.len()).collect();
    if let Some((start, rest)) = Arc::get_mut(&mut body).and_then(|body| body.split_at_mut_checked(head.len())) {
        start.copy_from_slice(&head);
        rest.copy_from_slice(value);
    }
    body
}

fn append_single(out: &mut Vec<u8>, single: &Single<'_>) {
    batch::append_key(out, [single.prefix, single.key], single.value.is_some());
    if let Some(value) = single.value {
        batch::append_value(out, value);
    }
}

/// The same error for somebody else.
fn again(error: &EngineError) -> EngineError {
    match error {
        EngineError::Corruption(path, fault) => EngineError::Corruption(Arc::clone(path), fault.clone()),
        EngineError::Io(error) => EngineError::Io(copy(error)),
        EngineError::Refused(why) => EngineError::Refused(why),
        EngineError::WouldBlock => EngineError::WouldBlock,
        EngineError::Stopped => EngineError::Stopped,
        EngineError::Exhausted => EngineError::Exhausted,
    }
}

/// An I/O error once more, with its number and its path.
fn copy(error: &io::Error) -> io::Error {
    let (path, source) =
        PathError::of(error).map_or((None, error), |found| (Some(found.path.as_path()), &found.source));
    let copied = match source.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(source.kind(), source.to_string()),
    };
    match path {
        Some(path) => at_path(copied, path),
        None => copied,
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use std::path::Path;

    #[test]
    fn an_error_told_again_has_its_number_and_its_path() {
        let error = at_path(io::Error::from_raw_os_error(28), Path::new("db/000003.log"));

        let told = copy(&error);

        let found = PathError::of(&told).map(|error| (error.path.as_path(), error.source.raw_os_error()));
        assert_eq!(found, Some((Path::new("db/000003.log"), Some(28))));
    }
}
