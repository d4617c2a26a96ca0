//! Keys, values and flags as Python gives them.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyMemoryView};
use relevel_kernel::engine::write::MAX_ENTRY_SIZE;
use std::ops::Deref;

/// A key: exactly `bytes`.
///
/// # Errors
/// `TypeError`.
#[inline]
pub fn key<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match object.cast_exact::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(wrong_type("key", "bytes", object)),
    }
}

/// A flag: exactly a bool, or None, which is false.
///
/// # Errors
/// `TypeError`.
#[inline]
pub fn flag(name: &str, object: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    let Some(object) = object else { return Ok(false) };
    object.cast_exact::<PyBool>().map(|flag| flag.is_true()).map_err(|_| wrong_type(name, "bool or None", object))
}

fn wrong_type(name: &str, wanted: &str, object: &Bound<'_, PyAny>) -> PyErr {
    let got = object.get_type().name().map_or_else(|_| String::from("something else"), |name| name.to_string());
    PyTypeError::new_err(format!("{name} must be {wanted}, not {got}"))
}

/// The bytes of a value: those of `bytes` as they are, of any other buffer a copy.
pub enum Value<'a> {
    /// Of an object that cannot change.
    Bytes(&'a [u8]),
    /// Of a buffer that might have changed.
    Copy(Vec<u8>),
    /// Of a buffer, copied by Python.
    Python(PyBackedBytes),
}

impl Deref for Value<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Copy(bytes) => bytes,
            Self::Python(bytes) => bytes,
        }
    }
}

/// A value: any contiguous buffer.
///
/// # Errors
/// `TypeError`.
#[inline]
pub fn value<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<Value<'a>> {
    match object.cast::<PyBytes>() {
        Ok(bytes) => Ok(Value::Bytes(bytes.as_bytes())),
        Err(_) => buffer(object),
    }
}

fn buffer<'a>(object: &Bound<'_, PyAny>) -> PyResult<Value<'a>> {
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(Value::Copy(bytes.to_vec()));
    }
    let view = PyMemoryView::from(object).map_err(|_| wrong_type("value", "a buffer such as bytes", object))?;
    if !view.getattr("c_contiguous")?.is_truthy()? {
        return Err(PyTypeError::new_err("value must be a contiguous buffer"));
    }
    Ok(Value::Python(view.call_method0("tobytes")?.extract()?))
}

/// Refuse what no table could hold.
///
/// # Errors
/// `ValueError`.
#[inline]
pub fn check_size(prefix: &[u8], key: &[u8], value: &[u8]) -> PyResult<()> {
    let size = prefix.len().saturating_add(key.len()).saturating_add(value.len());
    if size > MAX_ENTRY_SIZE {
        return Err(PyValueError::new_err(format!(
            "key and value have {size} bytes together; {MAX_ENTRY_SIZE} are the most that a table can hold"
        )));
    }
    Ok(())
}
