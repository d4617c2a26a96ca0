//! What the threads of a living database ask of the file system, each step one long call.
//!
//! Python's own functions let go of the interpreter lock too, but know nothing of [taking turns](crate::turn).

use crate::errors;
use crate::turn::detach_long;
use pyo3::prelude::*;
use relevel_kernel::log::{Doubtful, write_again};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A file that is written at its end.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct AppendedFile(Mutex<Option<Appended>>);

struct Appended {
    file: File,
    doubtful: Doubtful,
}

impl AppendedFile {
    fn with(&self, py: Python<'_>, work: impl Send + FnOnce(&mut Appended) -> io::Result<()>) -> PyResult<()> {
        let result = detach_long(py, || match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(file) => work(file),
            None => Err(io::Error::other("the file is closed")),
        });
        result.map_err(|error| errors::to_python(error.into()))
    }
}

#[pymethods]
impl AppendedFile {
    #[new]
    #[pyo3(signature = (path, *, is_new = true))]
    fn new(py: Python<'_>, path: PathBuf, is_new: bool) -> PyResult<Self> {
        let opened = detach_long(py, || {
            let mut file = OpenOptions::new().read(!is_new).write(true).create_new(is_new).open(path)?;
            let doubtful = Doubtful::new(file.seek(SeekFrom::End(0))?);
            Ok(Appended { file, doubtful })
        });
        let opened = opened.map_err(|error: io::Error| errors::to_python(error.into()))?;
        Ok(Self(Mutex::new(Some(opened))))
    }

    fn append(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        self.with(py, |appended| appended.file.write_all(data))
    }

    fn sync(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |Appended { file, doubtful }| {
            doubtful.settle(|size| write_again(file, size))?;
            file.sync_all()
        })
    }

    fn close(&self, py: Python<'_>) {
        detach_long(py, || drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }
}

/// Make the names in a directory durable.
#[pyfunction]
fn sync_directory(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    detach_long(py, || File::open(path)?.sync_all()).map_err(|error| errors::to_python(io::Error::into(error)))
}

/// Remove a file.
#[pyfunction]
fn remove_file(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    detach_long(py, || std::fs::remove_file(path)).map_err(|error| errors::to_python(io::Error::into(error)))
}

/// Add the class and the functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<AppendedFile>()?;
    module.add_function(wrap_pyfunction!(sync_directory, module)?)?;
    module.add_function(wrap_pyfunction!(remove_file, module)?)
}
