//! The writing half of `Store`.

use super::arguments;
use super::batch::Batch;
use super::memtable::Memtable;
use super::store::{Store, hook_of, set_hook};
use crate::turn::{detach_long, give_way};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use relevel_kernel::engine::write::{Log, Single, encode};
use relevel_kernel::engine::{self, EngineError, View};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// More bytes than this are written without the interpreter lock.
const SHORT_WRITE: usize = 64 << 10;

impl Store {
    /// Write one operation; with `sync`, see it safe on disk.
    ///
    /// # Errors
    /// What the hook raises; else as the write path.
    #[inline]
    pub fn write_single(&self, py: Python<'_>, single: &Single<'_>, sync: bool) -> PyResult<()> {
        give_way(py);
        self.make_room(py)?;
        let is_short = single.key.len() + single.value.map_or(0, <[u8]>::len) <= SHORT_WRITE;
        if is_short && !sync && !self.order_may_fail {
            match self.writes.try_put(single) {
                Ok(()) => return Ok(()),
                Err(EngineError::WouldBlock) => {}
                Err(error) => return Err(self.error(py, error)),
            }
        }
        let result = py.detach(|| self.writes.write(encode(single), 1, sync));
        self.finish(py, result)
    }

    /// Call the hook where the memtable is full, or attention wanted.
    #[inline]
    fn make_room(&self, py: Python<'_>) -> PyResult<()> {
        let is_full = self.writes.memtable_size() >= self.write_buffer_size;
        if is_full || self.wants_attention.load(Ordering::Relaxed) { self.call_on_full(py) } else { Ok(()) }
    }

    #[cold]
    fn call_on_full(&self, py: Python<'_>) -> PyResult<()> {
        match hook_of(py, &self.on_full) {
            Some(hook) => {
                hook.call0(py)?;
                self.check_open(None)
            }
            None => Ok(()),
        }
    }

    fn check_order(&self, memtable: &engine::Memtable) -> PyResult<()> {
        let kind = |memtable: &engine::Memtable| std::mem::discriminant(memtable.comparator());
        if kind(memtable) != std::mem::discriminant(self.tables.comparator()) {
            return Err(PyValueError::new_err("the memtable is in another order than the store"));
        }
        Ok(())
    }

    /// Let reads see a memtable that is written to from now on; `immutable` is the one it replaces.
    fn show(&self, memtable: &Arc<engine::Memtable>, immutable: Option<&Arc<engine::Memtable>>) {
        self.views.change(|view| View {
            memtable: Arc::clone(memtable),
            immutables: immutable.into_iter().chain(&view.immutables).cloned().collect(),
            levels: Arc::clone(&view.levels),
        });
    }
}

#[pymethods]
impl Store {
    #[pyo3(
        signature = (path, memtable=None, *, append=false, earlier=Vec::new()),
        text_signature = "($self, path, memtable=None, *, append=False, earlier=())"
    )]
    #[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
    fn start_log(
        &self,
        py: Python<'_>,
        path: PathBuf,
        memtable: Option<&Memtable>,
        append: bool,
        earlier: Vec<PathBuf>,
    ) -> PyResult<()> {
        self.check_open(None)?;
        let memtable = memtable.map(|memtable| Arc::clone(&memtable.0));
        memtable.as_ref().map_or(Ok(()), |memtable| self.check_order(memtable))?;
        let result = py.detach(|| {
            let open_log = || {
                let earlier = earlier.iter().map(|path| Log::append_to(path)).collect::<Result<_, _>>()?;
                Ok((earlier, if append { Log::append_to(&path) } else { Log::create(&path) }?))
            };
            self.writes.start_log(open_log, memtable, |memtable| self.show(memtable, None))
        });
        self.finish(py, result)
    }

    #[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
    fn rotate(&self, py: Python<'_>, path: PathBuf) -> PyResult<Memtable> {
        self.check_open(None)?;
        let result = detach_long(py, || {
            self.writes.rotate(|| Log::create(&path), |memtable, old| self.show(memtable, Some(old)))
        });
        self.finish(py, result).map(Memtable)
    }

    #[pyo3(signature = (hook))]
    fn on_full(&self, hook: Option<Py<PyAny>>) -> PyResult<()> {
        self.check_open(None)?;
        set_hook(&self.on_full, hook);
        Ok(())
    }

    fn want_attention(&self, wanted: bool) -> PyResult<()> {
        self.check_open(None)?;
        self.wants_attention.store(wanted, Ordering::Relaxed);
        Ok(())
    }

    #[pyo3(signature = (batch, sync=None), text_signature = "($self, batch, sync=False)")]
    fn write(&self, py: Python<'_>, batch: &Bound<'_, Batch>, sync: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let sync = arguments::flag("sync", sync)?;
        self.check_open(None)?;
        give_way(py);
        self.make_room(py)?;
        let batch = batch.try_borrow()?;
        let (body, count) = (batch.body.as_slice(), batch.count);
        if body.len() <= SHORT_WRITE && !sync && !self.order_may_fail {
            match self.writes.try_write(body, count) {
                Ok(()) => return Ok(()),
                Err(EngineError::WouldBlock) => {}
                Err(error) => return Err(self.error(py, error)),
            }
        }
        let result = py.detach(|| self.writes.write(Arc::from(body), count, sync));
        self.finish(py, result)
    }

    #[getter]
    fn memtable(&self, py: Python<'_>) -> PyResult<Memtable> {
        self.check_open(None)?;
        let result = py.detach(|| self.writes.memtable());
        self.finish(py, result).map(Memtable)
    }

    #[getter]
    fn log_size(&self) -> PyResult<u64> {
        self.check_open(None)?;
        Ok(self.writes.log_size())
    }

    fn sync_log(&self, py: Python<'_>) -> PyResult<()> {
        self.check_open(None)?;
        let result = py.detach(|| self.writes.sync_log());
        self.finish(py, result)
    }
}
