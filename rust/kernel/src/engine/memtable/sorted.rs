//! A memtable in an order that the caller supplies, whose comparisons may fail.
//!
//! A tree would have to compare while it inserts, when the log has been written already; a comparison that failed then
//! would leave an entry where no search finds it. So here a batch is given its places first, in a draft, and only a draft
//! made without failure is shown, at once. Comparisons run without any lock held: they may be slow, and may wait for others.
//!
//! ```text
//! chunks, shared with readers    [a b c ...] [k l m ...] [x y ...]      at most CHUNK_SIZE slots each
//! ```

use super::entry::{Slot, Target};
use super::{Direction, Start};
use crate::comparator::Comparator;
use crate::sync::{PoisonError, RwLock};
use std::cmp::Ordering;
use std::sync::Arc;

/// A chunk is cut in two when it has this many slots.
const CHUNK_SIZE: usize = 256;

/// Slots in order. Clones share the chunks; changing one copies what it touches.
#[derive(Clone, Default)]
pub struct Chunks(Vec<Arc<Vec<Slot>>>);

/// Chunks that readers see whole or not at all.
#[derive(Default)]
pub struct Sorted(RwLock<Arc<Chunks>>);

impl Sorted {
    /// What is seen now. Does not change any more.
    pub fn snapshot(&self) -> Arc<Chunks> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Show a draft.
    pub fn show(&self, chunks: Chunks) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(chunks);
    }
}

impl Chunks {
    /// Insert a slot. One with the same user key and trailer is replaced.
    pub fn insert(&mut self, comparator: &Comparator, slot: Slot) {
        let target = Target::new(comparator, slot.user_key(), slot.trailer);
        let is_before = |other: &Slot| compare(comparator, other, &target).is_lt();
        let index = self.chunk_of(is_before).min(self.0.len().saturating_sub(1));
        let Some(chunk) = self.0.get_mut(index) else {
            // Nothing to compare it with, so with itself: the order may fail for it, and must not when it is too late.
            let _ = compare(comparator, &slot, &target);
            self.0.push(Arc::new(vec![slot]));
            return;
        };
        let at = chunk.partition_point(is_before);
        let same = chunk.get(at).is_some_and(|other| compare(comparator, other, &target).is_eq());
        let slots = Arc::make_mut(chunk);
        match slots.get_mut(at) {
            Some(other) if same => *other = slot,
            _ => slots.insert(at, slot),
        }
        if slots.len() >= CHUNK_SIZE {
            // At the end, where ascending keys go, leave the chunk full.
            let keep = if at + 1 == slots.len() { slots.len() - 1 } else { slots.len() / 2 };
            let rest = slots.split_off(keep);
            self.0.insert(index + 1, Arc::new(rest));
        }
    }

    /// The first chunk that has a slot which is not before.
    fn chunk_of(&self, is_before: impl Fn(&Slot) -> bool) -> usize {
        self.0.partition_point(|chunk| chunk.last().is_some_and(&is_before))
    }

    /// Append up to `count` slots to `out`, in the order met.
    pub fn read(
        &self,
        comparator: &Comparator,
        from: Start<'_>,
        direction: Direction,
        count: usize,
        out: &mut Vec<Slot>,
    ) {
        let is_before = |other: &Slot| match (from, direction) {
            (Start::End, Direction::Forward) => false,
            (Start::End, Direction::Backward) => true,
            (Start::At(target), Direction::Forward) | (Start::Behind(target), Direction::Backward) => {
                compare(comparator, other, &target).is_lt()
            }
            (Start::Behind(target), Direction::Forward) | (Start::At(target), Direction::Backward) => {
                compare(comparator, other, &target).is_le()
            }
        };
        let index = self.chunk_of(is_before);
        let at = self.0.get(index).map_or(0, |chunk| chunk.partition_point(is_before));
        match direction {
            Direction::Forward => {
                let slots = self.0.iter().skip(index).flat_map(|chunk| chunk.iter());
                out.extend(slots.skip(at).take(count).cloned());
            }
            Direction::Backward => {
                let here = self.0.get(index).and_then(|chunk| chunk.get(..at)).unwrap_or_default();
                let before = self.0.iter().take(index).rev().flat_map(|chunk| chunk.iter().rev());
                out.extend(here.iter().rev().chain(before).take(count).cloned());
            }
        }
    }
}

fn compare(comparator: &Comparator, slot: &Slot, target: &Target<'_>) -> Ordering {
    comparator.compare(slot.user_key(), target.user_key).then_with(|| target.trailer.cmp(&slot.trailer))
}
