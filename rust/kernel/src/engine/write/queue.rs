//! Writers that wait for one another, and are written together: whoever is first in the line writes for those behind.

use crate::engine::error::Result;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::collections::VecDeque;
use std::sync::Arc;

/// A group takes no more batches once it has this many bytes.
const GROUP_SIZE: usize = 1 << 20;

/// A batch that waits to be written.
pub struct Ticket {
    /// The operations.
    pub body: Arc<[u8]>,
    /// How many there are.
    pub count: u32,
    /// Whether they are to be safe on disk.
    pub sync: bool,
    stage: Mutex<Stage>,
    changed: Condvar,
}

enum Stage {
    Waiting,
    Leading,
    Done(Result<()>),
}

/// The line. Its first ticket is being written, or about to be.
#[derive(Default)]
pub struct Queue {
    tickets: Mutex<VecDeque<Arc<Ticket>>>,
    /// Whether there is a line: read without its lock by writers that would pass it.
    busy: AtomicBool,
}

impl Ticket {
    /// A batch that waits.
    pub fn new(body: Arc<[u8]>, count: u32, sync: bool) -> Arc<Self> {
        Arc::new(Self { body, count, sync, stage: Mutex::new(Stage::Waiting), changed: Condvar::new() })
    }

    /// Wait until it is written, which gives the result, or is the first in the line.
    fn wait(&self) -> Option<Result<()>> {
        let stage = lock(&self.stage);
        let waited = self.changed.wait_while(stage, |stage| matches!(stage, Stage::Waiting));
        match std::mem::replace(&mut *waited.unwrap_or_else(PoisonError::into_inner), Stage::Waiting) {
            Stage::Done(result) => Some(result),
            Stage::Waiting | Stage::Leading => None,
        }
    }

    fn set(&self, stage: Stage) {
        *lock(&self.stage) = stage;
        self.changed.notify_one();
    }
}

impl Queue {
    /// Whether writers wait.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Stand in the line. `None`: `ticket` is the first now; write [`group`](Self::group), then [`finish`](Self::finish).
    pub fn enter(&self, ticket: &Arc<Ticket>) -> Option<Result<()>> {
        let is_first = {
            let mut tickets = lock(&self.tickets);
            tickets.push_back(Arc::clone(ticket));
            self.busy.store(true, Ordering::Release);
            tickets.len() == 1
        };
        if is_first { None } else { ticket.wait() }
    }

    /// The tickets to be written together, the first in the line and those behind it.
    pub fn group(&self) -> Vec<Arc<Ticket>> {
        let mut size = 0usize;
        let tickets = lock(&self.tickets);
        let fits = |ticket: &&Arc<Ticket>| {
            let fits = size < GROUP_SIZE;
            size = size.saturating_add(ticket.body.len());
            fits
        };
        tickets.iter().take_while(fits).cloned().collect()
    }

    /// Take a group out of the line, tell all but the first what came of it, and let the next one lead.
    pub fn finish(&self, group: &[Arc<Ticket>], result: impl Fn() -> Result<()>) {
        let next = {
            let mut tickets = lock(&self.tickets);
            let written = group.len().min(tickets.len());
            tickets.drain(..written);
            self.busy.store(!tickets.is_empty(), Ordering::Release);
            tickets.front().cloned()
        };
        for ticket in group.iter().skip(1) {
            ticket.set(Stage::Done(result()));
        }
        if let Some(next) = next {
            next.set(Stage::Leading);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
