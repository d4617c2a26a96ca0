//! Sets of sequence numbers.

use pyo3::prelude::*;
use relevel_kernel::merge;

/// The sequence numbers of many versions. Frozen.
#[pyclass(frozen, module = "relevel._kernel")]
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
