//! The reading half of `Store`: what reads see, and what is known of its tables.

use super::memtable::Memtable;
use super::store::{Store, set_hook};
use super::table::Table;
use crate::turn::detach_long;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use relevel_kernel::engine::{Levels, View, Waiting};
use relevel_kernel::internal_key::{self, MAX_SEQUENCE, TYPE_VALUE};
use std::collections::BTreeSet;
use std::sync::Arc;

#[pymethods]
impl Store {
    #[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
    fn install(
        &self,
        py: Python<'_>,
        levels: Vec<Vec<Py<Table>>>,
        immutables: Vec<PyRef<'_, Memtable>>,
    ) -> PyResult<()> {
        self.check_open(None)?;
        let tables = |level: &Vec<Py<Table>>| level.iter().map(|table| Arc::clone(&table.get().0)).collect();
        let levels = Arc::new(Levels::new(self.tables.comparator(), levels.iter().map(tables).collect()));
        let immutables: Vec<_> = immutables.iter().map(|memtable| Arc::clone(&memtable.0)).collect();
        let comparator = self.tables.comparator();
        let misplaced = detach_long(py, || levels.runs.iter().find_map(|run| run.misplaced(comparator)));
        self.finish(py, self.tables.check_order())?;
        if let Some((a, b)) = misplaced {
            return Err(PyValueError::new_err(format!("tables {a} and {b} of one level are not apart and in order")));
        }
        let is_all_in_tables = immutables.is_empty();
        detach_long(py, || {
            self.views.change(|view| View { memtable: Arc::clone(&view.memtable), immutables, levels });
            if is_all_in_tables {
                self.writes.forget_old_logs();
            }
        });
        Ok(())
    }

    fn pinned_tables(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.check_open(None)?;
        let numbers: BTreeSet<u64> = detach_long(py, || self.views.pinned_tables());
        Ok(pyo3::types::PySet::new(py, numbers)?.into_any().unbind())
    }

    #[pyo3(signature = (hook))]
    fn on_seek_charge(&self, hook: Option<Py<PyAny>>) -> PyResult<()> {
        self.check_open(None)?;
        set_hook(&self.on_seek_charge, hook);
        Ok(())
    }

    fn approximate_offset(&self, py: Python<'_>, table: &Table, user_key: &[u8]) -> PyResult<u64> {
        self.check_open(None)?;
        let mut target = Vec::with_capacity(user_key.len() + internal_key::TRAILER_SIZE);
        internal_key::append(&mut target, user_key, MAX_SEQUENCE, TYPE_VALUE);
        let result = py.detach(|| {
            let _inside = self.gate.enter()?;
            let open = self.tables.open(&table.0, Waiting::Allowed)?;
            Ok(open.approximate_offset(self.tables.comparator(), &target))
        });
        self.finish(py, result)
    }

    fn cache_usage(&self) -> PyResult<u64> {
        self.check_open(None)?;
        Ok(self.tables.cache().usage())
    }

    fn forget_table(&self, py: Python<'_>, number: u64) -> PyResult<()> {
        self.check_open(None)?;
        detach_long(py, || self.tables.forget(number));
        Ok(())
    }
}
