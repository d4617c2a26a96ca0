//! Comparators of a living database, and what they raise.
//!
//! One database is used by many threads, so what a comparator raises is kept for the thread that called it: until
//! [`finish`] gives it to Python, every comparison of that thread answers `Equal` and Python is not entered again.

use crate::convert;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyString;
use relevel_kernel::Comparator;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::sync::Arc;

thread_local! {
    static FAILED: Cell<bool> = const { Cell::new(false) };
    static COMPARING: Cell<bool> = const { Cell::new(false) };
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// A comparator argument: a name or a callable.
pub struct Order(pub Comparator);

impl Default for Order {
    fn default() -> Self {
        Self(Comparator::Bytewise)
    }
}

impl<'py> FromPyObject<'_, 'py> for Order {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(name) = object.cast::<PyString>() {
            return convert::named(&name.to_cow()?).map(Self);
        }
        if !object.is_callable() {
            return Err(PyTypeError::new_err(format!(
                "a comparator is a name (str) or a callable (bytes, bytes) -> int, not {}",
                object.get_type().name()?
            )));
        }
        let callable = object.to_owned().unbind();
        Ok(Self(Comparator::Custom(Arc::new(move |a, b| compare(&callable, a, b)))))
    }
}

fn compare(callable: &Py<PyAny>, a: &[u8], b: &[u8]) -> Ordering {
    if failed() {
        return Ordering::Equal;
    }
    let before = COMPARING.replace(true);
    let answer = Python::try_attach(|py| convert::ask(callable.bind(py), a, b));
    COMPARING.set(before);
    match answer {
        Some(Ok(order)) => order,
        Some(Err(error)) => fail(Some(error)),
        None => fail(None), // The interpreter is going away.
    }
}

fn fail(error: Option<PyErr>) -> Ordering {
    FAILED.set(true);
    RAISED.replace(error);
    Ordering::Equal
}

/// Whether a comparator failed in this thread.
pub fn failed() -> bool {
    FAILED.get()
}

/// Refuse work on a database from within a comparator: the call that compares may hold what the work would wait for.
///
/// # Errors
/// `RuntimeError`.
pub fn refuse_within() -> PyResult<()> {
    if COMPARING.get() {
        return Err(PyRuntimeError::new_err("a comparator may not use a database with an order of its own"));
    }
    Ok(())
}

/// Note whether the calling thread is in a comparator; gives what was noted before. For comparisons that Python makes itself.
#[pyfunction]
pub fn swap_comparing(is_comparing: bool) -> bool {
    COMPARING.replace(is_comparing)
}

/// What a call gives to Python: the exception of the comparator, else the result as `map` makes it. Forgets the exception.
/// Every call that may compare in an order that may fail ends with this.
///
/// # Errors
/// The exception that the comparator raised; else what `map` makes of the error.
pub fn finish<T, E>(result: Result<T, E>, map: impl FnOnce(E) -> PyErr) -> PyResult<T> {
    if FAILED.replace(false) {
        let raised = RAISED.take();
        return Err(raised.unwrap_or_else(|| PyRuntimeError::new_err("the interpreter is going away")));
    }
    result.map_err(map)
}
