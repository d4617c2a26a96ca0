//! Checksums, codecs, blocks, and blocks found without an index.

use crate::callbacks::Callbacks;
use crate::convert::Source;
use crate::errors::{self, Fault};
use crate::watch::Watched;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use relevel_kernel::block::salvage::salvage;
use relevel_kernel::block::{BlockBuilder, BlockCursor, RestartCheck, Step};
use relevel_kernel::codec::{Codec, Compressor, Decompressor};
use relevel_kernel::table::faults::{Flaw, Part, code};
use relevel_kernel::table::reader::{self, BlockReader, Stored};
use relevel_kernel::table::{self, Handle, TRAILER_SIZE};
use relevel_kernel::{Error, crc, explain, filter, internal_key};
use std::sync::Arc;

/// Snappy makes less than this of a byte.
const SNAPPY_RATIO: usize = 22;

type Bytes<'py> = Bound<'py, PyBytes>;

/// CRC-32C (Castagnoli) of `data`, continuing from `initial`; not masked.
#[pyfunction]
#[pyo3(signature = (data, initial=0))]
fn crc32c(py: Python<'_>, data: &[u8], initial: u32) -> u32 {
    py.detach(|| crc::extend(initial, data))
}

/// The masked form in which LevelDB stores a CRC: rotated right by 15 bits, plus 0xa282ead8.
#[pyfunction]
fn mask_crc(crc: u32) -> u32 {
    crc::mask(crc)
}

/// The CRC whose masked form is `masked`.
#[pyfunction]
fn unmask_crc(masked: u32) -> u32 {
    crc::unmask(masked)
}

/// The codec of that name.
pub fn codec_named(name: &str) -> PyResult<Codec> {
    let unknown =
        || PyValueError::new_err(format!("unknown codec {name:?}: known are none, snappy, zstd, zlib and deflate"));
    Codec::from_name(name).ok_or_else(unknown)
}

/// Compress one block's contents. Does not apply the 7/8 rule.
#[pyfunction]
fn compress<'py>(py: Python<'py>, codec: &str, contents: &[u8]) -> PyResult<Bytes<'py>> {
    let codec = codec_named(codec)?;
    let mut stored = Vec::new();
    let outcome = py.detach(|| Compressor::default().compress(codec, contents, &mut stored));
    outcome.map_err(|_| PyValueError::new_err(format!("{} bytes are too many to compress", contents.len())))?;
    Ok(PyBytes::new(py, &stored))
}

/// Decompress one block's stored bytes (no trailer): the codec found, and the contents.
#[pyfunction]
fn decompress<'py>(py: Python<'py>, block_type: u8, stored: &[u8]) -> PyResult<(&'static str, Bytes<'py>)> {
    let (codec, contents) = py.detach(|| decode(Stored { bytes: stored, block_type })).map_err(errors::to_python)?;
    Ok((codec.name(), PyBytes::new(py, &contents)))
}

/// Verify the checksum of a block as it lies on disk, trailer included, and decompress it.
#[pyfunction]
fn decode_block<'py>(py: Python<'py>, stored_with_trailer: &[u8]) -> PyResult<Bytes<'py>> {
    let size = stored_with_trailer.len().saturating_sub(TRAILER_SIZE) as u64;
    let handle = Handle { offset: 0, size };
    let decoded = py.detach(|| decode(reader::verify(Part::Data, handle, stored_with_trailer)?));
    Ok(PyBytes::new(py, &decoded.map_err(errors::to_python)?.1))
}

fn decode(stored: Stored<'_>) -> Result<(Codec, Vec<u8>), Error> {
    let handle = Handle { offset: 0, size: stored.bytes.len() as u64 };
    let mut contents = Vec::new();
    let codec = reader::decode(Part::Data, handle, stored, &mut Decompressor::default(), &mut contents)?;
    Ok((codec, contents))
}

/// Read, verify and decompress one block.
#[pyfunction]
fn load_block(py: Python<'_>, source: Source, offset: u64, size: u64) -> PyResult<Bytes<'_>> {
    let callbacks = Callbacks::default();
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        let mut reader = BlockReader::new(Arc::new(watched), 0);
        let mut contents = Vec::new();
        let loaded = reader.load(Part::Data, Handle { offset, size }, &mut contents);
        reader.check()?;
        loaded?;
        Ok(contents)
    });
    Ok(PyBytes::new(py, &callbacks.finish(result)?))
}

/// The entries of one block's contents, and what is wrong with it. Never raises on content.
#[pyfunction]
#[pyo3(signature = (contents, internal_keys=true))]
fn scan_block<'py>(
    py: Python<'py>,
    contents: &[u8],
    internal_keys: bool,
) -> (Vec<(Bytes<'py>, Bytes<'py>)>, Vec<Fault>) {
    let mut cursor = BlockCursor::default();
    let mut entries = Vec::new();
    let mut faults = Vec::new();
    let mut tell = |flaw, start: usize, end: usize| {
        let fault = relevel_kernel::Fault::new(code(Part::Data, flaw), start as u64, end.saturating_sub(start) as u64);
        faults.push(Fault::from(fault));
    };
    if !cursor.enter(contents) {
        tell(Flaw::BadRestarts, 0, contents.len());
        return (entries, faults);
    }
    let mut restarts = RestartCheck::new(cursor.layout(), contents);
    let last = loop {
        match cursor.next(contents) {
            Step::Entry => restarts.entry(&cursor, contents),
            step => break step,
        }
        if internal_keys && internal_key::split(cursor.key()).is_none() {
            tell(Flaw::BadInternalKey, cursor.entry_offset(), cursor.next_offset());
        }
        entries.push((PyBytes::new(py, cursor.key()), PyBytes::new(py, cursor.value(contents))));
    };
    let entries_end = cursor.layout().entries_end;
    if last == Step::Bad {
        tell(Flaw::BadEntry, cursor.next_offset(), entries_end);
    } else if !restarts.is_good(&cursor) {
        tell(Flaw::BadRestarts, entries_end, contents.len());
    }
    (entries, faults)
}

/// The contents of a block with these entries, as LevelDB builds it. Entries must be in order.
#[pyfunction]
#[pyo3(signature = (entries, restart_interval=16))]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn build_block<'py>(
    py: Python<'py>,
    entries: Vec<(Bytes<'py>, Bytes<'py>)>,
    restart_interval: usize,
) -> PyResult<Bytes<'py>> {
    let mut builder = BlockBuilder::new(restart_interval);
    for (key, value) in &entries {
        let added = builder.add(key.as_bytes(), value.as_bytes());
        added.map_err(|_| PyValueError::new_err("the block would pass 4 GiB"))?;
    }
    Ok(PyBytes::new(py, builder.finish()))
}

/// The size of the block that starts at `offset`, found by its checksum.
#[pyfunction]
fn block_size_at(py: Python<'_>, data: &[u8], offset: usize, limit: usize) -> Option<usize> {
    py.detach(|| table::end_search::block_size_at(data, offset, limit))
}

/// The small errors after which a masked checksum fits.
#[pyfunction]
#[pyo3(signature = (covered, masked_crc, *, longest_burst=16, pairs=true))]
fn explain_checksum(py: Python<'_>, covered: &[u8], masked_crc: u32, longest_burst: u32, pairs: bool) -> Vec<Vec<u64>> {
    py.detach(|| explain::explain(covered, masked_crc, longest_burst, pairs))
}

/// What is certain of a block of which some bytes are known to be bad.
#[pyfunction]
#[pyo3(signature = (stored, block_type, bad, *, prefix=b"".as_slice()),
       text_signature = "(stored, block_type, bad, *, prefix=b'')")]
fn salvage_block<'py>(
    py: Python<'py>,
    stored: &[u8],
    block_type: u8,
    bad: Vec<(usize, usize)>,
    prefix: &[u8],
) -> (Vec<(Bytes<'py>, Bytes<'py>)>, usize) {
    let Some(codec) = Codec::of_block(block_type, stored) else { return (Vec::new(), 0) };
    let bad: Vec<_> = bad.into_iter().map(|(start, end)| start..end).collect();
    let found = py.detach(|| salvage(codec, stored, &bad, stored.len().saturating_mul(SNAPPY_RATIO), prefix));
    let entries = found.entries.iter().map(|(key, value)| (PyBytes::new(py, key), PyBytes::new(py, value)));
    (entries.collect(), found.before)
}

type Found = (u64, u64, u8);

/// Find the blocks between two offsets without an index, each by its checksum.
#[pyfunction]
#[pyo3(signature = (source, start=0, stop=None))]
fn walk_table(py: Python<'_>, source: Source, start: u64, stop: Option<u64>) -> PyResult<(Vec<Found>, Vec<Fault>)> {
    let callbacks = Callbacks::default();
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        table::walk(&watched, start, stop)
    });
    let walk = callbacks.finish(result)?;
    let blocks = walk.blocks.iter().map(|found| (found.handle.offset, found.handle.size, found.block_type)).collect();
    Ok((blocks, walk.faults.into_iter().map(Fault::from).collect()))
}

/// LevelDB's bloom filter over these keys.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn bloom_filter<'py>(py: Python<'py>, user_keys: Vec<Bytes<'py>>, bits_per_key: usize) -> Bytes<'py> {
    PyBytes::new(py, &filter::bloom(user_keys.iter().map(|key| key.as_bytes()), bits_per_key))
}

/// Whether the filter allows that the key is there.
#[pyfunction]
fn bloom_may_match(filter: &[u8], user_key: &[u8]) -> bool {
    relevel_kernel::filter::may_match(filter, user_key)
}

/// Add the functions.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    parent.add_function(wrap_pyfunction!(crc32c, parent)?)?;
    parent.add_function(wrap_pyfunction!(mask_crc, parent)?)?;
    parent.add_function(wrap_pyfunction!(unmask_crc, parent)?)?;
    parent.add_function(wrap_pyfunction!(walk_table, parent)?)?;
    let py = parent.py();
    let module = PyModule::new(py, "blocks")?;
    module.add_function(wrap_pyfunction!(compress, &module)?)?;
    module.add_function(wrap_pyfunction!(decompress, &module)?)?;
    module.add_function(wrap_pyfunction!(decode_block, &module)?)?;
    module.add_function(wrap_pyfunction!(load_block, &module)?)?;
    module.add_function(wrap_pyfunction!(scan_block, &module)?)?;
    module.add_function(wrap_pyfunction!(build_block, &module)?)?;
    module.add_function(wrap_pyfunction!(explain_checksum, &module)?)?;
    module.add_function(wrap_pyfunction!(salvage_block, &module)?)?;
    module.add_function(wrap_pyfunction!(block_size_at, &module)?)?;
    module.add_function(wrap_pyfunction!(bloom_filter, &module)?)?;
    module.add_function(wrap_pyfunction!(bloom_may_match, &module)?)?;
    parent.add_submodule(&module)?;
    module.setattr("__name__", "relevel._kernel.blocks")?;
    py.import("sys")?.getattr("modules")?.set_item("relevel._kernel.blocks", module)
}
