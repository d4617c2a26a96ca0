//! `relevel._kernel.past`: what looking back needs beside cursors.

use crate::cursors::SequenceCursor;
use pyo3::prelude::*;
use relevel_kernel::merge;

/// Keys to look back at: these, those that start with a prefix, or all; in a range; made to go by some deletions.
#[pyclass(frozen, module = "relevel._kernel.past")]
pub struct LookBack(pub merge::LookBack);

#[pymethods]
impl LookBack {
    #[new]
    #[pyo3(signature = (*, keys=Vec::new(), prefixes=Vec::new(), start=None, stop=None, gone_from=0, gone_to=None),
           text_signature = "(*, keys=(), prefixes=(), start=None, stop=None, gone_from=0, gone_to=None)")]
    fn new(
        keys: Vec<Vec<u8>>,
        prefixes: Vec<Vec<u8>>,
        start: Option<Vec<u8>>,
        stop: Option<Vec<u8>>,
        gone_from: u64,
        gone_to: Option<u64>,
    ) -> Self {
        let gone = gone_from..=gone_to.unwrap_or(u64::MAX);
        Self(merge::LookBack { keys: keys.into_iter().collect(), prefixes, start, stop, gone })
    }
}

/// The sequence numbers of many versions. Frozen.
#[pyclass(frozen, module = "relevel._kernel.past")]
pub struct Sequences(merge::Sequences);

impl Sequences {
    /// All numbers have come.
    pub fn new(sequences: merge::Sequences) -> Self {
        Self(sequences.finish())
    }
}

#[pymethods]
impl Sequences {
    #[getter]
    fn count(&self) -> u64 {
        self.0.count()
    }

    #[getter]
    fn has_forgotten(&self) -> bool {
        self.0.has_forgotten()
    }

    #[getter]
    fn version_count(&self) -> u64 {
        self.0.added()
    }

    #[getter]
    fn oldest(&self) -> Option<u64> {
        self.0.oldest()
    }

    #[getter]
    fn newest(&self) -> Option<u64> {
        self.0.newest()
    }

    fn first_missing(&self, first: u64, last: u64) -> Option<u64> {
        self.0.first_missing(first, last)
    }

    fn last_missing(&self, first: u64, last: u64) -> Option<u64> {
        self.0.last_missing(first, last)
    }
}

/// Add the module.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = parent.py();
    let module = PyModule::new(py, "past")?;
    module.add_class::<LookBack>()?;
    module.add_class::<Sequences>()?;
    module.add_class::<SequenceCursor>()?;
    parent.add_submodule(&module)?;
    module.setattr("__name__", "relevel._kernel.past")?;
    py.import("sys")?.getattr("modules")?.set_item("relevel._kernel.past", module)
}
