//! `relevel._kernel.columns`: versions as columns, laid out as Apache Arrow lays out arrays: whoever knows that layout wraps them without looking at a row.
//!
//! ```text
//! fixed width    one number after another, in the machine's order of bytes
//! key, value     offsets (one more than rows, 8 bytes each) and the bytes one after another
//! validity       a bit a row, lowest first: 0 where the value of a deletion is null
//! codes          the number of a name: of a type, a state, an integrity, a file
//! ```
//! <https://arrow.apache.org/docs/format/Columnar.html>

use crate::cursors::Cursor;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use relevel_kernel::internal_key::TYPE_VALUE;
use relevel_kernel::merge::{State, Version, VersionBatch};
use std::collections::HashSet;

/// A file's number and an offset in it.
pub type Place = (u32, u64);

/// The columns of some versions.
#[pyclass(frozen, get_all, module = "relevel._kernel.columns")]
pub struct Columns {
    count: usize,
    sequence: Py<PyBytes>,
    r#type: Py<PyBytes>,
    key_offsets: Py<PyBytes>,
    key: Py<PyBytes>,
    value_offsets: Py<PyBytes>,
    value: Py<PyBytes>,
    value_validity: Option<Py<PyBytes>>,
    state: Py<PyBytes>,
    file: Py<PyBytes>,
    offset: Py<PyBytes>,
    integrity: Py<PyBytes>,
}

impl Columns {
    /// The columns of `versions`, which are of `batch`. Those in `unverified` are not intact whatever they say themselves.
    ///
    /// # Errors
    /// There is no memory for them.
    pub fn of(
        py: Python<'_>,
        batch: &VersionBatch,
        versions: &[Version],
        unverified: &HashSet<Place>,
    ) -> PyResult<Self> {
        let is_put = |version: &Version| version.value_type == TYPE_VALUE;
        let is_intact = |version: &Version| {
            let origin = version.origin;
            origin.intact && (unverified.is_empty() || !unverified.contains(&(origin.input, origin.offset)))
        };
        let (key_offsets, key) = bytes_of(py, versions, |version| batch.key(version))?;
        let (value_offsets, value) = bytes_of(py, versions, |version| batch.value(version))?;
        Ok(Self {
            count: versions.len(),
            sequence: numbers(py, versions, |version| version.sequence.to_ne_bytes())?,
            r#type: numbers(py, versions, |version| [u8::from(!is_put(version))])?,
            key_offsets,
            key,
            value_offsets,
            value,
            value_validity: validity(py, versions, is_put)?,
            state: numbers(py, versions, |version| [code_of(version.state)])?,
            file: numbers(py, versions, |version| version.origin.input.to_ne_bytes())?,
            offset: numbers(py, versions, |version| version.origin.offset.to_ne_bytes())?,
            integrity: numbers(py, versions, |version| [u8::from(!is_intact(version))])?,
        })
    }
}

const fn code_of(state: State) -> u8 {
    match state {
        State::Live => 0,
        State::Shadowed => 1,
        State::Deleted => 2,
        State::Unknown => 3,
    }
}

fn numbers<const SIZE: usize>(
    py: Python<'_>,
    versions: &[Version],
    number: impl Fn(&Version) -> [u8; SIZE],
) -> PyResult<Py<PyBytes>> {
    let made = PyBytes::new_with(py, versions.len() * SIZE, |out| {
        for (slot, version) in out.chunks_exact_mut(SIZE).zip(versions) {
            slot.copy_from_slice(&number(version));
        }
        Ok(())
    })?;
    Ok(made.unbind())
}

/// Offsets and bytes.
fn bytes_of<'a>(
    py: Python<'_>,
    versions: &[Version],
    bytes: impl Fn(&Version) -> &'a [u8],
) -> PyResult<(Py<PyBytes>, Py<PyBytes>)> {
    let mut end = 0_usize;
    let mut ends = Vec::with_capacity((versions.len() + 1) * size_of::<u64>());
    ends.extend_from_slice(&0_u64.to_ne_bytes());
    for version in versions {
        end += bytes(version).len();
        ends.extend_from_slice(&(end as u64).to_ne_bytes());
    }
    let joined = PyBytes::new_with(py, end, |mut rest| {
        for version in versions {
            let bytes = bytes(version);
            if let Some((slot, after)) = std::mem::take(&mut rest).split_at_mut_checked(bytes.len()) {
                slot.copy_from_slice(bytes);
                rest = after;
            }
        }
        Ok(())
    })?;
    Ok((PyBytes::new(py, &ends).unbind(), joined.unbind()))
}

/// A bit a row, or nothing where all are set.
fn validity(
    py: Python<'_>,
    versions: &[Version],
    is_valid: impl Fn(&Version) -> bool,
) -> PyResult<Option<Py<PyBytes>>> {
    if versions.iter().all(&is_valid) {
        return Ok(None);
    }
    let made = PyBytes::new_with(py, versions.len().div_ceil(8), |out| {
        for (byte, eight) in out.iter_mut().zip(versions.chunks(8)) {
            *byte = eight.iter().rev().fold(0, |bits, version| bits << 1 | u8::from(is_valid(version)));
        }
        Ok(())
    })?;
    Ok(Some(made.unbind()))
}

#[pyfunction]
#[pyo3(signature = (cursor, count, unverified=HashSet::new()), text_signature = "(cursor, count, unverified=frozenset())")]
fn read_columns(
    py: Python<'_>,
    cursor: &Bound<'_, Cursor>,
    count: usize,
    unverified: HashSet<(String, u64)>,
) -> PyResult<Option<Columns>> {
    cursor.try_borrow_mut()?.columns(py, count, unverified)
}

#[pyfunction]
fn file_names<'py>(py: Python<'py>, cursor: &Bound<'py, Cursor>) -> PyResult<Vec<Bound<'py, PyString>>> {
    Ok(cursor.try_borrow()?.names().iter().map(|name| name.bind(py).clone()).collect())
}

/// Add the module.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = parent.py();
    let module = PyModule::new(py, "columns")?;
    module.add_class::<Columns>()?;
    module.add_function(wrap_pyfunction!(read_columns, &module)?)?;
    module.add_function(wrap_pyfunction!(file_names, &module)?)?;
    parent.add_submodule(&module)?;
    module.setattr("__name__", "relevel._kernel.columns")?;
    py.import("sys")?.getattr("modules")?.set_item("relevel._kernel.columns", module)
}
