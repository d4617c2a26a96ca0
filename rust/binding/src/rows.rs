//! Versions as Python's rows. Whatever many rows share is one object.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{Py_tp_new, PyType_GetSlot, newfunc};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyNone, PyString, PyTuple, PyType};
use relevel_kernel::internal_key::TYPE_VALUE;
use relevel_kernel::merge::{State, Version, VersionBatch};
use std::ops::Range;
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
    row_type: Option<TupleType<'py>>,
}

impl<'a, 'py> RowMaker<'a, 'py> {
    /// `names` are the files', by input number. Rows are of `row_type`, a class derived from tuple, if one is given.
    pub fn new(
        py: Python<'py>,
        names: &'a [Arc<Py<PyString>>],
        row_type: Option<Bound<'py, PyType>>,
    ) -> PyResult<Self> {
        let states = [intern!(py, "live"), intern!(py, "shadowed"), intern!(py, "deleted"), intern!(py, "unknown")];
        let (put, delete) = (intern!(py, "put"), intern!(py, "delete"));
        let (intact, unverified) = (intern!(py, "intact"), intern!(py, "unverified"));
        let row_type = row_type.map(TupleType::new).transpose()?;
        Ok(Self { py, names, put, delete, states, intact, unverified, row_type })
    }

    /// The rows of the versions of a batch in `range`.
    pub fn rows(&self, batch: &VersionBatch, range: Range<usize>) -> PyResult<Bound<'py, PyList>> {
        let mut rows = Vec::with_capacity(range.len());
        let mut offset = (u64::MAX, u64::MAX.into_pyobject(self.py)?);
        for version in batch.versions(range) {
            if version.origin.offset != offset.0 {
                offset = (version.origin.offset, version.origin.offset.into_pyobject(self.py)?);
            }
            rows.push(self.row(batch, version, &offset.1)?);
        }
        PyList::new(self.py, rows)
    }

    fn row(
        &self,
        batch: &VersionBatch,
        version: &Version,
        offset: &Bound<'py, PyInt>,
    ) -> PyResult<Bound<'py, PyTuple>> {
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
        let fields = [
            version.sequence.into_pyobject(py)?.into_any(),
            if is_put { self.put } else { self.delete }.clone().into_any(),
            PyBytes::new(py, batch.key(version)).into_any(),
            value,
            state.clone().into_any(),
            name.map_or_else(|| PyNone::get(py).to_owned().into_any(), |name| name.bind(py).clone().into_any()),
            offset.clone().into_any(),
            if version.origin.intact { self.intact } else { self.unverified }.clone().into_any(),
        ];
        let row = PyTuple::new(py, fields)?;
        match &self.row_type {
            None => Ok(untracked(row)),
            Some(row_type) => row_type.make(row).map(untracked),
        }
    }
}

/// A class derived from tuple, and the function that makes its instances: tuple's own, without the class's `__new__`.
struct TupleType<'py> {
    class: Bound<'py, PyType>,
    new: newfunc,
}

impl<'py> TupleType<'py> {
    fn new(class: Bound<'py, PyType>) -> PyResult<Self> {
        if !class.is_subclass_of::<PyTuple>()? {
            return Err(PyTypeError::new_err(format!("{class} is not derived from tuple")));
        }
        let tuple = class.py().get_type::<PyTuple>();
        // SAFETY: tuple is a type, and this slot of a type that can be called holds a newfunc.
        let new = unsafe {
            let slot = PyType_GetSlot(tuple.as_type_ptr(), Py_tp_new);
            std::mem::transmute::<*mut std::ffi::c_void, Option<newfunc>>(slot)
        };
        let new = new.ok_or_else(|| PyTypeError::new_err("tuples cannot be made"))?;
        Ok(Self { class, new })
    }

    fn make(&self, row: Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyTuple>> {
        let py = self.class.py();
        let arguments = PyTuple::new(py, [row])?;
        // SAFETY: called as `tuple.__new__(class, row)` calls it: the class derives from tuple, and the arguments are a tuple.
        // It gives a new reference, or null with an exception set.
        let made = unsafe {
            let made = (self.new)(self.class.as_type_ptr(), arguments.as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, made)?
        };
        Ok(made.cast_into::<PyTuple>()?)
    }
}

/// Keys and values of the versions of a batch in `range`.
pub fn pairs<'py>(py: Python<'py>, batch: &VersionBatch, range: Range<usize>) -> PyResult<Bound<'py, PyList>> {
    let pair = |version: &Version| {
        let pair = [batch.key(version), batch.value(version)].map(|bytes| PyBytes::new(py, bytes));
        PyTuple::new(py, pair).map(untracked)
    };
    let pairs: Vec<_> = batch.versions(range).iter().map(pair).collect::<PyResult<_>>()?;
    PyList::new(py, pairs)
}

/// Tell the cycle collector to leave a tuple of atoms alone, as it would by itself after having looked at it. Looking at each
/// of millions costs a quarter of the time it takes to make them.
pub(crate) fn untracked<'py>(tuple: Bound<'py, PyTuple>) -> Bound<'py, PyTuple> {
    // SAFETY: the tuple is alive, and holds only integers, strings, bytes and None, which hold nothing.
    unsafe { pyo3::ffi::PyObject_GC_UnTrack(tuple.as_ptr().cast()) };
    tuple
}
