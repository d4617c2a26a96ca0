//! `TableMeta`: one finished table.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use relevel_kernel::table::builder;
use std::ffi::OsStr;
use std::path::PathBuf;

/// One finished table.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct TableMeta {
    path: PathBuf,
    meta: builder::TableMeta,
}

impl TableMeta {
    /// The table at `path`.
    pub const fn new(path: PathBuf, meta: builder::TableMeta) -> Self {
        Self { path, meta }
    }
}

#[pymethods]
impl TableMeta {
    #[getter]
    fn path(&self) -> &OsStr {
        self.path.as_os_str()
    }

    #[getter]
    fn file_size(&self) -> u64 {
        self.meta.file_size
    }

    #[getter]
    fn entry_count(&self) -> u64 {
        self.meta.entry_count
    }

    #[getter]
    fn smallest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.meta.smallest)
    }

    #[getter]
    fn largest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.meta.largest)
    }

    #[getter]
    fn min_sequence(&self) -> u64 {
        self.meta.min_sequence
    }

    #[getter]
    fn max_sequence(&self) -> u64 {
        self.meta.max_sequence
    }
}
