//! Versions as Python's rows. Whatever many rows share is one object.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyNone, PyString, PyTuple};
use relevel_kernel::internal_key::TYPE_VALUE;
use relevel_kernel::merge::{State, Version, VersionBatch};
use std::sync::Arc;

/// Makes rows of one cursor.
pub struct RowMaker<'a, 'py> {
    py: Python<'py>,
    names: &'a [Arc<Py<PyString>>],
    put: &'a Bound<'py, PyString>,
    delete: &'a Bound<'py, PyString>,
    states: [&'a Bound<'py, PyString>; 4],
    intact: &'a Bound<'py, PyString>,
    unverified: &'a Bound<'py, PyString>,
}

impl<'a, 'py> RowMaker<'a, 'py> {
    /// `names` are the files', by input number.
    pub fn new(py: Python<'py>, names: &'a [Arc<Py<PyString>>]) -> Self {
        let states = [intern!(py, "live"), intern!(py, "shadowed"), intern!(py, "deleted"), intern!(py, "unknown")];
        let (put, delete) = (intern!(py, "put"), intern!(py, "delete"));
        let (intact, unverified) = (intern!(py, "intact"), intern!(py, "unverified"));
        Self { py, names, put, delete, states, intact, unverified }
    }

    /// The rows of a batch.
    pub fn rows(&self, batch: &VersionBatch) -> PyResult<Bound<'py, PyList>> {
        let rows: Vec<_> = batch.iter().map(|version| self.row(batch, version)).collect::<PyResult<_>>()?;
        PyList::new(self.py, rows)
    }

    fn row(&self, batch: &VersionBatch, version: &Version) -> PyResult<Bound<'py, PyTuple>> {
        let py = self.py;
        let [live, shadowed, deleted, unknown] = self.states;
        let state = match version.state {
            State::Live => live,
            State::Shadowed => shadowed,
            State::Deleted => deleted,
            State::Unknown => unknown,
        };
        let is_put = version.value_type == TYPE_VALUE;
        let value = if is_put {
            PyBytes::new(py, batch.value(version)).into_any()
        } else {
            PyNone::get(py).to_owned().into_any()
        };
        let name = usize::try_from(version.origin.input).ok().and_then(|input| self.names.get(input));
        PyTuple::new(
            py,
            [
                version.sequence.into_pyobject(py)?.into_any(),
                if is_put { self.put } else { self.delete }.clone().into_any(),
                PyBytes::new(py, batch.key(version)).into_any(),
                value,
                state.clone().into_any(),
                name.map_or_else(|| PyNone::get(py).to_owned().into_any(), |name| name.bind(py).clone().into_any()),
                version.origin.offset.into_pyobject(py)?.into_any(),
                if version.origin.intact { self.intact } else { self.unverified }.clone().into_any(),
            ],
        )
    }
}

/// Keys and values of a batch.
pub fn pairs<'py>(py: Python<'py>, batch: &VersionBatch) -> PyResult<Bound<'py, PyList>> {
    let pair = |version: &Version| {
        PyTuple::new(py, [PyBytes::new(py, batch.key(version)), PyBytes::new(py, batch.value(version))])
    };
    let pairs: Vec<_> = batch.iter().map(pair).collect::<PyResult<_>>()?;
    PyList::new(py, pairs)
}
