//! A memtable in an order that the kernel knows: a B-tree, which stays in the processor's caches better than a skip list.

use super::entry::{Entry, Key, KeyOrder, Slot, Sought, Target};
use super::{Direction, Start};
use crate::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::collections::BTreeSet;
use std::ops::Bound;

/// Entries in a tree. Any thread may read while others insert: the lock is held for one insertion, or a few entries read.
pub struct Tree<O> {
    order: O,
    entries: RwLock<BTreeSet<Entry<O>>>,
}

impl<O: KeyOrder> Tree<O> {
    /// An empty tree.
    pub fn new(order: O) -> Self {
        Self { order, entries: RwLock::default() }
    }

    fn entries(&self) -> RwLockReadGuard<'_, BTreeSet<Entry<O>>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Insert a slot whose user key has `rank`. One with the same user key and trailer is replaced.
    pub fn insert(&self, rank: u128, slot: Slot) {
        let entry = Entry::new(rank, slot, self.order.clone());
        self.entries.write().unwrap_or_else(PoisonError::into_inner).replace(entry);
    }

    /// Give the first slot at or after `target` to `use_slot`.
    pub fn first_from<R>(&self, target: Target<'_>, use_slot: impl FnOnce(&Slot) -> R) -> Option<R> {
        let sought = Sought { target, order: &self.order };
        let key: &dyn Key<O> = &sought;
        let entries = self.entries();
        let entry = entries.range::<dyn Key<O> + '_, _>((Bound::Included(key), Bound::Unbounded)).next()?;
        Some(use_slot(&entry.slot))
    }

    /// Append up to `count` slots to `out`, in the order met.
    pub fn read(&self, from: Start<'_>, direction: Direction, count: usize, out: &mut Vec<Slot>) {
        let sought = match from {
            Start::End => None,
            Start::At(target) | Start::Behind(target) => Some(Sought { target, order: &self.order }),
        };
        let bound = match (&sought, from) {
            (Some(sought), Start::Behind(_)) => Bound::Excluded(sought as &dyn Key<O>),
            (Some(sought), _) => Bound::Included(sought as &dyn Key<O>),
            (None, _) => Bound::Unbounded,
        };
        let entries = self.entries();
        let slot = |entry: &Entry<O>| entry.slot.clone();
        match direction {
            Direction::Forward => {
                out.extend(entries.range::<dyn Key<O> + '_, _>((bound, Bound::Unbounded)).take(count).map(slot));
            }
            Direction::Backward => {
                out.extend(entries.range::<dyn Key<O> + '_, _>((Bound::Unbounded, bound)).rev().take(count).map(slot));
            }
        }
    }
}
