//! Which keys a cursor looks back at.

use pyo3::prelude::*;
use relevel_kernel::merge;

/// Keys to look back at: these, those that start with a prefix, or all; in a range; made to go by some deletions.
#[pyclass(frozen, module = "relevel._kernel")]
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
