//! What a memtable holds: operations where they lie in the body of their batch, and keys to look for.

use crate::batch::{self, Operation};
use crate::comparator::Comparator;
use crate::internal_key::TYPE_VALUE;
use crate::merge::rank;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::sync::Arc;

/// One operation of a batch. All those of a batch share its body.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Sequence number and value type, as in an internal key.
    pub trailer: u64,
    /// The operations of the batch, as the log has them.
    body: Arc<[u8]>,
    /// Where in the body the operation begins.
    position: usize,
}

impl Slot {
    /// The operation at `position` of `body`, which `operation` was decoded from.
    pub fn new(body: &Arc<[u8]>, position: usize, operation: &Operation<'_>) -> Self {
        let trailer = operation.sequence << 8 | u64::from(operation.value_type);
        Self { trailer, body: Arc::clone(body), position }
    }

    fn operation(&self) -> Option<Operation<'_>> {
        batch::decode_operation(&self.body, self.position, 0).map(|(operation, _)| operation)
    }

    /// The user key.
    pub fn user_key(&self) -> &[u8] {
        self.operation().map_or(&[], |operation| operation.key)
    }

    /// The value; empty for a deletion.
    pub fn value(&self) -> &[u8] {
        self.operation().map_or(&[], |operation| operation.value)
    }
}

/// An order of user keys that never fails and needs no Python. Known at compile time where it is the bytewise one.
pub trait KeyOrder: Clone + Send + Sync + 'static {
    /// Compare two user keys whose ranks are equal.
    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering;
}

/// `leveldb.BytewiseComparator`.
#[derive(Debug, Clone, Copy)]
pub struct Bytewise;

impl KeyOrder for Bytewise {
    #[inline]
    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        a.cmp(b)
    }
}

impl KeyOrder for Comparator {
    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        Self::compare(self, a, b)
    }
}

/// A slot as the tree orders it.
#[derive(Debug, Clone)]
pub struct Entry<O> {
    rank: u128,
    /// The operation.
    pub slot: Slot,
    order: O,
}

impl<O: KeyOrder> Entry<O> {
    /// The entry of `slot`, whose user key has `rank`.
    pub const fn new(rank: u128, slot: Slot, order: O) -> Self {
        Self { rank, slot, order }
    }
}

impl<O: KeyOrder> Ord for Entry<O> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank
            .cmp(&other.rank)
            .then_with(|| self.order.compare(self.slot.user_key(), other.slot.user_key()))
            .then_with(|| other.slot.trailer.cmp(&self.slot.trailer))
    }
}

impl<O: KeyOrder> PartialOrd for Entry<O> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<O: KeyOrder> PartialEq for Entry<O> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<O: KeyOrder> Eq for Entry<O> {}

/// An internal key to look for, with the rank of its user key.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    rank: u128,
    /// The user key.
    pub user_key: &'a [u8],
    /// Sequence number and value type.
    pub trailer: u64,
}

impl<'a> Target<'a> {
    /// The internal key of `user_key` and `trailer`.
    pub fn new(comparator: &Comparator, user_key: &'a [u8], trailer: u64) -> Self {
        Self { rank: rank(comparator, user_key), user_key, trailer }
    }

    /// What comes before every version at or below `sequence`, and behind all newer ones.
    pub fn newest(comparator: &Comparator, user_key: &'a [u8], sequence: u64) -> Self {
        Self::new(comparator, user_key, sequence << 8 | u64::from(TYPE_VALUE))
    }
}

/// What can be compared in the tree: entries, and targets that nothing was allocated for.
pub trait Key<O> {
    /// The rank of the user key. Decides most comparisons, and needs no look at the key.
    fn rank(&self) -> u128;
    /// User key and trailer.
    fn parts(&self) -> (&[u8], u64);
    /// The order of the user keys.
    fn order(&self) -> &O;
}

impl<O: KeyOrder> Key<O> for Entry<O> {
    fn rank(&self) -> u128 {
        self.rank
    }

    fn parts(&self) -> (&[u8], u64) {
        (self.slot.user_key(), self.slot.trailer)
    }

    fn order(&self) -> &O {
        &self.order
    }
}

/// A target and the order to look for it in.
pub struct Sought<'a, O> {
    /// What to look for.
    pub target: Target<'a>,
    /// The order of the tree.
    pub order: &'a O,
}

impl<O: KeyOrder> Key<O> for Sought<'_, O> {
    fn rank(&self) -> u128 {
        self.target.rank
    }

    fn parts(&self) -> (&[u8], u64) {
        (self.target.user_key, self.target.trailer)
    }

    fn order(&self) -> &O {
        self.order
    }
}

impl<'a, O: KeyOrder> Borrow<dyn Key<O> + 'a> for Entry<O> {
    fn borrow(&self) -> &(dyn Key<O> + 'a) {
        self
    }
}

impl<O: KeyOrder> Ord for dyn Key<O> + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank()).then_with(|| {
            let ((key_a, trailer_a), (key_b, trailer_b)) = (self.parts(), other.parts());
            self.order().compare(key_a, key_b).then(trailer_b.cmp(&trailer_a))
        })
    }
}

impl<O: KeyOrder> PartialOrd for dyn Key<O> + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<O: KeyOrder> PartialEq for dyn Key<O> + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<O: KeyOrder> Eq for dyn Key<O> + '_ {}
