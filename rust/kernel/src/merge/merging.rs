//! The entries of many cursors as one, in internal key order.
//!
//! Entries with the same internal key come in the order of their inputs. An input whose own entries are out of order loses
//! none: each comes as soon as it is that input's next and smaller than the others'. What comes out is then out of order too.

use super::contest::Contest;
use super::rank::rank;
use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events, Origin};
use crate::fault::Result;
use crate::internal_key;

/// Merges cursors. No entry is copied.
pub struct MergingCursor {
    comparator: Comparator,
    heads: Vec<Head>,
    contest: Contest,
}

struct Head {
    cursor: Box<dyn EntryCursor>,
    /// The rank of the present user key.
    rank: u128,
}

impl Head {
    fn note_rank(&mut self, comparator: &Comparator) {
        self.rank = rank(comparator, internal_key::user_key(self.cursor.key()));
    }
}

#[inline]
fn comes_before(heads: &[Head], comparator: &Comparator, a: usize, b: usize) -> bool {
    let (Some(left), Some(right)) = (heads.get(a), heads.get(b)) else { return false };
    if left.rank != right.rank {
        return left.rank < right.rank;
    }
    internal_key::compare(comparator, left.cursor.key(), right.cursor.key()).then(a.cmp(&b)).is_lt()
}

impl MergingCursor {
    /// Merge `cursors`, which are all in the order of `comparator`.
    #[must_use]
    pub fn new(comparator: Comparator, cursors: Vec<Box<dyn EntryCursor>>) -> Self {
        let heads = cursors.into_iter().map(|cursor| Head { cursor, rank: 0 }).collect();
        Self { comparator, heads, contest: Contest::default() }
    }

    /// The cursors merged. Moving one leaves the merge without a position until it is sought anew.
    pub fn cursors(&mut self) -> impl Iterator<Item = &mut Box<dyn EntryCursor>> {
        self.heads.iter_mut().map(|head| &mut head.cursor)
    }

    /// The [rank](super::rank) of the present user key; 0 where there is none.
    #[inline]
    #[must_use]
    pub fn rank(&self) -> u128 {
        self.contest.winner().and_then(|winner| self.heads.get(winner)).map_or(0, |head| head.rank)
    }

    #[inline]
    fn winner(&self) -> Option<&dyn EntryCursor> {
        Some(&*self.heads.get(self.contest.winner()?)?.cursor)
    }

    fn start(&mut self) {
        let Self { comparator, heads, contest } = self;
        heads.iter_mut().for_each(|head| head.note_rank(comparator));
        let standing = (0..heads.len()).filter(|&i| heads.get(i).is_some_and(|head| head.cursor.valid()));
        contest.start(standing, |a, b| comes_before(heads, comparator, a, b));
    }
}

impl EntryCursor for MergingCursor {
    #[inline]
    fn valid(&self) -> bool {
        self.contest.winner().is_some()
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.winner().map_or(&[], EntryCursor::key)
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.winner().map_or(&[], EntryCursor::value)
    }

    #[inline]
    fn origin(&self) -> Origin {
        self.winner().map_or(Origin { input: 0, offset: 0, intact: false }, EntryCursor::origin)
    }

    fn seek_to_first(&mut self, events: &mut dyn Events) -> Result<()> {
        for head in &mut self.heads {
            head.cursor.seek_to_first(events)?;
        }
        self.start();
        Ok(())
    }

    fn seek(&mut self, target: &[u8], events: &mut dyn Events) -> Result<()> {
        for head in &mut self.heads {
            head.cursor.seek(target, events)?;
        }
        self.start();
        Ok(())
    }

    #[inline]
    fn next(&mut self, events: &mut dyn Events) -> Result<()> {
        let Self { comparator, heads, contest } = self;
        let Some(head) = contest.winner().and_then(|winner| heads.get_mut(winner)) else { return Ok(()) };
        head.cursor.next(events)?;
        if head.cursor.valid() {
            head.note_rank(comparator);
            contest.moved(|a, b| comes_before(heads, comparator, a, b));
        } else {
            contest.spent(|a, b| comes_before(heads, comparator, a, b));
        }
        Ok(())
    }
}
