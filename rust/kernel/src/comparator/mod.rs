//! Orders of user keys. A comparator's name is stored in the manifest; which one to use is the caller's choice.

pub mod idb;
mod sort;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// An order that the caller supplies.
pub type CustomOrder = Arc<dyn Fn(&[u8], &[u8]) -> Ordering + Send + Sync>;

/// A total order of user keys.
#[derive(Clone)]
pub enum Comparator {
    /// `leveldb.BytewiseComparator`: memcmp.
    Bytewise,
    /// memcmp, the other way round.
    ReverseBytewise,
    /// Chromium's `idb_cmp1`, the order of IndexedDB keys.
    Idb,
    /// An order that the caller supplies. Must be total, or merged output has no defined order (never unsafe; but the
    /// standard library's sort may panic, so sort with [`Comparator::sort_by`]).
    Custom(CustomOrder),
}

impl Comparator {
    /// Compare two user keys.
    #[inline]
    #[must_use]
    pub fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if matches!(self, Self::Bytewise) { a.cmp(b) } else { self.compare_otherwise(a, b) }
    }

    /// Sort stably by a `compare` that is made from this order. Never panics, not even where a custom order is not total.
    pub fn sort_by<T: Copy>(&self, items: &mut Vec<T>, compare: impl FnMut(&T, &T) -> Ordering) {
        if matches!(self, Self::Custom(_)) { sort::merge_sort(items, compare) } else { items.sort_by(compare) }
    }

    /// Every order but the bytewise one; out of line, so that the fast path stays small where it is inlined.
    #[inline(never)]
    fn compare_otherwise(&self, a: &[u8], b: &[u8]) -> Ordering {
        match self {
            Self::Bytewise => a.cmp(b),
            Self::Idb => idb::compare(a, b),
            Self::ReverseBytewise => b.cmp(a),
            Self::Custom(order) => order(a, b),
        }
    }
}

impl fmt::Debug for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytewise => "Bytewise",
            Self::ReverseBytewise => "ReverseBytewise",
            Self::Idb => "Idb",
            Self::Custom(_) => "Custom",
        })
    }
}
