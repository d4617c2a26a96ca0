//! Cursors: many inputs merged, and their rows in batches.

use crate::callbacks::Callbacks;
use crate::columns::{Columns, Place};
use crate::convert::Order;
use crate::counting::{CountedRange, Counters, FileCount};
use crate::inputs::{Input, Sources, rank_names};
use crate::listener::{Listener, NamedFault, Names};
use crate::past::{LookBack, Sequences};
use crate::reading::{EFFORT, Pace, Reading};
use crate::rebuild::{PythonCustomer, build_options};
use crate::rows::{RowMaker, pairs};
use crate::table_meta::TableMeta;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};
use pyo3::{PyTraverseError, PyVisit};
use relevel_kernel::merge::by_sequence::SequenceSorter;
use relevel_kernel::merge::{self, Mode, Selection, StateCounts, VersionBatch, Wanted};
use relevel_kernel::rebuild::{Style, Written, write_tables};
use relevel_kernel::{self as kernel, Comparator};
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Versions handed to a sort at a time.
const SORT_COUNT: usize = 4096;

/// The versions of many inputs merged in internal key order. Not thread-safe; one reader.
#[pyclass(module = "relevel._kernel")]
pub struct Cursor {
    /// Locked by nobody: that makes of a selection, which may move between threads, what they may share.
    reading: Mutex<Reading>,
    comparator: Comparator,
    batch: VersionBatch,
    /// How many versions of the batch Python has.
    given: usize,
    /// Of the versions written into tables.
    states: StateCounts,
    listener: Listener,
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.listener.callbacks.stop();
    }
}

fn mode_of(name: &str) -> PyResult<Mode> {
    match name {
        "versions" => Ok(Mode::Versions),
        "visible" => Ok(Mode::Visible),
        "deleted" => Ok(Mode::Deleted),
        "undelete" => Ok(Mode::Undelete),
        "rewind" => Ok(Mode::Rewind),
        _ => Err(PyValueError::new_err(format!(
            "unknown mode {name:?}: a cursor gives \"versions\", \"visible\", \"deleted\", \"undelete\" or \"rewind\""
        ))),
    }
}

#[pymethods]
impl Cursor {
    #[new]
    #[pyo3(signature = (inputs, comparator=Order::default(), *, mode="visible", start=None, stop=None, sequence=None,
                        newest_sequence=None, look_back=None, from_sequence=0, to_sequence=None, deletions_only=false,
                        repair=None),
           text_signature = "(inputs, comparator='bytewise', *, mode='visible', start=None, stop=None, sequence=None, \
                             newest_sequence=None, look_back=None, from_sequence=0, to_sequence=None, \
                             deletions_only=False, repair=None)")]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn new(
        py: Python<'_>,
        inputs: Vec<Input>,
        comparator: Order,
        mode: &str,
        start: Option<Vec<u8>>,
        stop: Option<Vec<u8>>,
        sequence: Option<u64>,
        newest_sequence: Option<u64>,
        look_back: Option<PyRef<'_, LookBack>>,
        from_sequence: u64,
        to_sequence: Option<u64>,
        deletions_only: bool,
        repair: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let to_sequence = to_sequence.unwrap_or(u64::MAX);
        let mode = mode_of(mode)?;
        let look_back = look_back.map(|look_back| look_back.0.clone()).unwrap_or_default();
        let wanted = Wanted {
            mode,
            start,
            stop,
            sequence,
            newest_sequence,
            look_back,
            from_sequence,
            to_sequence,
            deletions_only,
        };
        // Entries outside may tell what the newest sequence number is.
        let bounds = match (sequence, newest_sequence) {
            (Some(_), None) => (None, None),
            _ => (wanted.start.clone(), wanted.stop.clone()),
        };
        let Sources { sources, names } = Sources::of(py, &inputs, &comparator, &bounds);
        let Order { comparator, callbacks } = comparator;
        let reading = Reading::of(Selection::new(comparator.clone(), sources, wanted));
        let listener = Listener { faults: Vec::new(), repair, names: names.into(), callbacks };
        let (batch, states) = (VersionBatch::default(), StateCounts::default());
        Ok(Self { reading: Mutex::new(reading), comparator, batch, given: 0, states, listener })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.listener.repair)
    }

    fn __clear__(&mut self) {
        self.listener.repair = None;
    }

    #[pyo3(signature = (count, row_type=None))]
    fn read<'py>(
        &mut self,
        py: Python<'py>,
        count: usize,
        row_type: Option<Bound<'py, PyType>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let range = self.advance(py, count)?;
        let rows = RowMaker::new(py, &self.listener.names, row_type)?.rows(&self.batch, range);
        self.let_go();
        rows
    }

    fn read_pairs<'py>(&mut self, py: Python<'py>, count: usize) -> PyResult<Bound<'py, PyList>> {
        let range = self.advance(py, count)?;
        let made = pairs(py, &self.batch, range);
        self.let_go();
        made
    }

    fn take_faults<'py>(&mut self, py: Python<'py>) -> Vec<NamedFault<'py>> {
        self.listener.take_faults(py)
    }

    #[pyo3(signature = (temp_dir, memory_limit=67_108_864))]
    fn by_sequence(&mut self, py: Python<'_>, temp_dir: PathBuf, memory_limit: usize) -> PyResult<SequenceCursor> {
        let ranks = rank_names(py, &self.listener.names)?;
        let mut sorter = SequenceSorter::new(ranks, &temp_dir, memory_limit);
        let mut batch = VersionBatch::default();
        let sorted = self.consume(py, |selection, listener| {
            while !selection.ended() {
                selection.fill(&mut batch, SORT_COUNT, EFFORT, listener)?;
                sorter.push(&batch)?;
                listener.callbacks.check_signals()?;
            }
            sorter.finish()
        })?;
        let listener = Listener {
            faults: std::mem::take(&mut self.listener.faults),
            repair: None,
            names: self.listener.names.clone(),
            callbacks: Callbacks::default(),
        };
        Ok(SequenceCursor { sorted, batch: VersionBatch::default(), listener })
    }

    fn count_by_file<'py>(&mut self, py: Python<'py>, ranges: Vec<CountedRange>) -> PyResult<Vec<Vec<FileCount<'py>>>> {
        let mut counters = Counters::new(py, self.listener.names.clone(), ranges)?;
        let (comparator, mut batch) = (self.comparator.clone(), VersionBatch::default());
        self.consume(py, |selection, listener| {
            let mut goes_on = true;
            while goes_on && !selection.ended() {
                selection.fill(&mut batch, SORT_COUNT, EFFORT, listener)?;
                goes_on = counters.count(&comparator, &batch);
                listener.callbacks.check_signals()?;
            }
            Ok(())
        })?;
        Ok(counters.counted(py))
    }

    #[pyo3(signature = (memory_limit=134_217_728))]
    fn sequences(&mut self, py: Python<'_>, memory_limit: usize) -> PyResult<Sequences> {
        let mut sequences = merge::Sequences::new(memory_limit);
        let mut batch = VersionBatch::default();
        self.consume(py, |selection, listener| {
            while !selection.ended() {
                selection.fill(&mut batch, SORT_COUNT, EFFORT, listener)?;
                batch.iter().for_each(|version| sequences.add(version.sequence));
                listener.callbacks.check_signals()?;
            }
            Ok(())
        })?;
        Ok(Sequences::new(sequences))
    }

    #[getter]
    fn written_states(&self) -> BTreeMap<&'static str, u64> {
        let StateCounts { live, shadowed, deleted, unknown } = self.states;
        BTreeMap::from([("live", live), ("shadowed", shadowed), ("deleted", deleted), ("unknown", unknown)])
    }

    #[pyo3(signature = (next_path, *, target_file_size=2_097_152, codec="snappy", block_size=4096, restart_interval=16,
                        bloom_bits_per_key=0, filter_name=b"leveldb.BuiltinBloomFilter2".to_vec(),
                        shorten_index_keys=true, progress=None),
           text_signature = "($self, next_path, *, target_file_size=2097152, codec='snappy', block_size=4096, \
                             restart_interval=16, bloom_bits_per_key=0, filter_name=b'leveldb.BuiltinBloomFilter2', \
                             shorten_index_keys=True, progress=None)")]
    #[expect(clippy::too_many_arguments, reason = "they are keyword arguments")]
    fn write_tables(
        &mut self,
        py: Python<'_>,
        next_path: Py<PyAny>,
        target_file_size: u64,
        codec: &str,
        block_size: usize,
        restart_interval: usize,
        bloom_bits_per_key: usize,
        filter_name: Vec<u8>,
        shorten_index_keys: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Vec<TableMeta>> {
        let options =
            build_options(codec, block_size, restart_interval, bloom_bits_per_key, filter_name, shorten_index_keys)?;
        let style = Style { comparator: self.comparator.clone(), options, target_file_size };
        let callbacks = self.listener.callbacks.clone();
        let mut customer = PythonCustomer { next_path, progress, callbacks, next_progress: 0 };
        let Written { tables, states } =
            self.consume(py, |selection, listener| write_tables(selection, &style, &mut customer, listener))?;
        self.states = states;
        Ok(tables.into_iter().map(|(path, meta)| TableMeta::new(path, meta)).collect())
    }
}

impl Cursor {
    /// The next versions, as a range of the batch: `count` at most, none at the end only.
    fn advance(&mut self, py: Python<'_>, count: usize) -> PyResult<Range<usize>> {
        if self.given >= self.batch.len() && count > 0 {
            self.given = 0;
            self.batch.clear();
            let repairs = self.listener.repair.is_some();
            let ahead = !matches!(self.comparator, Comparator::Custom(_));
            let pace = Pace { count, ahead, repairs };
            let read = locked(&mut self.reading).next(py, &mut self.batch, pace, &mut self.listener);
            read.inspect_err(|_| self.batch.clear())?;
        }
        let start = self.given;
        self.given = start.saturating_add(count).min(self.batch.len());
        Ok(start..self.given)
    }

    /// The next versions as columns; nothing at the end. Those at the places `unverified` are not intact.
    ///
    /// # Errors
    /// As reading rows.
    pub fn columns(
        &mut self,
        py: Python<'_>,
        count: usize,
        unverified: HashSet<(String, u64)>,
    ) -> PyResult<Option<Columns>> {
        let range = self.advance(py, count)?;
        if range.is_empty() {
            return Ok(None);
        }
        let unverified = self.places(py, unverified)?;
        let columns = Columns::of(py, &self.batch, self.batch.versions(range), &unverified);
        self.let_go();
        columns.map(Some)
    }

    /// Forget a batch of which everything was given: what a very large value takes is not held while the caller uses it.
    fn let_go(&mut self) {
        if self.given >= self.batch.len() {
            self.given = 0;
            self.batch.clear();
        }
    }

    /// The files' names, by the number that columns have for them.
    pub fn names(&self) -> &Names {
        &self.listener.names
    }

    /// The same places with the files' numbers for their names.
    fn places(&self, py: Python<'_>, named: HashSet<(String, u64)>) -> PyResult<HashSet<Place>> {
        let mut places = HashSet::new();
        for (name, offset) in named {
            for (input, known) in (0_u32..).zip(self.listener.names.iter()) {
                if known.bind(py).to_cow()? == name {
                    places.insert((input, offset));
                }
            }
        }
        Ok(places)
    }

    /// Do something with all that is left, without the interpreter lock.
    fn consume<T: Send>(
        &mut self,
        py: Python<'_>,
        job: impl FnOnce(&mut Selection, &mut Listener) -> kernel::Result<T> + Send,
    ) -> PyResult<T> {
        let mut selection = locked(&mut self.reading).take()?;
        let listener = &mut self.listener;
        let done = py.detach(|| {
            let done = job(&mut selection, listener);
            listener.callbacks.check().and(done)
        });
        listener.callbacks.finish(done)
    }
}

fn locked(reading: &mut Mutex<Reading>) -> &mut Reading {
    reading.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// Rows in ascending sequence order. Temporary files are gone when it is.
#[pyclass(module = "relevel._kernel.past")]
pub struct SequenceCursor {
    sorted: merge::SequenceCursor,
    batch: VersionBatch,
    listener: Listener,
}

#[pymethods]
impl SequenceCursor {
    #[pyo3(signature = (count, row_type=None))]
    fn read<'py>(
        &mut self,
        py: Python<'py>,
        count: usize,
        row_type: Option<Bound<'py, PyType>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let Self { sorted, batch, listener } = self;
        let filled = py.detach(|| sorted.fill(batch, count));
        listener.callbacks.finish(filled)?;
        RowMaker::new(py, &listener.names, row_type)?.rows(batch, 0..batch.len())
    }

    fn take_faults<'py>(&mut self, py: Python<'py>) -> Vec<NamedFault<'py>> {
        self.listener.take_faults(py)
    }
}

/// Add the classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    crate::inputs::register(module)?;
    crate::kinship::register(module)?;
    module.add_class::<Cursor>()
}
