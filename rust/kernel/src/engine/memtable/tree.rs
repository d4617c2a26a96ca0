//! A memtable in an order that the kernel knows: a B-tree, which stays in the processor's caches better than a skip list; and as
//! long as every entry comes after all others, as where keys are times or are loaded in order, just a list.

use super::entry::{Entry, Key, KeyOrder, Slot, Sought, Target};
use super::{Direction, Start};
use crate::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::collections::BTreeSet;
use std::ops::Bound;

/// A list grows no longer than this: making a tree of it is one insertion's work.
const LONGEST_LIST: usize = 1 << 17;

/// Entries in a tree. Any thread may read while others insert: the lock is held for one insertion, or a few entries read.
pub struct Tree<O> {
    order: O,
    entries: RwLock<Entries<O>>,
}

enum Entries<O> {
    /// Each came after the one before, and is after it in the order.
    Rising(Vec<Entry<O>>),
    Any(BTreeSet<Entry<O>>),
}

type Edge<'a, O> = Bound<&'a (dyn Key<O> + 'a)>;

impl<O: KeyOrder> Tree<O> {
    /// An empty tree.
    pub fn new(order: O) -> Self {
        Self { order, entries: RwLock::new(Entries::Rising(Vec::new())) }
    }

    fn entries(&self) -> RwLockReadGuard<'_, Entries<O>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Insert a slot whose user key has `rank`. One with the same user key and trailer is replaced.
    pub fn insert(&self, rank: u128, slot: Slot) {
        let entry = Entry::new(rank, slot, self.order.clone());
        self.entries.write().unwrap_or_else(PoisonError::into_inner).insert(entry);
    }

    /// Give the first slot at or after `target` to `use_slot`.
    pub fn first_from<R>(&self, target: Target<'_>, use_slot: impl FnOnce(&Slot) -> R) -> Option<R> {
        let sought = Sought { target, order: &self.order };
        let edge: Edge<'_, O> = Bound::Included(&sought);
        match &*self.entries() {
            Entries::Rising(list) => after(list, edge).first().map(|entry| use_slot(&entry.slot)),
            Entries::Any(tree) => {
                tree.range::<dyn Key<O> + '_, _>((edge, Bound::Unbounded)).next().map(|entry| use_slot(&entry.slot))
            }
        }
    }

    /// Append up to `count` slots to `out`, in the order met.
    pub fn read(&self, from: Start<'_>, direction: Direction, count: usize, out: &mut Vec<Slot>) {
        let sought = match from {
            Start::End => None,
            Start::At(target) | Start::Behind(target) => Some(Sought { target, order: &self.order }),
        };
        let edge: Edge<'_, O> = match (&sought, from) {
            (Some(sought), Start::Behind(_)) => Bound::Excluded(sought),
            (Some(sought), _) => Bound::Included(sought),
            (None, _) => Bound::Unbounded,
        };
        let slot = |entry: &Entry<O>| entry.slot.clone();
        match (&*self.entries(), direction) {
            (Entries::Rising(list), Direction::Forward) => out.extend(after(list, edge).iter().take(count).map(slot)),
            (Entries::Rising(list), Direction::Backward) => {
                out.extend(before(list, edge).iter().rev().take(count).map(slot));
            }
            (Entries::Any(tree), Direction::Forward) => {
                out.extend(tree.range::<dyn Key<O> + '_, _>((edge, Bound::Unbounded)).take(count).map(slot));
            }
            (Entries::Any(tree), Direction::Backward) => {
                out.extend(tree.range::<dyn Key<O> + '_, _>((Bound::Unbounded, edge)).rev().take(count).map(slot));
            }
        }
    }
}

impl<O: KeyOrder> Entries<O> {
    fn insert(&mut self, entry: Entry<O>) {
        match self {
            Self::Rising(list) if list.len() < LONGEST_LIST && list.last().is_none_or(|last| *last < entry) => {
                list.push(entry);
            }
            Self::Rising(list) => {
                let mut tree: BTreeSet<_> = std::mem::take(list).into_iter().collect();
                tree.replace(entry);
                *self = Self::Any(tree);
            }
            Self::Any(tree) => {
                tree.replace(entry);
            }
        }
    }
}

/// The entries of a list from an edge on.
fn after<'a, O: KeyOrder>(list: &'a [Entry<O>], edge: Edge<'_, O>) -> &'a [Entry<O>] {
    let start = match edge {
        Bound::Included(key) => list.partition_point(|entry| as_key(entry) < key),
        Bound::Excluded(key) => list.partition_point(|entry| as_key(entry) <= key),
        Bound::Unbounded => 0,
    };
    list.get(start..).unwrap_or_default()
}

/// The entries of a list up to an edge.
fn before<'a, O: KeyOrder>(list: &'a [Entry<O>], edge: Edge<'_, O>) -> &'a [Entry<O>] {
    let end = match edge {
        Bound::Included(key) => list.partition_point(|entry| as_key(entry) <= key),
        Bound::Excluded(key) => list.partition_point(|entry| as_key(entry) < key),
        Bound::Unbounded => list.len(),
    };
    list.get(..end).unwrap_or_default()
}

fn as_key<'a, O: KeyOrder>(entry: &'a Entry<O>) -> &'a (dyn Key<O> + 'a) {
    entry
}
