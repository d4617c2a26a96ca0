//! `Store.compact`.

use super::order;
use super::store::Store;
use super::table::Table;
use crate::callbacks::Callbacks;
use crate::rebuild::build_options;
use crate::table_meta::TableMeta;
use crate::turn::detach_long;
use pyo3::exceptions::PyInterruptedError;
use pyo3::prelude::*;
use relevel_kernel::engine::compact::Customer;
use relevel_kernel::engine::{self, Compaction, EngineError};
use relevel_kernel::filter;
use std::path::PathBuf;
use std::sync::Arc;

/// Asks the callables that Python gave.
struct PythonCustomer {
    next_path: Py<PyAny>,
    should_stop: Option<Py<PyAny>>,
    callbacks: Callbacks,
}

impl Customer for PythonCustomer {
    fn next_path(&mut self) -> engine::Result<PathBuf> {
        self.callbacks.call(|py| self.next_path.bind(py).call0()?.extract()).ok_or(EngineError::Stopped)
    }

    fn go_on(&mut self) -> engine::Result<()> {
        let Some(should_stop) = &self.should_stop else { return Ok(()) };
        let stops = self.callbacks.call(|py| {
            if should_stop.bind(py).call0()?.is_truthy()? {
                return Err(PyInterruptedError::new_err("the compaction was asked to stop"));
            }
            Ok(())
        });
        stops.ok_or(EngineError::Stopped)
    }

    fn order_failed(&self) -> bool {
        order::failed()
    }
}

type Run = Vec<Py<Table>>;

fn handles(run: &Run) -> Vec<Arc<engine::Table>> {
    run.iter().map(|table| Arc::clone(&table.get().0)).collect()
}

#[pymethods]
impl Store {
    #[pyo3(signature = (runs, next_path, *, smallest_snapshot, deeper, grandparents=Vec::new(),
                        grandparent_limit=20_971_520, target_file_size=2_097_152, codec="snappy", block_size=4096,
                        restart_interval=16, bloom_bits_per_key=0, shorten_index_keys=true, should_stop=None),
           text_signature = "($self, runs, next_path, *, smallest_snapshot, deeper, grandparents=(), \
                             grandparent_limit=20971520, target_file_size=2097152, codec='snappy', block_size=4096, \
                             restart_interval=16, bloom_bits_per_key=0, shorten_index_keys=True, should_stop=None)")]
    #[expect(clippy::too_many_arguments, reason = "as the contract has them")]
    #[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
    fn compact(
        &self,
        py: Python<'_>,
        runs: Vec<Run>,
        next_path: Py<PyAny>,
        smallest_snapshot: u64,
        deeper: Vec<Run>,
        grandparents: Run,
        grandparent_limit: u64,
        target_file_size: u64,
        codec: &str,
        block_size: usize,
        restart_interval: usize,
        bloom_bits_per_key: usize,
        shorten_index_keys: bool,
        should_stop: Option<Py<PyAny>>,
    ) -> PyResult<Vec<TableMeta>> {
        self.check_open(None)?;
        let name = filter::BLOOM_NAME.to_vec();
        let compaction = Compaction {
            comparator: self.tables.comparator().clone(),
            runs: runs.iter().map(handles).collect(),
            smallest_snapshot,
            deeper: deeper.iter().map(handles).collect(),
            grandparents: handles(&grandparents),
            grandparent_limit,
            target_file_size,
            options: build_options(codec, block_size, restart_interval, bloom_bits_per_key, name, shorten_index_keys)?,
        };
        let callbacks = Callbacks::default();
        let mut customer = PythonCustomer { next_path, should_stop, callbacks: callbacks.clone() };
        let result = detach_long(py, || {
            let _inside = self.gate.enter()?;
            engine::compact(&compaction, &mut customer)
        });
        callbacks.finish(Ok(()))?;
        let made = self.finish(py, result)?;
        Ok(made.into_iter().map(|(path, meta)| TableMeta::new(path, meta)).collect())
    }
}
