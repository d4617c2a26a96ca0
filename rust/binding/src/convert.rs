//! Sources and comparators as Python gives them.

use crate::callbacks::Callbacks;
use crate::files::{File, Held};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyInt, PyString};
use relevel_kernel::read_at::{self, OsFile, read_slice};
use relevel_kernel::{Comparator, ReadAt};
use std::cmp::Ordering;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where bytes come from: `str` is a path, `bytes` are the bytes, `File` is open, `Limited` is one of these with a limit. Cheap to
/// clone; nothing is opened before `open`.
#[derive(Clone)]
pub struct Source {
    from: Raw,
    most: u64,
}

#[derive(Clone)]
enum Raw {
    /// A file, opened for reading only by [`Source::open`].
    Path(Arc<Path>),
    /// Bytes that Python holds; not copied.
    Bytes(Arc<Bytes>),
    /// A file that is open already.
    Held(Arc<Held>),
}

impl Source {
    /// Open the file, or share the bytes. Does not need the interpreter.
    ///
    /// # Errors
    /// What the operating system says, with the path in it.
    pub fn open(&self) -> io::Result<Arc<dyn ReadAt>> {
        self.open_by(|path| Ok(Arc::new(OsFile::open(path)?)))
    }

    /// The same, with a way of opening files of the caller's own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_by(&self, open: impl FnOnce(&Arc<Path>) -> io::Result<Arc<dyn ReadAt>>) -> io::Result<Arc<dyn ReadAt>> {
        let opened = match &self.from {
            Raw::Path(path) => open(path)?,
            Raw::Bytes(bytes) => bytes.clone(),
            Raw::Held(file) => file.clone(),
        };
        Ok(if self.most == u64::MAX { opened } else { Arc::new(read_at::Limited::new(opened, self.most)) })
    }
}

/// A source of which no block or record of more than so many bytes is to be looked at.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct Limited(Source);

#[pymethods]
impl Limited {
    #[new]
    fn new(source: Source, most: u64) -> Self {
        let most = most.min(source.most);
        Self(Source { most, ..source })
    }

    fn cut(&self, py: Python<'_>, size: u64) -> PyResult<Self> {
        let file = match &self.0.from {
            Raw::Held(file) => File(file.clone()),
            Raw::Path(path) => File::open(py, path)?,
            Raw::Bytes(_) => return Err(PyTypeError::new_err("bytes are cut by slicing them")),
        };
        Ok(Self(Source { from: Raw::Held(file.cut(size).0), most: self.0.most }))
    }
}

impl<'py> FromPyObject<'_, 'py> for Source {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(limited) = object.cast::<Limited>() {
            return Ok(limited.get().0.clone());
        }
        Ok(Self { from: from_of(object)?, most: u64::MAX })
    }
}

fn from_of(object: Borrowed<'_, '_, PyAny>) -> PyResult<Raw> {
    if object.is_instance_of::<PyString>() {
        return Ok(Raw::Path(object.extract::<PathBuf>()?.into()));
    }
    if let Ok(file) = object.cast::<File>() {
        return Ok(Raw::Held(file.get().0.clone()));
    }
    match object.cast::<PyBytes>() {
        Ok(bytes) => Ok(Raw::Bytes(Arc::new(Bytes(bytes.to_owned().into())))),
        Err(_) => Err(PyTypeError::new_err(format!(
            "a source is a path (str), an open File, the bytes themselves (bytes) or one of these Limited, not {}",
            object.get_type().name()?
        ))),
    }
}

/// The contents of a Python `bytes` object, as something to read from.
pub struct Bytes(PyBackedBytes);

impl ReadAt for Bytes {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(read_slice(&self.0, buffer, offset))
    }
}

/// A comparator argument: a name or a callable. What the callable raises is kept in `callbacks`.
///
/// Where it has a default, `text_signature` must say `comparator='bytewise'`: PyO3 cannot spell the default itself.
#[derive(Clone)]
pub struct Order {
    /// The order for the kernel.
    pub comparator: Comparator,
    /// Give these every other callback of the same call, and [`Callbacks::finish`] its result.
    pub callbacks: Callbacks,
}

impl Default for Order {
    fn default() -> Self {
        Self { comparator: Comparator::Bytewise, callbacks: Callbacks::default() }
    }
}

impl<'py> FromPyObject<'_, 'py> for Order {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let callbacks = Callbacks::default();
        let comparator = if let Ok(name) = object.cast::<PyString>() {
            named(&name.to_cow()?)?
        } else if object.is_callable() {
            custom(object.to_owned().unbind(), callbacks.clone())
        } else {
            return Err(PyTypeError::new_err(format!(
                "a comparator is a name (str) or a callable (bytes, bytes) -> int, not {}",
                object.get_type().name()?
            )));
        };
        Ok(Self { comparator, callbacks })
    }
}

/// The order of that name.
///
/// # Errors
/// `ValueError` where it is not known.
pub fn named(name: &str) -> PyResult<Comparator> {
    match name {
        "bytewise" => Ok(Comparator::Bytewise),
        "reverse-bytewise" => Ok(Comparator::ReverseBytewise),
        "idb" => Ok(Comparator::Idb),
        _ => Err(PyValueError::new_err(format!(
            "unknown comparator {name:?}: known are \"bytewise\", \"reverse-bytewise\" and \"idb\"; \
             any other order is given as a callable (bytes, bytes) -> int"
        ))),
    }
}

/// An order that asks Python. After the callable has raised it answers `Equal`, at once.
fn custom(callable: Py<PyAny>, callbacks: Callbacks) -> Comparator {
    Comparator::Custom(Arc::new(move |a, b| {
        callbacks.call(|py| ask(callable.bind(py), a, b)).unwrap_or(Ordering::Equal)
    }))
}

/// What a comparator given as a callable says.
///
/// # Errors
/// What it raises; `TypeError` where it returns no `int`.
pub fn ask(callable: &Bound<'_, PyAny>, a: &[u8], b: &[u8]) -> PyResult<Ordering> {
    let py = callable.py();
    let answer = callable.call1((PyBytes::new(py, a), PyBytes::new(py, b)))?;
    let Ok(answer) = answer.cast::<PyInt>() else {
        return Err(PyTypeError::new_err(format!("the comparator returned {}, not an int", answer.repr()?)));
    };
    match answer.extract::<i64>() {
        Ok(number) => Ok(number.cmp(&0)),
        Err(error) if error.is_instance_of::<PyOverflowError>(py) => {
            Ok(if answer.lt(0)? { Ordering::Less } else { Ordering::Greater })
        }
        Err(error) => Err(error),
    }
}

/// Compare two user keys: -1, 0 or 1.
#[pyfunction]
fn compare(comparator: Order, a: &[u8], b: &[u8]) -> PyResult<i8> {
    let order = comparator.comparator.compare(a, b);
    comparator.callbacks.finish(Ok(order as i8))
}

/// Add `compare` and the class.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Limited>()?;
    module.add_function(wrap_pyfunction!(compare, module)?)
}
