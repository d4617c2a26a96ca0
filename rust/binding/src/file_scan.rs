//! `FileScan`: what the scans of tables and logs have in common. Made again from plain values, so that scans can be pickled.

use crate::errors::Fault;
use pyo3::prelude::*;
use pyo3::types::PyType;
use relevel_kernel::totals::Totals;

/// The fields of a [`FileScan`] in order, as pickling keeps them.
pub type Fields = (u64, u64, u64, u64, u64, Option<Vec<u8>>, Option<Vec<u8>>, Option<u64>, Option<u64>, Vec<Fault>);

/// What `__reduce__` gives: the class, and the arguments that make an equal scan of it.
pub type Reduced<'py, Own> = (Bound<'py, PyType>, (Fields, Own));

/// What reading and verifying one file found.
#[pyclass(frozen, subclass, get_all, module = "relevel._kernel")]
pub struct FileScan {
    file_size: u64,
    put_count: u64,
    deletion_count: u64,
    key_size: u64,
    value_size: u64,
    smallest: Option<Vec<u8>>,
    largest: Option<Vec<u8>>,
    min_sequence: Option<u64>,
    max_sequence: Option<u64>,
    faults: Vec<Fault>,
}

impl FileScan {
    /// What the kernel found in a file of this size.
    pub fn new(file_size: u64, totals: Totals, faults: Vec<relevel_kernel::Fault>) -> Self {
        Self::from((
            file_size,
            totals.put_count,
            totals.deletion_count,
            totals.key_size,
            totals.value_size,
            totals.smallest,
            totals.largest,
            totals.min_sequence,
            totals.max_sequence,
            faults.into_iter().map(Fault::from).collect(),
        ))
    }

    /// The fields, for pickling.
    pub fn fields(&self) -> Fields {
        (
            self.file_size,
            self.put_count,
            self.deletion_count,
            self.key_size,
            self.value_size,
            self.smallest.clone(),
            self.largest.clone(),
            self.min_sequence,
            self.max_sequence,
            self.faults.clone(),
        )
    }
}

impl From<Fields> for FileScan {
    fn from(fields: Fields) -> Self {
        let (
            file_size,
            put_count,
            deletion_count,
            key_size,
            value_size,
            smallest,
            largest,
            min_sequence,
            max_sequence,
            faults,
        ) = fields;
        Self {
            file_size,
            put_count,
            deletion_count,
            key_size,
            value_size,
            smallest,
            largest,
            min_sequence,
            max_sequence,
            faults,
        }
    }
}

/// Add the class.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FileScan>()
}
