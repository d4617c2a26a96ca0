//! Orders of user keys. A comparator's name is stored in the manifest; which one to use is the caller's choice.

use std::cmp::Ordering;
use std::sync::Arc;

/// A total order of user keys.
#[derive(Clone)]
pub enum Comparator {
    /// `leveldb.BytewiseComparator`: memcmp.
    Bytewise,
    /// memcmp, the other way round.
    ReverseBytewise,
    /// Chromium's `idb_cmp1`, the order of IndexedDB keys.
    Idb,
    /// An order that the caller supplies. Must be total, or merged output has no defined order (never unsafe).
    Custom(Arc<dyn Fn(&[u8], &[u8]) -> Ordering + Send + Sync>),
}
