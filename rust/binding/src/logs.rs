//! Logs: records, batches, totals, and the framing of a record.

use crate::callbacks::Callbacks;
use crate::convert::{Order, Source};
use crate::errors::{self, Fault};
use crate::file_scan::{Fields, FileScan, Reduced};
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

/// The fields of a [`LogScan`] in order, as pickling keeps them.
type OwnFields = (u64, u64, u64);

/// What reading and verifying every record of one log of write batches found.
#[pyclass(frozen, get_all, extends = FileScan, module = "relevel._kernel")]
pub struct LogScan {
    zero_tail_size: u64,
    record_count: u64,
    batch_count: u64,
}

#[pymethods]
impl LogScan {
    #[new]
    fn new(of_file: Fields, own: OwnFields) -> PyClassInitializer<Self> {
        let (zero_tail_size, record_count, batch_count) = own;
        PyClassInitializer::from(FileScan::from(of_file)).add_subclass(Self {
            zero_tail_size,
            record_count,
            batch_count,
        })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> Reduced<'py, OwnFields> {
        let scan = slf.get();
        let own = (scan.zero_tail_size, scan.record_count, scan.batch_count);
        (slf.get_type(), (slf.as_super().get().fields(), own))
    }
}

fn log_scan(scan: log::LogScan) -> PyClassInitializer<LogScan> {
    let log::LogScan { file_size, zero_tail_size, record_count, batch_count, totals, faults } = scan;
    PyClassInitializer::from(FileScan::new(file_size, totals, faults)).add_subclass(LogScan {
        zero_tail_size,
        record_count,
        batch_count,
    })
}

/// Read and verify every record and batch of a log. Never raises on content.
#[pyfunction]
#[pyo3(signature = (source, comparator=Order::default()), text_signature = "(source, comparator='bytewise')")]
#[expect(clippy::needless_pass_by_value, reason = "arguments of a Python function are owned")]
fn scan_log(py: Python<'_>, source: Source, comparator: Order) -> PyResult<Py<LogScan>> {
    let callbacks = &comparator.callbacks;
    let result = py.detach(|| {
        let watched = Watched::new(source.open()?, callbacks.clone());
        log::scan_log(Arc::new(watched), &comparator.comparator)
    });
    Py::new(py, log_scan(callbacks.finish(callbacks.check().and(result))?))
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
