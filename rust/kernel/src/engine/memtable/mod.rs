//! Entries in memory, in internal key order.
//!
//! ```text
//! batch body, shared:   1 key value | 0 key | 1 key value | ...          as the log has it
//!                       ^             ^       ^
//! slots:                rank, trailer, body, position                    in a B-tree (tree), or in chunks (sorted)
//! ```
//! Reading needs no lock that a writer holds for long; writing is for one thread at a time. What is inserted is found at once,
//! by whoever looks for its sequence number: publish the sequence number when all of a batch is in.

mod cursor;
mod entry;
mod sorted;
mod table;
#[cfg(test)]
mod tests;
mod tree;

use crate::batch;
use crate::comparator::Comparator;
use crate::internal_key::MAX_SEQUENCE;
use crate::merge::rank;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
pub use cursor::MemtableCursor;
use entry::{Bytewise, Slot, Target};
use sorted::{Chunks, Sorted};
use std::fmt;
use std::sync::Arc;
use tree::Tree;

/// What an entry takes besides its operation, about as in LevelDB's arena, so that a write buffer holds as much.
const ENTRY_OVERHEAD: usize = 24;

/// Entries in memory, in internal key order.
pub struct Memtable {
    comparator: Comparator,
    entries: Entries,
    size: AtomicUsize,
    entry_count: AtomicU64,
}

enum Entries {
    Bytewise(Tree<Bytewise>),
    Known(Tree<Comparator>),
    Supplied(Sorted),
}

/// The newest version of a user key that a read may see.
#[derive(Debug, Clone)]
pub struct Found(Slot);

impl Found {
    /// [`TYPE_VALUE`](crate::internal_key::TYPE_VALUE) or [`TYPE_DELETION`](crate::internal_key::TYPE_DELETION).
    #[must_use]
    pub const fn value_type(&self) -> u8 {
        self.0.trailer.to_le_bytes()[0]
    }

    /// The sequence number.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.0.trailer >> 8
    }

    /// The value; empty for a deletion.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        self.0.value()
    }
}

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// Where to begin.
#[derive(Debug, Clone, Copy)]
enum Start<'a> {
    /// At the first entry in the direction.
    End,
    /// At the target, or where it would be.
    At(Target<'a>),
    /// Past the target.
    Behind(Target<'a>),
}

/// Batches that have their places in a memtable but cannot be found yet. Good for one [`Memtable::insert`], with no other
/// between.
#[derive(Default)]
pub struct Draft {
    batches: Vec<(Arc<[u8]>, u64)>,
    /// All entries with those of the batches; only where the order is supplied.
    chunks: Option<Chunks>,
}

impl Memtable {
    /// An empty memtable.
    #[must_use]
    pub fn new(comparator: Comparator) -> Self {
        let entries = match &comparator {
            Comparator::Bytewise => Entries::Bytewise(Tree::new(Bytewise)),
            known @ (Comparator::ReverseBytewise | Comparator::Idb) => Entries::Known(Tree::new(known.clone())),
            Comparator::Custom(_) => Entries::Supplied(Sorted::default()),
        };
        Self { comparator, entries, size: AtomicUsize::new(0), entry_count: AtomicU64::new(0) }
    }

    /// The order of the user keys.
    #[must_use]
    pub const fn comparator(&self) -> &Comparator {
        &self.comparator
    }

    /// Bytes of memory, about: what LevelDB would take for the same entries.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// How many entries there are, every version counted.
    #[must_use]
    pub fn entry_count(&self) -> u64 {
        self.entry_count.load(Ordering::Relaxed)
    }

    /// The newest version of `user_key` at or below `sequence`, which may be a deletion.
    #[must_use]
    pub fn get(&self, user_key: &[u8], sequence: u64) -> Option<Found> {
        self.get_with(user_key, sequence, |slot| Found(slot.clone()))
    }

    /// As [`get`](Self::get), without a handle: gives value type, value and sequence number to `use_version`.
    pub fn look_up<R>(
        &self,
        user_key: &[u8],
        sequence: u64,
        use_version: impl FnOnce(u8, &[u8], u64) -> R,
    ) -> Option<R> {
        self.get_with(user_key, sequence, |slot| {
            use_version(slot.trailer.to_le_bytes()[0], slot.value(), slot.trailer >> 8)
        })
    }

    fn get_with<R>(&self, user_key: &[u8], sequence: u64, use_slot: impl FnOnce(&Slot) -> R) -> Option<R> {
        let target = Target::newest(&self.comparator, user_key, sequence.min(MAX_SEQUENCE));
        let use_version =
            |slot: &Slot| self.comparator.compare(slot.user_key(), user_key).is_eq().then(|| use_slot(slot));
        match &self.entries {
            Entries::Bytewise(tree) => tree.first_from(target, use_version)?,
            Entries::Known(tree) => tree.first_from(target, use_version)?,
            Entries::Supplied(sorted) => {
                let mut slots = Vec::with_capacity(1);
                sorted.snapshot().read(&self.comparator, Start::At(target), Direction::Forward, 1, &mut slots);
                slots.first().and_then(use_version)
            }
        }
    }

    fn read(&self, from: Start<'_>, direction: Direction, count: usize, out: &mut Vec<Slot>) {
        match &self.entries {
            Entries::Bytewise(tree) => tree.read(from, direction, count, out),
            Entries::Known(tree) => tree.read(from, direction, count, out),
            Entries::Supplied(sorted) => sorted.snapshot().read(&self.comparator, from, direction, count, out),
        }
    }

    /// A cursor that stands on no entry yet, and keeps the memtable alive.
    #[must_use]
    pub fn cursor(self: &Arc<Self>) -> MemtableCursor {
        MemtableCursor::new(Arc::clone(self))
    }

    /// Give the operations of `body` (of a batch, as the log has them, without its header) their places in `draft`; the first
    /// has `sequence`. Nothing can be found yet. All comparisons that may fail are made here: where one did, drop the draft.
    pub fn place(&self, draft: &mut Draft, body: Arc<[u8]>, sequence: u64) {
        if let Entries::Supplied(sorted) = &self.entries {
            let chunks = draft.chunks.get_or_insert_with(|| Chunks::clone(&sorted.snapshot()));
            for_each_slot(&body, sequence, |slot, _| chunks.insert(&self.comparator, slot));
        }
        draft.batches.push((body, sequence));
    }

    /// Whether the order is supplied by the caller, so that comparisons may fail.
    #[must_use]
    pub const fn order_may_fail(&self) -> bool {
        matches!(self.entries, Entries::Supplied(_))
    }

    /// Insert the operations of `body` at once; the first has `sequence`. Only where the order [cannot
    /// fail](Self::order_may_fail).
    pub fn apply(&self, body: Arc<[u8]>, sequence: u64) {
        self.insert_batch(&body, sequence);
    }

    /// Insert what was placed. Never fails, and compares nothing in an order that may.
    pub fn insert(&self, draft: Draft) {
        for (body, sequence) in &draft.batches {
            self.insert_batch(body, *sequence);
        }
        if let (Entries::Supplied(sorted), Some(chunks)) = (&self.entries, draft.chunks) {
            sorted.show(chunks);
        }
    }

    /// Insert a batch into a tree; count it wherever it goes.
    fn insert_batch(&self, body: &Arc<[u8]>, sequence: u64) {
        let mut count = 0;
        for_each_slot(body, sequence, |slot, user_key| {
            count += 1;
            let rank = rank(&self.comparator, user_key);
            match &self.entries {
                Entries::Bytewise(tree) => tree.insert(rank, slot),
                Entries::Known(tree) => tree.insert(rank, slot),
                Entries::Supplied(_) => {}
            }
        });
        let overhead = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(ENTRY_OVERHEAD);
        self.size.fetch_add(body.len().saturating_add(overhead), Ordering::Relaxed);
        self.entry_count.fetch_add(count, Ordering::Relaxed);
    }
}

/// Give each operation of a batch's body, and its user key.
fn for_each_slot(body: &Arc<[u8]>, sequence: u64, mut use_slot: impl FnMut(Slot, &[u8])) {
    let (mut position, mut sequence) = (0, sequence);
    while let Some((operation, after)) = batch::decode_operation(body, position, sequence) {
        use_slot(Slot::new(body, position, &operation), operation.key);
        position = after;
        sequence = sequence.saturating_add(1);
    }
}

impl fmt::Debug for Memtable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memtable")
            .field("comparator", &self.comparator)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
