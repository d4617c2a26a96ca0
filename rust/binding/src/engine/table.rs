//! `Table`: one table file of a version.

use crate::files::File;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use relevel_kernel::engine;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

/// One table file of a version.
#[pyclass(frozen, module = "relevel._kernel.engine")]
pub struct Table(pub Arc<engine::Table>);

#[pymethods]
impl Table {
    #[new]
    #[pyo3(signature = (number, path, file_size, smallest, largest, file=None))]
    #[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
    fn new(
        number: u64,
        path: PathBuf,
        file_size: u64,
        smallest: &[u8],
        largest: &[u8],
        file: Option<&Bound<'_, File>>,
    ) -> Self {
        let table = engine::Table::new(number, &path, file_size, smallest.to_vec(), largest.to_vec());
        Self(Arc::new(match file {
            Some(file) => table.with_file(file.get().0.file()),
            None => table,
        }))
    }

    #[getter]
    fn number(&self) -> u64 {
        self.0.number()
    }

    #[getter]
    fn path(&self) -> &OsStr {
        self.0.path().as_os_str()
    }

    #[getter]
    fn file_size(&self) -> u64 {
        self.0.file_size()
    }

    #[getter]
    fn smallest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.smallest())
    }

    #[getter]
    fn largest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.largest())
    }

    fn __repr__(&self) -> String {
        format!("Table({}, {:?}, {})", self.0.number(), self.0.path().display(), self.0.file_size())
    }
}
