//! Tables: scanning and writing them.

use crate::callbacks::Callbacks;
use crate::convert::{Order, Source};
use crate::errors;
use crate::file_scan::{Fields, FileScan, Reduced};
use crate::rebuild::build_options;
use crate::table_meta::TableMeta;
use crate::watch::Watched;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use relevel_kernel::codec::Codec;
use relevel_kernel::filter;
use relevel_kernel::table::{self, BlockList, BlockReport, BuildError, Handle, Part, ScanOptions, TableFile};
use std::path::PathBuf;
use std::sync::Arc;

type PyHandle = (u64, u64);

/// A handle as Python gives it.
pub fn handle((offset, size): PyHandle) -> Handle {
    Handle { offset, size }
}

/// A block as Python sees it: offset, size, part, codec, entry count.
type PyBlock<Name> = (u64, u64, Name, Name, u64);

/// The fields of a [`TableScan`] in order, as pickling keeps them.
type OwnFields<Name> =
    (Option<PyHandle>, Option<PyHandle>, Option<PyHandle>, Option<Vec<u8>>, u64, u64, [u64; 5], Vec<PyBlock<Name>>);

/// What reading and verifying every byte of one table found.
#[pyclass(frozen, extends = FileScan, module = "relevel._kernel")]
pub struct TableScan {
    #[pyo3(get)]
    index_handle: Option<PyHandle>,
    #[pyo3(get)]
    metaindex_handle: Option<PyHandle>,
    #[pyo3(get)]
    filter_handle: Option<PyHandle>,
    #[pyo3(get)]
    filter_name: Option<Vec<u8>>,
    #[pyo3(get)]
    block_count: u64,
    #[pyo3(get)]
    intact_block_count: u64,
    codec_counts: [u64; 5],
    blocks: BlockList,
}

#[pymethods]
impl TableScan {
    #[new]
    fn new(of_file: Fields, own: OwnFields<String>) -> PyResult<PyClassInitializer<Self>> {
        let (
            index_handle,
            metaindex_handle,
            filter_handle,
            filter_name,
            block_count,
            intact_block_count,
            codec_counts,
            blocks,
        ) = own;
        let own = Self {
            index_handle,
            metaindex_handle,
            filter_handle,
            filter_name,
            block_count,
            intact_block_count,
            codec_counts,
            blocks: BlockList::of(&blocks.iter().map(block_report).collect::<PyResult<Vec<_>>>()?),
        };
        Ok(PyClassInitializer::from(FileScan::from(of_file)).add_subclass(own))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> Reduced<'py, OwnFields<&'static str>> {
        let scan = slf.get();
        let own = (
            scan.index_handle,
            scan.metaindex_handle,
            scan.filter_handle,
            scan.filter_name.clone(),
            scan.block_count,
            scan.intact_block_count,
            scan.codec_counts,
            scan.blocks(),
        );
        (slf.get_type(), (slf.as_super().get().fields(), own))
    }

    #[getter]
    fn codecs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let codecs = PyDict::new(py);
        for (codec, count) in Codec::ALL.iter().zip(self.codec_counts).filter(|(_, count)| *count > 0) {
            codecs.set_item(codec.name(), count)?;
        }
        Ok(codecs)
    }

    fn blocks(&self) -> Vec<PyBlock<&'static str>> {
        let blocks = self.blocks.iter().map(|block| {
            let codec = block.codec.map_or("", Codec::name);
            (block.handle.offset, block.handle.size, block.part.name(), codec, block.entry_count)
        });
        blocks.collect()
    }
}

fn block_report((offset, size, part, codec, entry_count): &PyBlock<String>) -> PyResult<BlockReport> {
    let part = Part::from_name(part).ok_or_else(|| PyValueError::new_err(format!("no part of a table: {part}")))?;
    let handle = Handle { offset: *offset, size: *size };
    Ok(BlockReport { handle, part, codec: Codec::from_name(codec), entry_count: *entry_count })
}

fn table_scan(scan: table::TableScan) -> PyClassInitializer<TableScan> {
    let pair = |handle: Handle| (handle.offset, handle.size);
    PyClassInitializer::from(FileScan::new(scan.file_size, scan.totals, scan.faults)).add_subclass(TableScan {
        index_handle: scan.index_handle.map(pair),
        metaindex_handle: scan.metaindex_handle.map(pair),
        filter_handle: scan.filter_handle.map(pair),
        filter_name: scan.filter_name,
        block_count: scan.block_count,
        intact_block_count: scan.intact_block_count,
        codec_counts: scan.codec_counts,
        blocks: BlockList::of(&scan.blocks),
    })
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
) -> PyResult<Py<TableScan>> {
    let blocks = blocks.map(|blocks| blocks.into_iter().map(handle).collect());
    let callbacks = &comparator.callbacks;
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        table::scan_table(Arc::new(watched), &comparator.comparator, ScanOptions { blocks, index, check_filter })
    });
    Py::new(py, table_scan(callbacks.finish(callbacks.check().and(result))?))
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
