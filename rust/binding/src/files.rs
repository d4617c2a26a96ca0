//! Files that are opened once and stay readable: a file that another program deletes, or goes on writing to, is read as it was.
//!
//! ```text
//! File  ->  Held: descriptor, size when opened, Stop   <-  sources of scans and cursors share it
//! ```
//! How many descriptors are held in all is counted, so that whoever holds files can leave some to others.

use crate::errors;
use crate::watch::stopped;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use relevel_kernel::ReadAt;
use relevel_kernel::read_at::OsFile;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static HELD_COUNT: AtomicUsize = AtomicUsize::new(0);

/// A switch that ends all reads from the files it was given to. It cannot be put back.
#[pyclass(frozen, module = "relevel._kernel")]
#[derive(Default)]
pub struct Stop(Arc<AtomicBool>);

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

struct Counted(Arc<OsFile>);

impl Counted {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OsFile::open(path)?;
        HELD_COUNT.fetch_add(1, Ordering::Relaxed);
        Ok(Self(Arc::new(file)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        HELD_COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An open file from where it is said to begin up to where it is said to end, and its switch.
pub struct Held {
    file: Arc<Counted>,
    start: u64,
    size: u64,
    stop: Arc<AtomicBool>,
}

impl Held {
    /// The descriptor, to be read to whatever size.
    pub fn file(&self) -> Arc<OsFile> {
        self.file.0.clone()
    }
}

impl ReadAt for Held {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.stop.load(Ordering::Acquire) {
            return Err(stopped());
        }
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        self.file.0.read_at(buffer.get_mut(..most).unwrap_or_default(), self.start.saturating_add(offset))
    }
}

/// A file opened for reading, which is a source.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct File(pub Arc<Held>);

#[pymethods]
impl File {
    #[new]
    #[pyo3(signature = (path, stop=None))]
    fn new(py: Python<'_>, path: PathBuf, stop: Option<&Bound<'_, Stop>>) -> PyResult<Self> {
        let stop = stop.map(|stop| stop.get().0.clone()).unwrap_or_default();
        Self::open_with(py, &path, stop)
    }

    /// The same open file, as if it ended there.
    pub fn cut(&self, size: u64) -> Self {
        self.part(0, size)
    }

    fn part(&self, offset: u64, size: u64) -> Self {
        let Held { file, start, size: whole, stop } = &*self.0;
        let size = size.min(whole.saturating_sub(offset));
        Self(Arc::new(Held { file: file.clone(), start: start.saturating_add(offset), size, stop: stop.clone() }))
    }

    #[getter]
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read<'py>(&self, py: Python<'py>, offset: u64, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        let left = usize::try_from(self.0.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut buffer = vec![0; size.min(left)];
        let count = py.detach(|| self.0.read_at(&mut buffer, offset));
        let count = count.map_err(|error| errors::to_python(error.into()))?;
        Ok(PyBytes::new(py, buffer.get(..count).unwrap_or_default()))
    }

    #[cfg(unix)]
    fn fileno(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&*self.0.file.0)
    }

    #[cfg(not(unix))]
    fn fileno(&self) -> PyResult<i32> {
        Err(pyo3::exceptions::PyOSError::new_err("files have no descriptors here"))
    }
}

impl File {
    /// Open a file that nothing stops being read.
    ///
    /// # Errors
    /// What the operating system says, with the path.
    pub fn open(py: Python<'_>, path: &Path) -> PyResult<Self> {
        Self::open_with(py, path, Arc::default())
    }

    fn open_with(py: Python<'_>, path: &Path, stop: Arc<AtomicBool>) -> PyResult<Self> {
        let file = py.detach(|| Counted::open(path)).map_err(|error| errors::to_python(error.into()))?;
        let size = file.0.size();
        Ok(Self(Arc::new(Held { file: Arc::new(file), start: 0, size, stop })))
    }
}

/// How many files are held open in this process.
#[pyfunction]
fn held_file_count() -> usize {
    HELD_COUNT.load(Ordering::Relaxed)
}

/// Add the classes and the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<File>()?;
    module.add_class::<Stop>()?;
    module.add_function(wrap_pyfunction!(held_file_count, module)?)
}
