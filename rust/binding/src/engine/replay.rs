//! `LogReplay`: a log read back into memtables.

use super::memtable::{Memtable, without_store};
use super::order;
use crate::callbacks::Callbacks;
use crate::errors::Fault;
use crate::files::File;
use crate::watch::Watched;
use pyo3::prelude::*;
use relevel_kernel::read_at::OsFile;
use relevel_kernel::{ReadAt, engine};
use std::path::PathBuf;
use std::sync::Arc;

/// The batches of one log, into memtables, in file order.
#[pyclass(module = "relevel._kernel.engine")]
pub struct LogReplay {
    replay: engine::LogReplay,
    /// Lets a signal (Ctrl-C) end a read.
    callbacks: Callbacks,
}

#[pymethods]
impl LogReplay {
    #[new]
    #[pyo3(signature = (path, file=None, *, newest, due, stop_at_fault))]
    #[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        file: Option<&Bound<'_, File>>,
        newest: u64,
        due: Option<u64>,
        stop_at_fault: bool,
    ) -> PyResult<Self> {
        let callbacks = Callbacks::default();
        let opened: Arc<dyn ReadAt> = match file {
            Some(file) => file.get().0.clone(),
            None => Arc::new(
                py.detach(|| OsFile::open(&path)).map_err(|error| without_store(engine::EngineError::Io(error)))?,
            ),
        };
        let place = engine::Place { newest, due };
        let source = Watched::new(opened, callbacks.clone());
        let replay = engine::LogReplay::new(&path, Arc::new(source), place, stop_at_fault);
        Ok(Self { replay, callbacks })
    }

    fn fill(&mut self, py: Python<'_>, memtable: &Memtable, limit: usize) -> PyResult<bool> {
        let result = py.detach(|| self.replay.fill(&memtable.0, limit, order::failed));
        self.callbacks.finish(Ok(()))?;
        order::finish(result, without_store)
    }

    #[getter]
    fn faults(&self) -> Vec<Fault> {
        self.replay.faults().iter().cloned().map(Fault::from).collect()
    }

    #[getter]
    const fn batch_count(&self) -> u64 {
        self.replay.batch_count()
    }

    #[getter]
    const fn max_sequence(&self) -> u64 {
        self.replay.max_sequence()
    }

    #[getter]
    const fn end_offset(&self) -> u64 {
        self.replay.end_offset()
    }

    #[getter]
    fn file_size(&self) -> u64 {
        self.replay.file_size()
    }
}
