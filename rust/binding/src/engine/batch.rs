//! `Batch`: operations to be written at once.

use super::arguments::{self, check_size};
use super::store::Store;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use relevel_kernel::batch::{HEADER_SIZE, append_key, append_value};

/// Bytes of memory that a cleared batch may keep for what comes next.
const KEPT_SIZE: usize = 1 << 20;

/// Operations to be written at once.
#[pyclass(subclass, module = "relevel._kernel.engine")]
pub struct Batch {
    prefix: Vec<u8>,
    store: Option<Py<Store>>,
    /// The operations, as the log will have them.
    pub body: Vec<u8>,
    /// How many there are.
    pub count: u32,
}

impl Batch {
    /// Refuse work where the store that the batch is for is closed.
    fn check_open(&self) -> PyResult<()> {
        self.store.as_ref().map_or(Ok(()), |store| store.get().check_open(None))
    }

    fn count_with(&self, more: u32) -> PyResult<u32> {
        self.count
            .checked_add(more)
            .ok_or_else(|| PyOverflowError::new_err("a batch has at most 4294967295 operations"))
    }
}

#[pymethods]
impl Batch {
    #[new]
    #[pyo3(signature = (prefix=None, store=None), text_signature = "(prefix=b'', store=None)")]
    fn new(prefix: Option<&Bound<'_, PyBytes>>, store: Option<Py<Store>>) -> Self {
        let prefix = prefix.map_or_else(Vec::new, |prefix| prefix.as_bytes().to_vec());
        Self { prefix, store, body: Vec::new(), count: 0 }
    }

    fn put(&mut self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.check_open()?;
        let key = arguments::key(key)?;
        let value = arguments::value(value)?;
        check_size(&self.prefix, key, &value)?;
        self.count = self.count_with(1)?;
        append_key(&mut self.body, [&self.prefix, key], true);
        append_value(&mut self.body, &value);
        Ok(())
    }

    fn delete(&mut self, key: &Bound<'_, PyAny>) -> PyResult<()> {
        self.check_open()?;
        let key = arguments::key(key)?;
        check_size(&self.prefix, key, &[])?;
        self.count = self.count_with(1)?;
        append_key(&mut self.body, [&self.prefix, key], false);
        Ok(())
    }

    fn clear(&mut self) -> PyResult<()> {
        self.check_open()?;
        self.body.clear();
        self.body.shrink_to(KEPT_SIZE);
        self.count = 0;
        Ok(())
    }

    fn append(slf: &Bound<'_, Self>, source: &Bound<'_, Self>) -> PyResult<()> {
        let (body, count) = {
            let source = source.try_borrow()?;
            (source.body.clone(), source.count)
        };
        let mut batch = slf.try_borrow_mut()?;
        batch.check_open()?;
        batch.count = batch.count_with(count)?;
        batch.body.extend_from_slice(&body);
        Ok(())
    }

    fn approximate_size(&self) -> PyResult<usize> {
        self.check_open()?;
        Ok(HEADER_SIZE + self.body.len())
    }

    const fn __len__(&self) -> usize {
        self.count as usize
    }
}
