//! `EntryIterator`: the live entries of a range, from a gap between them.

use super::arguments;
use super::store::Store;
use super::walking::{Reads, Walking};
use crate::rows::untracked;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use relevel_kernel::engine::{Direction, Gap, Range};
use std::sync::OnceLock;

/// What an iterator gives of each entry.
#[derive(Clone, Copy)]
enum Shape {
    Both,
    Key,
    Value,
    Neither,
}

struct Attached {
    walking: Walking,
    /// Where `next` goes.
    direction: Direction,
    prefix_size: usize,
    shape: Shape,
}

/// The live entries of a key range, both ways, as of one sequence number.
#[pyclass(frozen, subclass, module = "relevel._kernel.engine")]
#[derive(Default)]
pub struct EntryIterator(OnceLock<Attached>);

/// Before a bound or after it.
fn gap(bound: Option<&[u8]>, is_before: bool, none: Gap) -> Gap {
    match bound {
        None => none,
        Some(key) if is_before => Gap::Before(key.to_vec()),
        Some(key) => Gap::After(key.to_vec()),
    }
}

impl Attached {
    #[inline]
    fn step<'py>(&self, py: Python<'py>, direction: Direction) -> PyResult<Option<Bound<'py, PyAny>>> {
        let shape = self.shape;
        let parts = self.walking.step(py, direction, |key, value| {
            let key = matches!(shape, Shape::Both | Shape::Key)
                .then(|| PyBytes::new(py, key.get(self.prefix_size..).unwrap_or_default()));
            let value = matches!(shape, Shape::Both | Shape::Value).then(|| PyBytes::new(py, value));
            (key, value)
        })?;
        // A tuple may start the cycle collector, and so any code: not while the walk is locked.
        Ok(match parts {
            None => None,
            Some((Some(key), Some(value))) => Some(untracked(PyTuple::new(py, [key, value])?).into_any()),
            Some((Some(only), None) | (None, Some(only))) => Some(only.into_any()),
            Some((None, None)) => Some(py.None().into_bound(py)),
        })
    }
}

impl EntryIterator {
    #[inline]
    fn attached(&self) -> PyResult<&Attached> {
        self.0.get().ok_or_else(|| PyRuntimeError::new_err("not attached to a store"))
    }
}

#[pymethods]
impl EntryIterator {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(*args, **kwargs)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    #[pyo3(signature = (store, *, sequence=None, lower=None, upper=None, include_lower=true, include_upper=false,
                        reverse=false, prefix_size=0, include_key=true, include_value=true, verify_checksums=None,
                        fill_cache=true, closed_message=None))]
    #[expect(clippy::too_many_arguments, clippy::fn_params_excessive_bools, reason = "as the contract has them")]
    fn attach(
        &self,
        py: Python<'_>,
        store: Py<Store>,
        sequence: Option<u64>,
        lower: Option<&[u8]>,
        upper: Option<&[u8]>,
        include_lower: bool,
        include_upper: bool,
        reverse: bool,
        prefix_size: usize,
        include_key: bool,
        include_value: bool,
        verify_checksums: Option<bool>,
        fill_cache: bool,
        closed_message: Option<String>,
    ) -> PyResult<()> {
        let range = Range { lower: gap(lower, include_lower, Gap::Start), upper: gap(upper, !include_upper, Gap::End) };
        let reads = Reads { sequence, verify: verify_checksums, fill_cache, closed_message };
        let walking = Walking::new(py, store, range, reads)?;
        if reverse {
            walking.with(py, |walk| walk.seek_to_stop())?;
        }
        let shape = match (include_key, include_value) {
            (true, true) => Shape::Both,
            (true, false) => Shape::Key,
            (false, true) => Shape::Value,
            (false, false) => Shape::Neither,
        };
        let direction = if reverse { Direction::Backward } else { Direction::Forward };
        let attached = Attached { walking, direction, prefix_size, shape };
        self.0.set(attached).map_err(|_| PyRuntimeError::new_err("already attached to a store"))
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let attached = self.attached()?;
        attached.step(py, attached.direction)
    }

    fn prev<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let attached = self.attached()?;
        let entry = attached.step(py, attached.direction.opposite())?;
        entry.ok_or_else(|| pyo3::exceptions::PyStopIteration::new_err(()))
    }

    fn seek(&self, py: Python<'_>, target: &Bound<'_, PyAny>) -> PyResult<()> {
        self.attached()?.walking.seek(py, arguments::key(target)?)
    }

    fn seek_to_start(&self, py: Python<'_>) -> PyResult<()> {
        self.attached()?.walking.with(py, |walk| walk.seek_to_start())
    }

    fn seek_to_stop(&self, py: Python<'_>) -> PyResult<()> {
        self.attached()?.walking.with(py, |walk| walk.seek_to_stop())
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
