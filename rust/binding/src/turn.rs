//! Taking turns with the interpreter lock.
//!
//! Python takes the lock away from a thread only after it has had it for some milliseconds. A thread that does one short call
//! after another never waits for anything, so a thread of the database's own that comes back from the file system would lose
//! these milliseconds at each of its many steps: a merge spent more time so than merging.
//!
//! ```text
//! background   long call ---- done, WAITING + 1 --- has the lock, WAITING - 1
//! caller       put put put put put                 give_way: lets go of the lock until nobody waits (or PATIENCE is over)
//! ```

use pyo3::marker::Ungil;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The longest that a short call waits for a thread that wants the lock: it may lose the race, or not be woken.
const PATIENCE: Duration = Duration::from_micros(200);

/// How many long calls are done and want the interpreter lock back.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Somebody who waits for the lock until this is dropped.
struct Waiting;

impl Waiting {
    fn begin() -> Self {
        WAITING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// In a child process after a fork: none of the threads that waited is there. Gives how many there seemed to be.
#[pyfunction]
fn forget_waiting() -> usize {
    WAITING.swap(0, Ordering::Relaxed)
}

/// Add the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(forget_waiting, module)?)
}

/// Do something that takes long without the interpreter lock, and be let in again soon.
pub fn detach_long<T: Send>(py: Python<'_>, work: impl Ungil + Send + FnOnce() -> T) -> T {
    let (result, _waiting) = py.detach(|| (work(), Waiting::begin()));
    result
}

/// Enter Python from long work, and be let in soon. `None` where the interpreter is going away.
pub fn attach_soon<T>(work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    let waiting = Waiting::begin();
    Python::try_attach(|py| {
        drop(waiting);
        work(py)
    })
}

/// Let a thread in that is back from a long call.
#[inline]
pub fn give_way(py: Python<'_>) {
    if WAITING.load(Ordering::Relaxed) > 0 {
        let_in(py);
    }
}

#[cold]
fn let_in(py: Python<'_>) {
    py.detach(|| {
        let begun = Instant::now();
        while WAITING.load(Ordering::Relaxed) > 0 && begun.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
    });
}
