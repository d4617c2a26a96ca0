//! A memtable in an order that the kernel knows: a skip list that readers and writers share without locks.

use super::entry::{Entry, Key, KeyOrder, Slot, Sought, Target};
use super::{Direction, Start};
use crossbeam_epoch as epoch;
use crossbeam_skiplist::SkipList;
use std::ops::Bound;

/// Entries in a skip list. Any thread may read while others insert.
pub struct List<O> {
    order: O,
    entries: SkipList<Entry<O>, ()>,
}

impl<O: KeyOrder> List<O> {
    /// An empty list.
    pub fn new(order: O) -> Self {
        Self { order, entries: SkipList::new(epoch::default_collector().clone()) }
    }

    /// Insert a slot whose user key has `rank`. One with the same user key and trailer is replaced.
    pub fn insert(&self, rank: u128, slot: Slot, guard: &epoch::Guard) {
        self.entries.insert(Entry::new(rank, slot, self.order.clone()), (), guard).release(guard);
    }

    /// Give the first slot at or after `target` to `use_slot`.
    pub fn first_from<R>(&self, target: Target<'_>, use_slot: impl FnOnce(&Slot) -> R) -> Option<R> {
        let guard = epoch::pin();
        let sought = Sought { target, order: &self.order };
        let key: &dyn Key<O> = &sought;
        let entry = self.entries.lower_bound(Bound::Included(key), &guard)?;
        Some(use_slot(&entry.key().slot))
    }

    /// Append up to `count` slots to `out`, in the order met.
    pub fn read(&self, from: Start<'_>, direction: Direction, count: usize, out: &mut Vec<Slot>) {
        let guard = epoch::pin();
        let sought = |target| Sought { target, order: &self.order };
        let entry = match (from, direction) {
            (Start::End, Direction::Forward) => self.entries.front(&guard),
            (Start::End, Direction::Backward) => self.entries.back(&guard),
            (Start::At(target), Direction::Forward) => {
                let key: &dyn Key<O> = &sought(target);
                self.entries.lower_bound(Bound::Included(key), &guard)
            }
            (Start::Behind(target), Direction::Forward) => {
                let key: &dyn Key<O> = &sought(target);
                self.entries.lower_bound(Bound::Excluded(key), &guard)
            }
            (Start::At(target), Direction::Backward) => {
                let key: &dyn Key<O> = &sought(target);
                self.entries.upper_bound(Bound::Included(key), &guard)
            }
            (Start::Behind(target), Direction::Backward) => {
                let key: &dyn Key<O> = &sought(target);
                self.entries.upper_bound(Bound::Excluded(key), &guard)
            }
        };
        let Some(mut entry) = entry else { return };
        for taken in 1.. {
            out.push(entry.key().slot.clone());
            let moved = taken < count
                && match direction {
                    Direction::Forward => entry.move_next(),
                    Direction::Backward => entry.move_prev(),
                };
            if !moved {
                return;
            }
        }
    }
}
