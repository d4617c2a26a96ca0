//! How a cursor comes by its next versions: the first batch is read by the caller, the others by a thread of its own.
//!
//! ```text
//! Fresh -> Begun -> Ahead -> Ended        (a custom comparator enters Python, so it stays with the caller: Begun -> Begun)
//! Fresh, Begun -> taken                   by_sequence and write_tables
//! any -> Failed                           an exception came out of it
//! ```
//! So a cursor that is asked for one batch, as a lookup is, costs no thread.

use crate::listener::Listener;
use crate::prefetch::Prefetch;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use relevel_kernel::Result;
use relevel_kernel::merge::{Selection, VersionBatch};

/// Entries read between two looks at signals.
pub const EFFORT: usize = 1 << 16;

/// Where the versions of a cursor come from.
pub enum Reading {
    /// Nothing has been read.
    Fresh(Box<Selection>),
    /// The caller has read a batch.
    Begun(Box<Selection>),
    /// A thread reads ahead.
    Ahead(Prefetch),
    /// There is nothing more.
    Ended,
    /// The versions went elsewhere.
    Taken,
    /// An exception came out of it.
    Failed,
}

/// How to read.
#[derive(Clone, Copy)]
pub struct Pace {
    /// How many versions are asked for.
    pub count: usize,
    /// Whether a thread may read ahead.
    pub ahead: bool,
    /// Whether there is somebody to ask for repairs.
    pub repairs: bool,
}

impl Reading {
    /// Read from `selection`.
    pub fn of(selection: Selection) -> Self {
        Self::Fresh(Box::new(selection))
    }

    /// Replace `batch` with the next versions; none at the end only.
    ///
    /// # Errors
    /// What a callback or a signal handler raised; the kernel's error, mapped. The reading has failed then.
    pub fn next(
        &mut self,
        py: Python<'_>,
        batch: &mut VersionBatch,
        pace: Pace,
        listener: &mut Listener,
    ) -> PyResult<()> {
        let (next, filled) = match std::mem::replace(self, Self::Failed) {
            Self::Fresh(mut selection) => {
                let filled = py.detach(|| fill(&mut selection, batch, pace.count, listener));
                (Self::Begun(selection), filled)
            }
            Self::Begun(selection) if pace.ahead => match Prefetch::start(selection, pace.count, pace.repairs) {
                Ok(prefetch) => receive(py, prefetch, batch, listener)?,
                Err(mut selection) => {
                    let filled = py.detach(|| fill(&mut selection, batch, pace.count, listener));
                    (Self::Begun(selection), filled)
                }
            },
            Self::Begun(mut selection) => {
                let filled = py.detach(|| fill(&mut selection, batch, pace.count, listener));
                (Self::Begun(selection), filled)
            }
            Self::Ahead(prefetch) => receive(py, prefetch, batch, listener)?,
            Self::Ended => (Self::Ended, Ok(())),
            Self::Taken => {
                *self = Self::Taken;
                return Err(PyValueError::new_err("the cursor has been consumed"));
            }
            Self::Failed => return Err(PyRuntimeError::new_err("the cursor failed before this")),
        };
        listener.callbacks.finish(filled)?;
        *self = if batch.is_empty() { Self::Ended } else { next };
        Ok(())
    }

    /// Hand over the selection.
    ///
    /// # Errors
    /// Versions have been read already, or it is not there any more.
    pub fn take(&mut self) -> PyResult<Box<Selection>> {
        match std::mem::replace(self, Self::Taken) {
            Self::Fresh(selection) => Ok(selection),
            Self::Taken => Err(PyValueError::new_err("the cursor has been consumed")),
            other => {
                *self = other;
                Err(PyValueError::new_err("the cursor has been read from; make another one"))
            }
        }
    }
}

/// Read in this thread until there are versions or the end.
fn fill(selection: &mut Selection, batch: &mut VersionBatch, count: usize, listener: &mut Listener) -> Result<()> {
    selection.fill(batch, count, EFFORT, listener)?;
    while batch.is_empty() && !selection.ended() {
        listener.callbacks.check_signals()?;
        selection.fill(batch, count, EFFORT, listener)?;
    }
    listener.callbacks.check()
}

fn receive(
    py: Python<'_>,
    mut prefetch: Prefetch,
    batch: &mut VersionBatch,
    listener: &mut Listener,
) -> PyResult<(Reading, Result<()>)> {
    let callbacks = listener.callbacks.clone();
    let filled = prefetch.next(py, batch, listener, || callbacks.check())?;
    Ok((Reading::Ahead(prefetch), filled))
}
