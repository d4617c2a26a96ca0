//! How each entry of a merge follows the one before.

use crate::comparator::Comparator;
use std::cmp::Ordering;

/// What an entry is to the entry before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first of its user key.
    NewKey,
    /// An older version of the same user key.
    Older,
    /// The same internal key.
    Same,
    /// It should have come before: its source is out of order.
    Late,
}

/// The last entry that was in order.
#[derive(Debug, Default)]
pub struct LastEntry {
    user_key: Vec<u8>,
    rank: u128,
    trailer: u64,
    exists: bool,
}

impl LastEntry {
    /// The user key of the last entry in order.
    pub fn user_key(&self) -> &[u8] {
        &self.user_key
    }

    /// Place the next entry, whose user key has this [rank](super::rank). Remember it with [`follow`](Self::follow) where
    /// it is in order.
    #[inline]
    pub fn place(&self, comparator: &Comparator, rank: u128, user_key: &[u8], trailer: u64) -> Place {
        if !self.exists || self.rank < rank {
            return Place::NewKey;
        }
        match comparator.compare(&self.user_key, user_key) {
            Ordering::Less => Place::NewKey,
            Ordering::Greater => Place::Late,
            Ordering::Equal => match trailer.cmp(&self.trailer) {
                Ordering::Less => Place::Older,
                Ordering::Equal => Place::Same,
                Ordering::Greater => Place::Late,
            },
        }
    }

    /// Take an entry that is in order for the last one.
    #[inline]
    pub fn follow(&mut self, place: Place, rank: u128, user_key: &[u8], trailer: u64) {
        if place == Place::NewKey {
            self.rank = rank;
            self.user_key.clear();
            self.user_key.extend_from_slice(user_key);
            self.exists = true;
        }
        self.trailer = trailer;
    }
}
