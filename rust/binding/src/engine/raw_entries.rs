//! `RawEntryIterator`: stands on an entry or on none, as LevelDB's own iterator.

use super::arguments;
use super::store::Store;
use super::walking::{Reads, Walking};
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use relevel_kernel::engine::{Direction, Range};
use std::sync::{Mutex, OnceLock, PoisonError};

struct Attached {
    walking: Walking,
    /// How the entry stood on was stepped over: the gap is behind it in that direction. `None`: it stands on no entry.
    stands: Mutex<Option<Direction>>,
}

/// Stands on an entry of the whole store or on none.
#[pyclass(frozen, subclass, module = "relevel._kernel.engine")]
#[derive(Default)]
pub struct RawEntryIterator(OnceLock<Attached>);

impl Attached {
    fn stands(&self) -> Option<Direction> {
        *self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stand(&self, stands: Option<Direction>) {
        *self.stands.lock().unwrap_or_else(PoisonError::into_inner) = stands;
    }

    /// Stand on the entry behind the gap in a direction.
    fn step(&self, py: Python<'_>, direction: Direction) -> PyResult<()> {
        let stepped = self.walking.step(py, direction, |_, _| ())?;
        self.stand(stepped.map(|()| direction));
        Ok(())
    }

    /// Go from the entry stood on to its neighbour.
    fn go(&self, py: Python<'_>, direction: Direction) -> PyResult<()> {
        self.walking.check_open()?;
        let Some(stands) = self.stands() else { return Ok(()) };
        if stands != direction {
            // The gap is on the other side of the entry stood on.
            self.step(py, direction)?;
        }
        self.step(py, direction)
    }

    /// Move the gap somewhere, and stand on the entry behind it.
    fn jump(&self, py: Python<'_>, direction: Direction, to: impl FnOnce() -> PyResult<()>) -> PyResult<()> {
        self.walking.check_open()?;
        self.stand(None);
        to()?;
        self.step(py, direction)
    }
}

impl RawEntryIterator {
    fn attached(&self) -> PyResult<&Attached> {
        self.0.get().ok_or_else(|| PyRuntimeError::new_err("not attached to a store"))
    }
}

#[pymethods]
impl RawEntryIterator {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(*args, **kwargs)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    #[pyo3(signature = (store, *, sequence=None, verify_checksums=None, fill_cache=true, closed_message=None))]
    fn attach(
        &self,
        py: Python<'_>,
        store: Py<Store>,
        sequence: Option<u64>,
        verify_checksums: Option<bool>,
        fill_cache: bool,
        closed_message: Option<String>,
    ) -> PyResult<()> {
        let reads = Reads { sequence, verify: verify_checksums, fill_cache, closed_message };
        let walking = Walking::new(py, store, Range::ALL, reads)?;
        let attached = Attached { walking, stands: Mutex::new(None) };
        self.0.set(attached).map_err(|_| PyRuntimeError::new_err("already attached to a store"))
    }

    fn valid(&self) -> PyResult<bool> {
        let attached = self.attached()?;
        attached.walking.check_open()?;
        Ok(attached.stands().is_some())
    }

    fn seek_to_first(&self, py: Python<'_>) -> PyResult<()> {
        let attached = self.attached()?;
        let start = || attached.walking.with(py, |walk| walk.seek_to_start());
        attached.jump(py, Direction::Forward, start)
    }

    fn seek_to_last(&self, py: Python<'_>) -> PyResult<()> {
        let attached = self.attached()?;
        let stop = || attached.walking.with(py, |walk| walk.seek_to_stop());
        attached.jump(py, Direction::Backward, stop)
    }

    fn seek(&self, py: Python<'_>, target: &Bound<'_, PyAny>) -> PyResult<()> {
        let (attached, target) = (self.attached()?, arguments::key(target)?);
        attached.jump(py, Direction::Forward, || attached.walking.seek(py, target))
    }

    fn next(&self, py: Python<'_>) -> PyResult<()> {
        self.attached()?.go(py, Direction::Forward)
    }

    fn prev(&self, py: Python<'_>) -> PyResult<()> {
        self.attached()?.go(py, Direction::Backward)
    }

    fn entry<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let attached = self.attached()?;
        attached.walking.check_open()?;
        let Some(stands) = attached.stands() else { return Ok(None) };
        let entry = attached.walking.with(py, |walk| {
            let (key, value) = walk.passed(stands);
            [PyBytes::new(py, key), PyBytes::new(py, value)]
        })?;
        PyTuple::new(py, entry).map(Some)
    }

    fn detach(&self, py: Python<'_>) {
        if let Some(attached) = self.0.get() {
            attached.walking.detach(py);
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.get().map_or(Ok(()), |attached| visit.call(attached.walking.store()))
    }
}
