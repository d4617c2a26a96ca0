//! Logs: records, batches, totals, and the framing of a record.

use crate::callbacks::Callbacks;
use crate::convert::{Order, Source};
use crate::errors::{self, Fault};
use crate::watch::Watched;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use relevel_kernel::log::{self, append_record};
use std::sync::Arc;

/// A batch of records is handed over before it has this many bytes of payload more than its last record.
const BATCH_SIZE: usize = 16 << 20;

type PyRecord<'py> = (u64, u64, Bound<'py, PyBytes>);

/// The records of a log or manifest, in file order, tolerant: faults are reported and reading goes on.
#[pyclass(module = "relevel._kernel")]
pub struct LogReader {
    reader: log::LogReader,
    callbacks: Callbacks,
}

#[pymethods]
impl LogReader {
    #[new]
    fn new(py: Python<'_>, source: Source) -> PyResult<Self> {
        let callbacks = Callbacks::default();
        let opened = py.detach(|| source.open()).map_err(|error| errors::to_python(error.into()))?;
        Ok(Self { reader: log::LogReader::new(Arc::new(Watched::new(opened, callbacks.clone()))), callbacks })
    }

    fn read<'py>(&mut self, py: Python<'py>, count: usize) -> PyResult<Vec<PyRecord<'py>>> {
        let mut payloads = Vec::new();
        let mut places = Vec::new();
        let result = py.detach(|| {
            while places.len() < count && payloads.len() < BATCH_SIZE {
                let Some(record) = self.reader.next_record()? else { break };
                payloads.extend_from_slice(record.payload);
                places.push((record.offset, record.end_offset, record.payload.len()));
            }
            Ok(())
        });
        self.callbacks.finish(result)?;
        let mut rest = payloads.as_slice();
        let mut records = Vec::with_capacity(places.len());
        for (offset, end_offset, size) in places {
            let (payload, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
            records.push((offset, end_offset, PyBytes::new(py, payload)));
            rest = after;
        }
        Ok(records)
    }

    #[getter]
    fn faults(&self) -> Vec<Fault> {
        self.reader.faults().iter().cloned().map(Fault::from).collect()
    }

    #[getter]
    fn file_size(&self) -> u64 {
        self.reader.file_size()
    }

    #[getter]
    fn zero_tail_size(&self) -> u64 {
        self.reader.zero_tail_size()
    }
}

/// What reading and verifying every record of one log of write batches found.
#[pyclass(frozen, module = "relevel._kernel")]
pub struct LogScan(log::LogScan);

#[pymethods]
impl LogScan {
    #[getter]
    fn file_size(&self) -> u64 {
        self.0.file_size
    }

    #[getter]
    fn zero_tail_size(&self) -> u64 {
        self.0.zero_tail_size
    }

    #[getter]
    fn record_count(&self) -> u64 {
        self.0.record_count
    }

    #[getter]
    fn batch_count(&self) -> u64 {
        self.0.batch_count
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
        self.0.smallest.as_ref().map(|key| PyBytes::new(py, key))
    }

    #[getter]
    fn largest<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.largest.as_ref().map(|key| PyBytes::new(py, key))
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
}

/// Read and verify every record and batch of a log. Never raises on content.
#[pyfunction]
#[pyo3(signature = (source, comparator=Order::default()), text_signature = "(source, comparator='bytewise')")]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn scan_log(py: Python<'_>, source: Source, comparator: Order) -> PyResult<LogScan> {
    let callbacks = &comparator.callbacks;
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        log::scan_log(Arc::new(watched), &comparator.comparator)
    });
    callbacks.finish(callbacks.check().and(result)).map(LogScan)
}

/// The physical records of one payload, for a writer that stands `block_offset` bytes into a 32 KiB block.
#[pyfunction]
fn encode_log_record<'py>(py: Python<'py>, payload: &[u8], block_offset: usize) -> Bound<'py, PyBytes> {
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 4096 + 64);
    append_record(&mut out, payload, block_offset);
    PyBytes::new(py, &out)
}

/// Add the classes and functions.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<LogReader>()?;
    module.add_class::<LogScan>()?;
    module.add_function(wrap_pyfunction!(scan_log, module)?)?;
    module.add_function(wrap_pyfunction!(encode_log_record, module)?)
}
