//! `Reader`: what it is attached to.

use super::store::Store;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a reader reads from.
pub struct Attached {
    /// The store.
    pub store: Py<Store>,
    /// What every key begins with.
    pub prefix: Box<[u8]>,
    /// The snapshot; `None` reads the present.
    pub sequence: Option<u64>,
    /// Says that it is closed, instead of the store's own message.
    pub closed_message: Option<String>,
    /// Whether it was let go of.
    detached: AtomicBool,
}

/// Looks up keys in a store.
#[pyclass(frozen, subclass, module = "relevel._kernel.engine")]
#[derive(Default)]
pub struct Reader(OnceLock<Attached>);

impl Reader {
    /// What it reads from.
    ///
    /// # Errors
    /// `RuntimeError` where it is not attached, was detached, or the store is closed.
    #[inline]
    pub fn attached(&self) -> PyResult<&Attached> {
        let Some(attached) = self.0.get() else {
            return Err(PyRuntimeError::new_err("not attached to a store"));
        };
        if attached.detached.load(Ordering::Relaxed) {
            let message = attached.closed_message.as_deref().unwrap_or("detached from its store");
            return Err(PyRuntimeError::new_err(message.to_owned()));
        }
        attached.store.get().check_open(attached.closed_message.as_deref())?;
        Ok(attached)
    }
}

#[pymethods]
impl Reader {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(*args, **kwargs)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    #[pyo3(signature = (store, *, prefix=None, sequence=None, closed_message=None),
           text_signature = "($self, store, *, prefix=b'', sequence=None, closed_message=None)")]
    fn attach(
        &self,
        store: Py<Store>,
        prefix: Option<&Bound<'_, PyBytes>>,
        sequence: Option<u64>,
        closed_message: Option<String>,
    ) -> PyResult<()> {
        let prefix = prefix.map_or_else(Box::default, |prefix| prefix.as_bytes().into());
        let detached = AtomicBool::new(false);
        let attached = Attached { store, prefix, sequence, closed_message, detached };
        self.0.set(attached).map_err(|_| PyRuntimeError::new_err("already attached to a store"))
    }

    fn detach(&self) {
        if let Some(attached) = self.0.get() {
            attached.detached.store(true, Ordering::Relaxed);
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.get().map_or(Ok(()), |attached| visit.call(&attached.store))
    }
}
