//! `Fault`, `FaultError`, and the one way from the kernel's errors to Python's.

use pyo3::exceptions::{PyException, PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyString, PyTuple};
use relevel_kernel::{Error, PathError};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;

pyo3::create_exception!(relevel._kernel, FaultError, PyException, "Strict code met wrong bytes. ``fault`` says which.");

/// One thing found wrong with the bytes of one file. Frozen.
#[pyclass(frozen, eq, hash, get_all, from_py_object, module = "relevel._kernel")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fault {
    code: Cow<'static, str>,
    offset: u64,
    size: u64,
    expected: Option<u64>,
    got: Option<u64>,
    lower: Option<Vec<u8>>,
    upper: Option<Vec<u8>>,
}

#[pymethods]
impl Fault {
    #[new]
    #[pyo3(signature = (code, offset, size, expected=None, got=None, lower=None, upper=None))]
    fn new(
        code: String,
        offset: u64,
        size: u64,
        expected: Option<u64>,
        got: Option<u64>,
        lower: Option<Vec<u8>>,
        upper: Option<Vec<u8>>,
    ) -> Self {
        Self { code: Cow::Owned(code), offset, size, expected, got, lower, upper }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = format!("Fault(code='{}', offset={}, size={}", self.code, self.offset, self.size);
        for (name, value) in [("expected", self.expected), ("got", self.got)] {
            if let Some(value) = value {
                let _ = write!(text, ", {name}={value}");
            }
        }
        for (name, value) in [("lower", &self.lower), ("upper", &self.upper)] {
            if let Some(value) = value {
                let _ = write!(text, ", {name}={}", PyBytes::new(py, value).repr()?);
            }
        }
        text.push(')');
        Ok(text)
    }

    fn __str__(&self) -> String {
        let mut text = format!("{} at offset {} ({} bytes)", self.code, self.offset, self.size);
        let radix = |value| if self.code.contains("checksum") { format!("{value:#010x}") } else { format!("{value}") };
        for (name, value) in [("expected", self.expected), ("got", self.got)] {
            if let Some(value) = value {
                let _ = write!(text, ", {name} {}", radix(value));
            }
        }
        text
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let fault = slf.get();
        let bytes = |key: &Option<Vec<u8>>| key.as_ref().map(|key| PyBytes::new(py, key));
        let arguments = (
            PyString::new(py, &fault.code),
            fault.offset,
            fault.size,
            fault.expected,
            fault.got,
            bytes(&fault.lower),
            bytes(&fault.upper),
        );
        Ok((slf.get_type().into_any(), arguments.into_pyobject(py)?))
    }
}

impl From<relevel_kernel::Fault> for Fault {
    fn from(fault: relevel_kernel::Fault) -> Self {
        Self {
            code: Cow::Borrowed(fault.code),
            offset: fault.offset,
            size: fault.size,
            expected: fault.expected,
            got: fault.got,
            lower: fault.lower,
            upper: fault.upper,
        }
    }
}

/// The Python exception for a kernel error. The only place where one becomes the other.
pub fn to_python(error: Error) -> PyErr {
    match error {
        Error::Corruption(fault) => FaultError::new_err((Fault::from(fault),)),
        Error::Io(error) => os_error(&error),
        Error::Stopped => PyRuntimeError::new_err("the work was stopped"),
    }
}

/// `OSError(errno, message, path)`; Python picks the subclass by the number.
fn os_error(error: &io::Error) -> PyErr {
    let (path, source) =
        PathError::of(error).map_or((None, error), |found| (Some(found.path.as_os_str()), &found.source));
    let number = match source.raw_os_error() {
        Some(number) => Ok(number),
        None => Python::attach(|py| py.import("errno")?.getattr(errno_name(source.kind()))?.extract()),
    };
    let message = message(source);
    match (number, path) {
        (Ok(number), _) if cfg!(windows) && source.raw_os_error().is_some() => {
            PyOSError::new_err((0, message, path.map(OsStr::to_owned), number))
        }
        (Ok(number), Some(path)) => PyOSError::new_err((number, message, path.to_owned())),
        (Ok(number), None) => PyOSError::new_err((number, message)),
        (Err(error), _) => error,
    }
}

/// What the system says, without the number that Rust adds.
fn message(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(message, _)| message).to_owned()
}

/// The number for an error that came without one.
fn errno_name(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "ENOENT",
        io::ErrorKind::PermissionDenied => "EACCES",
        io::ErrorKind::AlreadyExists => "EEXIST",
        io::ErrorKind::IsADirectory => "EISDIR",
        io::ErrorKind::NotADirectory => "ENOTDIR",
        io::ErrorKind::StorageFull => "ENOSPC",
        io::ErrorKind::InvalidInput => "EINVAL",
        _ => "EIO",
    }
}

/// Add `Fault` and `FaultError`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let error = py.get_type::<FaultError>();
    let getter = PyCFunction::new_closure(py, Some(c"fault"), None, |args, _| -> PyResult<Py<PyAny>> {
        Ok(args.get_item(0)?.getattr("args")?.get_item(0)?.unbind())
    })?;
    error.setattr("fault", py.import("builtins")?.getattr("property")?.call1((getter,))?)?;
    module.add("FaultError", error)?;
    module.add_class::<Fault>()
}
