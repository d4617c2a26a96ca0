//! Callbacks into Python from a kernel that runs without the interpreter lock.
//!
//! The kernel knows nothing of exceptions. So a callback that raises leaves its exception in a [`Callbacks`], answers with
//! anything harmless, and the call that started the work raises the exception when the kernel comes back:
//!
//! ```text
//! call -> detach -> kernel -> callback -> attach -> Python raises -> kept here -> kernel stops -> call raises it
//! ```
//! Once something is kept, no callback enters Python again, so that the kernel soon finds its way out: loops ask
//! [`Callbacks::check`] now and then.

use crate::errors;
use crate::turn::attach_soon;
use pyo3::prelude::*;
use relevel_kernel::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The callbacks of one call or one object; clones share what was raised. The first exception wins.
#[derive(Clone, Default)]
pub struct Callbacks(Arc<State>);

#[derive(Default)]
struct State {
    failed: AtomicBool,
    raised: Mutex<Option<PyErr>>,
}

impl Callbacks {
    /// Call into Python. `None` where it raised, or where an earlier callback did: then Python is not entered.
    pub fn call<T>(&self, callback: impl FnOnce(Python<'_>) -> PyResult<T>) -> Option<T> {
        if self.failed() {
            return None;
        }
        let outcome = attach_soon(callback);
        if outcome.is_none() {
            // The interpreter is going away: nobody is left to be told why the work stops.
            self.0.failed.store(true, Ordering::Release);
        }
        outcome?.map_err(|error| self.keep(error)).ok()
    }

    /// Whether a callback raised.
    pub fn failed(&self) -> bool {
        self.0.failed.load(Ordering::Acquire)
    }

    /// Stop the kernel without an exception: nobody waits for its result any more.
    pub fn stop(&self) {
        self.0.failed.store(true, Ordering::Release);
    }

    /// Stop the kernel where a callback raised: `callbacks.check()?` in a loop.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn check(&self) -> Result<()> {
        if self.failed() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// As [`check`](Self::check), and let a signal (Ctrl-C) stop the work too. Enters Python: not for every entry.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn check_signals(&self) -> Result<()> {
        self.call(|py| py.check_signals());
        self.check()
    }

    /// What the call gives to Python: the exception that was kept, else the kernel's result. Forgets the exception.
    ///
    /// # Errors
    /// The first exception of a callback, unchanged; else the kernel's error, mapped.
    pub fn finish<T>(&self, result: Result<T>) -> PyResult<T> {
        let raised = self.0.raised.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.0.failed.store(false, Ordering::Release);
        match raised {
            Some(error) => Err(error),
            None => result.map_err(errors::to_python),
        }
    }

    fn keep(&self, error: PyErr) {
        let mut raised = self.0.raised.lock().unwrap_or_else(PoisonError::into_inner);
        if raised.is_none() {
            *raised = Some(error);
        }
        self.0.failed.store(true, Ordering::Release);
    }
}
