//! `Store`: one open database. Here is what all calls share: being open, the hooks, and errors.

use super::gate::Gate;
use super::order::{self, Order};
use super::walking::Walks;
use crate::errors::{self, Fault};
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use relevel_kernel::engine::{EngineError, Levels, Tables, View, Views, WritePath};
use relevel_kernel::{Error, PathError};
use std::ffi::OsStr;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A callable of Python that may be exchanged.
pub type Hook = Mutex<Option<Py<PyAny>>>;

/// Memtable and log, block cache, open tables, and the present view of one open database.
#[pyclass(frozen, module = "relevel._kernel.engine")]
pub struct Store {
    /// Log and memtable.
    pub writes: WritePath,
    /// The open tables, and their cached blocks.
    pub tables: Arc<Tables>,
    /// What reads see.
    pub views: Views,
    /// Whether comparisons enter Python: then every call lets go of the interpreter lock before it does anything.
    pub order_may_fail: bool,
    /// Whether reads that do not say verify checksums.
    pub verify_checksums: bool,
    /// The memtable is full when it has this many bytes.
    pub write_buffer_size: usize,
    /// Whether the hook is called before every write.
    pub wants_attention: AtomicBool,
    /// Called before a write that meets a full memtable.
    pub on_full: Hook,
    /// Told the numbers of tables that were searched in vain too often.
    pub on_seek_charge: Hook,
    /// Reads and compactions that are under way without the interpreter lock.
    pub gate: Gate,
    /// The walks of iterators.
    pub walks: Walks,
    make_error: Py<PyAny>,
    closed: OnceLock<String>,
}

/// Take a copy of a hook, so that nothing is locked while it is called.
pub fn hook_of(py: Python<'_>, hook: &Hook) -> Option<Py<PyAny>> {
    hook.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|hook| hook.clone_ref(py))
}

/// Exchange a hook.
pub fn set_hook(hook: &Hook, value: Option<Py<PyAny>>) {
    let old = std::mem::replace(&mut *hook.lock().unwrap_or_else(PoisonError::into_inner), value);
    drop(old); // Without the lock: dropping may run code of Python.
}

impl Store {
    /// Refuse work on a closed store, and from within a comparator.
    ///
    /// # Errors
    /// `RuntimeError` with the message given to `close`, or `message` instead; as [`order::refuse_within`].
    #[inline]
    pub fn check_open(&self, message: Option<&str>) -> PyResult<()> {
        match self.closed.get() {
            None if self.order_may_fail => order::refuse_within(),
            None => Ok(()),
            Some(own) => Err(PyRuntimeError::new_err(message.unwrap_or(own).to_owned())),
        }
    }

    /// What a call gives to Python: what a comparator raised, else the result.
    ///
    /// # Errors
    /// As [`order::finish`] and [`error`](Self::error).
    #[inline]
    pub fn finish<T>(&self, py: Python<'_>, result: Result<T, EngineError>) -> PyResult<T> {
        if self.order_may_fail {
            return order::finish(result, |error| self.error(py, error));
        }
        result.map_err(|error| self.error(py, error))
    }

    /// The exception for an error of the kernel.
    #[cold]
    pub fn error(&self, py: Python<'_>, error: EngineError) -> PyErr {
        match error {
            EngineError::Corruption(path, fault) => self.made(py, path.as_os_str(), Fault::from(*fault)),
            EngineError::Io(error) => self.io_error(py, error),
            EngineError::Exhausted => self.made(py, OsStr::new(""), py.None()),
            EngineError::Refused(why) => self.check_open(None).err().unwrap_or_else(|| PyRuntimeError::new_err(why)),
            EngineError::WouldBlock | EngineError::Stopped => errors::to_python(Error::Stopped),
        }
    }

    fn io_error(&self, py: Python<'_>, error: io::Error) -> PyErr {
        let path = PathError::of(&error).map_or_else(Default::default, |found| found.path.clone());
        let error = errors::to_python(Error::Io(error));
        self.made(py, path.as_os_str(), error.into_value(py))
    }

    fn made<'py>(&self, py: Python<'py>, path: &OsStr, what: impl IntoPyObject<'py>) -> PyErr {
        match self.make_error.bind(py).call1((path, what)) {
            Ok(error) => PyErr::from_value(error),
            Err(error) => error,
        }
    }
}

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (comparator, make_error, *, write_buffer_size, block_cache_size, max_open_tables,
                        verify_checksums=true))]
    fn new(
        comparator: Order,
        make_error: Py<PyAny>,
        write_buffer_size: usize,
        block_cache_size: u64,
        max_open_tables: usize,
        verify_checksums: bool,
    ) -> Self {
        let comparator = comparator.0;
        let (writes, memtable) = WritePath::new(comparator.clone(), order::failed);
        let order_may_fail = memtable.order_may_fail();
        let view = View { memtable, immutables: Vec::new(), levels: Arc::new(Levels::default()) };
        Self {
            writes,
            tables: Arc::new(Tables::new(comparator, block_cache_size, max_open_tables, order::failed)),
            views: Views::new(view),
            order_may_fail,
            verify_checksums,
            write_buffer_size,
            wants_attention: AtomicBool::new(false),
            on_full: Hook::default(),
            on_seek_charge: Hook::default(),
            gate: Gate::default(),
            walks: Walks::default(),
            make_error,
            closed: OnceLock::new(),
        }
    }

    fn close(&self, py: Python<'_>, message: String) {
        if self.closed.set(message).is_err() {
            return;
        }
        py.detach(|| {
            let memtable = self.writes.close();
            self.gate.shut();
            self.walks.end();
            let levels = Arc::new(Levels::default());
            self.views.change(|_| View { memtable, immutables: Vec::new(), levels });
            self.tables.close();
        });
        set_hook(&self.on_full, None);
        set_hook(&self.on_seek_charge, None);
    }

    fn refuse_within_comparator(&self) -> PyResult<()> {
        if self.order_may_fail { order::refuse_within() } else { Ok(()) }
    }

    #[expect(clippy::unused_self, reason = "a method in Python")]
    fn is_within_comparator(&self) -> bool {
        order::refuse_within().is_err()
    }

    fn disown(&self, message: String) {
        let _ = self.closed.set(message);
    }

    #[getter]
    fn closed(&self) -> bool {
        self.closed.get().is_some()
    }

    #[getter]
    fn last_sequence(&self) -> PyResult<u64> {
        self.check_open(None)?;
        Ok(self.writes.last_sequence())
    }

    #[setter]
    fn set_last_sequence(&self, py: Python<'_>, sequence: u64) -> PyResult<()> {
        self.check_open(None)?;
        let result = py.detach(|| self.writes.set_last_sequence(sequence));
        self.finish(py, result)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.make_error)?;
        for hook in [&self.on_full, &self.on_seek_charge] {
            if let Ok(hook) = hook.try_lock() {
                visit.call(&*hook)?;
            }
        }
        Ok(())
    }

    fn __clear__(&self) {
        set_hook(&self.on_full, None);
        set_hook(&self.on_seek_charge, None);
    }
}
