//! `Memtable`: entries in memory.

use super::order::{self, Order};
use crate::errors;
use crate::rebuild::build_options;
use crate::table_meta::TableMeta;
use crate::turn::detach_long;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use relevel_kernel::engine::{self, EngineError};
use relevel_kernel::{Comparator, Error, filter};
use std::path::PathBuf;
use std::sync::Arc;

/// As many entries as can be freed before anybody notices.
const FEW_ENTRIES: u64 = 1000;

/// Entries in memory in internal key order.
#[pyclass(frozen, module = "relevel._kernel.engine")]
pub struct Memtable(pub Arc<engine::Memtable>);

/// Freeing many entries takes a while, and is done without the interpreter lock.
impl Drop for Memtable {
    fn drop(&mut self) {
        if Arc::strong_count(&self.0) == 1 && self.0.entry_count() > FEW_ENTRIES {
            let empty = Arc::new(engine::Memtable::new(Comparator::Bytewise));
            let full = std::mem::replace(&mut self.0, empty);
            Python::try_attach(|py| detach_long(py, || drop(full)));
        }
    }
}

#[pymethods]
impl Memtable {
    #[new]
    #[pyo3(signature = (comparator=Order::default()), text_signature = "(comparator='bytewise')")]
    fn new(comparator: Order) -> Self {
        Self(Arc::new(engine::Memtable::new(comparator.0)))
    }

    #[getter]
    fn size(&self) -> usize {
        self.0.size()
    }

    #[getter]
    fn entry_count(&self) -> u64 {
        self.0.entry_count()
    }

    #[pyo3(signature = (path, *, codec="snappy", block_size=4096, restart_interval=16, bloom_bits_per_key=0,
                        shorten_index_keys=true))]
    #[expect(clippy::too_many_arguments, reason = "a table's settings are as many as they are")]
    fn write_table(
        &self,
        py: Python<'_>,
        path: PathBuf,
        codec: &str,
        block_size: usize,
        restart_interval: usize,
        bloom_bits_per_key: usize,
        shorten_index_keys: bool,
    ) -> PyResult<TableMeta> {
        let name = filter::BLOOM_NAME.to_vec();
        let options = build_options(codec, block_size, restart_interval, bloom_bits_per_key, name, shorten_index_keys)?;
        if self.0.entry_count() == 0 {
            return Err(PyValueError::new_err("the memtable has no entries: there is no table to write"));
        }
        let result = detach_long(py, || self.0.write_table(&path, options));
        order::finish(result, without_store).map(|meta| TableMeta::new(path, meta))
    }
}

/// The exception for an error of what belongs to no store.
pub fn without_store(error: EngineError) -> PyErr {
    match error {
        EngineError::Corruption(_, fault) => errors::to_python(Error::Corruption(*fault)),
        EngineError::Io(error) => errors::to_python(Error::Io(error)),
        EngineError::Refused(why) => PyValueError::new_err(why),
        EngineError::Exhausted => PyValueError::new_err(error.to_string()),
        EngineError::WouldBlock | EngineError::Stopped => errors::to_python(Error::Stopped),
    }
}
