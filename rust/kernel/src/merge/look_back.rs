//! Which keys are looked back at, and which of those that are gone come back.

use crate::comparator::Comparator;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What is chosen. Without keys and prefixes every key in `[start, stop)` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookBack {
    /// These keys.
    pub keys: BTreeSet<Vec<u8>>,
    /// And those that start with one of these, compared bytewise.
    pub prefixes: Vec<Vec<u8>>,
    /// None before this one, in the order of the keys.
    pub start: Option<Vec<u8>>,
    /// None at or after this one.
    pub stop: Option<Vec<u8>>,
    /// Of keys that are gone, those that a deletion with one of these sequence numbers made go.
    pub gone: RangeInclusive<u64>,
}

impl Default for LookBack {
    fn default() -> Self {
        let (keys, prefixes) = (BTreeSet::new(), Vec::new());
        Self { keys, prefixes, start: None, stop: None, gone: 0..=u64::MAX }
    }
}

impl LookBack {
    /// Whether a key is chosen.
    #[must_use]
    pub fn has(&self, comparator: &Comparator, user_key: &[u8]) -> bool {
        let named = || {
            let everything = self.keys.is_empty() && self.prefixes.is_empty();
            everything
                || self.keys.contains(user_key)
                || self.prefixes.iter().any(|prefix| user_key.starts_with(prefix))
        };
        let reached = || self.start.as_ref().is_none_or(|start| comparator.compare(user_key, start).is_ge());
        let before = || self.stop.as_ref().is_none_or(|stop| comparator.compare(user_key, stop).is_lt());
        reached() && before() && named()
    }

    /// Whether keys come back of which no deletion is known.
    #[must_use]
    pub fn has_every_deletion(&self) -> bool {
        self.gone == (0..=u64::MAX)
    }
}
