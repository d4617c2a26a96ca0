//! Counting versions by where they lie, for many ranges of keys in one reading.

use pyo3::prelude::*;
use pyo3::types::PyString;
use relevel_kernel::Comparator;
use relevel_kernel::merge::{Version, VersionBatch};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What is counted apart in one file: versions at an offset or behind it, of some keys, at some offsets.
type Apart = (u64, HashSet<Vec<u8>>, HashSet<u64>);

/// A range of keys, both ends included, and what is counted apart in it, by the file's name.
pub type CountedRange = (Option<Vec<u8>>, Option<Vec<u8>>, BTreeMap<String, Apart>);

/// How many versions of a file lie in a range: name, whether these are the ones apart, count.
pub type FileCount<'py> = (Bound<'py, PyString>, bool, u64);

/// Counts what lies in one range.
struct Counter {
    lower: Option<Vec<u8>>,
    upper: Option<Vec<u8>>,
    /// By input number.
    apart: BTreeMap<usize, Apart>,
    /// The same: not apart, and apart.
    counts: Vec<[u64; 2]>,
}

impl Counter {
    fn holds(&self, comparator: &Comparator, key: &[u8]) -> bool {
        self.lower.as_ref().is_none_or(|lower| comparator.compare(lower, key) != Ordering::Greater)
            && self.upper.as_ref().is_none_or(|upper| comparator.compare(key, upper) != Ordering::Greater)
    }

    fn count(&mut self, key: &[u8], version: &Version) {
        let Ok(input) = usize::try_from(version.origin.input) else { return };
        let Some([others, those_apart]) = self.counts.get_mut(input) else { return };
        let offset = version.origin.offset;
        let is_apart = self
            .apart
            .get(&input)
            .is_some_and(|(from, keys, offsets)| offset >= *from || keys.contains(key) || offsets.contains(&offset));
        *(if is_apart { those_apart } else { others }) += 1;
    }
}

/// What is counted apart, by input number: several inputs may be of one file.
fn by_input(names: &[String], apart: &BTreeMap<String, Apart>) -> BTreeMap<usize, Apart> {
    let named = names.iter().enumerate().filter_map(|(input, name)| Some((input, apart.get(name)?.clone())));
    named.collect()
}

/// The counters of all ranges.
pub struct Counters {
    names: Arc<[Arc<Py<PyString>>]>,
    counters: Vec<Counter>,
}

impl Counters {
    /// Nothing is counted yet.
    ///
    /// # Errors
    /// A name is no text.
    pub fn new(py: Python<'_>, names: Arc<[Arc<Py<PyString>>]>, ranges: Vec<CountedRange>) -> PyResult<Self> {
        let texts: Vec<String> =
            names.iter().map(|name| Ok(name.bind(py).to_cow()?.into_owned())).collect::<PyResult<_>>()?;
        let counter = |(lower, upper, apart): CountedRange| Counter {
            lower,
            upper,
            apart: by_input(&texts, &apart),
            counts: vec![[0; 2]; texts.len()],
        };
        Ok(Self { counters: ranges.into_iter().map(counter).collect(), names })
    }

    /// Count versions, which come in the order of their keys. False where no range goes on behind them.
    pub fn count(&mut self, comparator: &Comparator, batch: &VersionBatch) -> bool {
        let mut last: &[u8] = &[];
        for version in batch.iter() {
            last = batch.key(version);
            for counter in self.counters.iter_mut().filter(|counter| counter.holds(comparator, last)) {
                counter.count(last, version);
            }
        }
        let goes_on = |upper: &Vec<u8>| comparator.compare(last, upper) != Ordering::Greater;
        batch.is_empty() || self.counters.iter().any(|counter| counter.upper.as_ref().is_none_or(goes_on))
    }

    /// What was counted, range by range; files of which nothing was are left out.
    pub fn counted<'py>(&self, py: Python<'py>) -> Vec<Vec<FileCount<'py>>> {
        let of_range = |counter: &Counter| {
            let files = self.names.iter().zip(&counter.counts);
            let both = files.flat_map(|(name, [others, those_apart])| {
                [(false, *others), (true, *those_apart)]
                    .map(|(is_apart, count)| (name.bind(py).clone(), is_apart, count))
            });
            both.filter(|(_, _, count)| *count > 0).collect()
        };
        self.counters.iter().map(of_range).collect()
    }
}
