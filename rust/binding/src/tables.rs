//! Tables: scanning and writing them.

use crate::callbacks::Callbacks;
use crate::convert::{Order, Source};
use crate::errors::{self, Fault};
use crate::rebuild::build_options;
use crate::table_meta::TableMeta;
use crate::watch::Watched;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use relevel_kernel::codec::Codec;
use relevel_kernel::filter;
use relevel_kernel::table::{self, BuildError, Handle, ScanOptions, TableFile};
use std::path::PathBuf;
use std::sync::Arc;

type PyHandle = (u64, u64);

/// A handle as Python gives it.
pub fn handle((offset, size): PyHandle) -> Handle {
    Handle { offset, size }
}

/// What reading and verifying every byte of one table found.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct TableScan(table::TableScan);

fn bytes<'py>(py: Python<'py>, bytes: Option<&Vec<u8>>) -> Option<Bound<'py, PyBytes>> {
    bytes.map(|bytes| PyBytes::new(py, bytes))
}

#[pymethods]
impl TableScan {
    #[getter]
    fn file_size(&self) -> u64 {
        self.0.file_size
    }

    #[getter]
    fn index_handle(&self) -> Option<PyHandle> {
        self.0.index_handle.map(|handle| (handle.offset, handle.size))
    }

    #[getter]
    fn metaindex_handle(&self) -> Option<PyHandle> {
        self.0.metaindex_handle.map(|handle| (handle.offset, handle.size))
    }

    #[getter]
    fn filter_handle(&self) -> Option<PyHandle> {
        self.0.filter_handle.map(|handle| (handle.offset, handle.size))
    }

    #[getter]
    fn filter_name<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        bytes(py, self.0.filter_name.as_ref())
    }

    #[getter]
    fn block_count(&self) -> u64 {
        self.0.block_count
    }

    #[getter]
    fn intact_block_count(&self) -> u64 {
        self.0.intact_block_count
    }

    #[getter]
    fn codecs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let codecs = PyDict::new(py);
        for (codec, count) in Codec::ALL.iter().zip(self.0.codec_counts).filter(|(_, count)| *count > 0) {
            codecs.set_item(codec.name(), count)?;
        }
        Ok(codecs)
    }

    #[getter]
    fn put_count(&self) -> u64 {
        self.0.put_count
    }

    #[getter]
    fn deletion_count(&self) -> u64 {
        self.0.deletion_count
    }

    #[getter]
    fn key_size(&self) -> u64 {
        self.0.key_size
    }

    #[getter]
    fn value_size(&self) -> u64 {
        self.0.value_size
    }

    #[getter]
    fn smallest<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        bytes(py, self.0.smallest.as_ref())
    }

    #[getter]
    fn largest<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        bytes(py, self.0.largest.as_ref())
    }

    #[getter]
    fn min_sequence(&self) -> Option<u64> {
        self.0.min_sequence
    }

    #[getter]
    fn max_sequence(&self) -> Option<u64> {
        self.0.max_sequence
    }

    #[getter]
    fn faults(&self) -> Vec<Fault> {
        self.0.faults.iter().cloned().map(Fault::from).collect()
    }

    fn blocks(&self) -> Vec<(u64, u64, &'static str, &'static str, u64)> {
        let blocks = self.0.blocks.iter().map(|block| {
            let codec = block.codec.map_or("", Codec::name);
            (block.handle.offset, block.handle.size, block.part.name(), codec, block.entry_count)
        });
        blocks.collect()
    }
}

/// Read and verify every block of a table. Never raises on content.
#[pyfunction]
#[pyo3(
    signature = (source, comparator=Order::default(), *, blocks=None, index=None, check_filter=true),
    text_signature = "(source, comparator='bytewise', *, blocks=None, index=None, check_filter=True)",
)]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn scan_table(
    py: Python<'_>,
    source: Source,
    comparator: Order,
    blocks: Option<Vec<PyHandle>>,
    index: Option<Vec<u8>>,
    check_filter: bool,
) -> PyResult<TableScan> {
    let blocks = blocks.map(|blocks| blocks.into_iter().map(handle).collect());
    let callbacks = &comparator.callbacks;
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        table::scan_table(Arc::new(watched), &comparator.comparator, ScanOptions { blocks, index, check_filter })
    });
    callbacks.finish(callbacks.check().and(result)).map(TableScan)
}

/// Writes one new table, byte for byte as LevelDB would. Creates `path`; refuses one that exists.
#[pyclass(module = "relevel._kernel")]
pub struct TableBuilder {
    table: Option<TableFile>,
    file_size: u64,
    callbacks: Callbacks,
}

impl TableBuilder {
    fn table(&mut self) -> PyResult<&mut TableFile> {
        self.table.as_mut().ok_or_else(|| PyRuntimeError::new_err("the table is finished, or could not be written"))
    }

    /// What a call gives to Python. After an error in writing there is no table to go on with.
    fn outcome<T>(&mut self, result: Result<T, BuildError>) -> PyResult<T> {
        self.callbacks.finish(self.callbacks.check())?;
        result.map_err(|error| match error {
            BuildError::Io(error) => {
                self.table = None;
                errors::to_python(error.into())
            }
            wrong => PyValueError::new_err(wrong.to_string()),
        })
    }
}

#[pymethods]
impl TableBuilder {
    #[new]
    #[pyo3(
        signature = (
            path,
            comparator=Order::default(),
            *,
            codec="snappy",
            block_size=4096,
            restart_interval=16,
            bloom_bits_per_key=0,
            filter_name=filter::BLOOM_NAME.to_vec(),
            shorten_index_keys=true,
        ),
        text_signature = "(path, comparator='bytewise', *, codec='snappy', block_size=4096, restart_interval=16, \
                          bloom_bits_per_key=0, filter_name=b'leveldb.BuiltinBloomFilter2', shorten_index_keys=True)",
    )]
    #[expect(clippy::too_many_arguments, reason = "a table has as many settings")]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        comparator: Order,
        codec: &str,
        block_size: usize,
        restart_interval: usize,
        bloom_bits_per_key: usize,
        filter_name: Vec<u8>,
        shorten_index_keys: bool,
    ) -> PyResult<Self> {
        let options =
            build_options(codec, block_size, restart_interval, bloom_bits_per_key, filter_name, shorten_index_keys)?;
        let table = py.detach(|| TableFile::create(&path, comparator.comparator, options));
        let table = table.map_err(|error| errors::to_python(error.into()))?;
        Ok(Self { table: Some(table), file_size: 0, callbacks: comparator.callbacks })
    }

    fn add(&mut self, internal_key: &[u8], value: &[u8]) -> PyResult<()> {
        let result = self.table()?.add(internal_key, value);
        self.outcome(result)
    }

    #[getter]
    fn file_size(&self) -> u64 {
        self.table.as_ref().map_or(self.file_size, TableFile::file_size)
    }

    #[pyo3(signature = (sync=true))]
    fn finish(&mut self, py: Python<'_>, sync: bool) -> PyResult<TableMeta> {
        self.table()?;
        let Some(table) = self.table.take() else { return Err(PyRuntimeError::new_err("the table is finished")) };
        let path = table.path().to_path_buf();
        let result = py.detach(|| table.finish(sync));
        let meta = self.outcome(result)?;
        self.file_size = meta.file_size;
        Ok(TableMeta::new(path, meta))
    }
}

/// Add the classes and functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TableScan>()?;
    module.add_class::<TableBuilder>()?;
    module.add_class::<TableMeta>()?;
    module.add_function(wrap_pyfunction!(scan_table, module)?)
}
