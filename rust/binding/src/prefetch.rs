//! A selection read by a thread of its own, some batches ahead of Python.
//!
//! ```text
//! worker:  fill a batch -> send it, with the faults met -> fill the next ...      never enters Python
//! caller:  receive a batch -> make rows -> send the empty batch back
//! ```
//! A repair is asked of the caller: the worker sends the damaged block and waits, and the caller asks Python when it next
//! receives. So callbacks run in the thread that reads, and in order.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use relevel_kernel::merge::{Selection, VersionBatch};
use relevel_kernel::{self as kernel, Events, Fault};
use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// Batches that may wait for Python.
const AHEAD: usize = 2;
/// Versions of a batch.
const LEAST_COUNT: usize = 1024;
/// Entries read before a batch is handed over, wanted or not.
const EFFORT: usize = 1 << 16;
/// Bytes of a batch past which nothing is read ahead: it has a very large value.
const LARGE: usize = 64 << 20;
/// How often signals are looked at while waiting.
const PATIENCE: Duration = Duration::from_millis(50);

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is a worker, which must not enter Python.
pub fn is_worker() -> bool {
    IS_WORKER.get()
}

/// What the worker tells.
enum Message {
    /// Versions, and the faults met on the way to them.
    Batch(VersionBatch, Vec<(u32, Fault)>),
    /// A block that cannot be used as it is.
    Repair(u32, Fault, Vec<u8>),
    /// The end, or why there is none, and the faults met on the way.
    End(kernel::Result<()>, Vec<(u32, Fault)>),
}

/// The caller's side.
pub struct Prefetch {
    messages: Receiver<Message>,
    empties: Sender<VersionBatch>,
    answers: Sender<Option<Vec<u8>>>,
    process: u32,
}

/// The worker's side, as the kernel sees it.
struct Remote {
    messages: SyncSender<Message>,
    answers: Receiver<Option<Vec<u8>>>,
    repairs: bool,
    faults: Vec<(u32, Fault)>,
}

impl Events for Remote {
    fn fault(&mut self, input: u32, fault: Fault) {
        self.faults.push((input, fault));
    }

    fn repair(&mut self, input: u32, fault: &Fault, stored: &[u8]) -> Option<Vec<u8>> {
        if !self.repairs {
            return None;
        }
        self.messages.send(Message::Repair(input, fault.clone(), stored.to_vec())).ok()?;
        self.answers.recv().ok()?
    }
}

impl Prefetch {
    /// Let a thread read `selection` in batches of `count` versions or more. `repairs`: damaged blocks are asked about.
    ///
    /// # Errors
    /// The selection, where the system has no thread to give.
    pub fn start(selection: Box<Selection>, count: usize, repairs: bool) -> Result<Self, Box<Selection>> {
        let (to_caller, messages) = sync_channel(AHEAD);
        let (answers, from_caller) = channel();
        let (empties, emptied) = channel();
        let (hand_over, taken) = sync_channel::<Box<Selection>>(1);
        let remote = Remote { messages: to_caller, answers: from_caller, repairs, faults: Vec::new() };
        let work = move || {
            IS_WORKER.set(true);
            if let Ok(selection) = taken.recv() {
                run(selection, count.max(LEAST_COUNT), remote, &emptied);
            }
        };
        match thread::Builder::new().name("relevel-cursor".into()).spawn(work) {
            Ok(_) => {
                let process = std::process::id();
                hand_over.send(selection).map_err(|refused| refused.0)?;
                Ok(Self { messages, empties, answers, process })
            }
            Err(_) => Err(selection),
        }
    }

    /// Replace `batch` with the next versions, none at the end only. Faults and repairs go to `events`, which may enter
    /// Python and raise there: `check` says so.
    pub fn next(
        &mut self,
        py: Python<'_>,
        batch: &mut VersionBatch,
        events: &mut dyn Events,
        check: impl Fn() -> kernel::Result<()>,
    ) -> PyResult<kernel::Result<()>> {
        if self.process != std::process::id() {
            return Err(PyRuntimeError::new_err("a cursor does not go on in a forked process"));
        }
        let _ = self.empties.send(std::mem::take(batch));
        loop {
            match self.receive(py)? {
                Message::Batch(next, faults) => {
                    tell(faults, events);
                    if !next.is_empty() {
                        *batch = next;
                        return Ok(Ok(()));
                    }
                    let _ = self.empties.send(next);
                }
                Message::End(ended, faults) => {
                    tell(faults, events);
                    return Ok(ended);
                }
                Message::Repair(input, fault, stored) => {
                    let answer = events.repair(input, &fault, &stored);
                    if let Err(stopped) = check() {
                        return Ok(Err(stopped));
                    }
                    let _ = self.answers.send(answer);
                }
            }
        }
    }

    fn receive(&mut self, py: Python<'_>) -> PyResult<Message> {
        if let Ok(message) = self.messages.try_recv() {
            return Ok(message);
        }
        loop {
            let messages = &mut self.messages;
            match py.detach(move || messages.recv_timeout(PATIENCE)) {
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyRuntimeError::new_err("the thread that reads ahead is gone"));
                }
            }
        }
    }
}

fn tell(faults: Vec<(u32, Fault)>, events: &mut dyn Events) {
    for (input, fault) in faults {
        events.fault(input, fault);
    }
}

/// Fill and send until the selection ends or nobody listens. A batch without versions is sent too: that is how the worker
/// learns whether somebody listens. After a large one it waits until the caller has used all that was sent.
fn run(mut selection: Box<Selection>, count: usize, mut remote: Remote, emptied: &Receiver<VersionBatch>) {
    // The caller gives back a batch before each one that it takes, so one more than it has used.
    let (mut sent, mut given_back) = (0_usize, 0_usize);
    loop {
        let mut batch = VersionBatch::default();
        while let Ok(empty) = emptied.try_recv() {
            (batch, given_back) = (empty, given_back + 1);
        }
        let filled = selection.fill(&mut batch, count, EFFORT, &mut remote);
        let faults = std::mem::take(&mut remote.faults);
        let message = match filled {
            Ok(()) if selection.ended() && batch.is_empty() => Message::End(Ok(()), faults),
            Ok(()) => Message::Batch(batch, faults),
            Err(error) => Message::End(Err(error), faults),
        };
        let is_end = matches!(message, Message::End(..));
        let is_large = matches!(&message, Message::Batch(batch, _) if batch.byte_size() > LARGE);
        if remote.messages.send(message).is_err() || is_end {
            return;
        }
        sent += 1;
        while is_large && given_back <= sent {
            if emptied.recv().is_err() {
                return;
            }
            given_back += 1;
        }
    }
}
