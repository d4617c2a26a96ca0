//! The entries of many cursors as one, both ways.

use super::cursor::BidirectionalCursor;
use super::error::Result;
use crate::comparator::Comparator;
use crate::internal_key;
use crate::merge::contest::Contest;
use crate::merge::rank;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}

/// Merges cursors. No entry is copied. Entries with the same internal key come in the order of their cursors, and going back
/// in the opposite one; who turns round on one of them may miss the others.
pub struct MergingCursor {
    comparator: Comparator,
    heads: Vec<Head>,
    contest: Contest,
    direction: Direction,
}

struct Head {
    cursor: Box<dyn BidirectionalCursor>,
    /// The rank of the present user key.
    rank: u128,
}

impl MergingCursor {
    /// Merge `cursors`, which are all in the order of `comparator`.
    #[must_use]
    pub fn new(comparator: Comparator, cursors: Vec<Box<dyn BidirectionalCursor>>) -> Self {
        let heads = cursors.into_iter().map(|cursor| Head { cursor, rank: 0 }).collect();
        Self { comparator, heads, contest: Contest::default(), direction: Direction::Forward }
    }

    #[inline]
    fn winner(&self) -> Option<&dyn BidirectionalCursor> {
        Some(&*self.heads.get(self.contest.winner()?)?.cursor)
    }

    /// Stand on no entry.
    pub fn leave(&mut self) {
        self.contest.start(std::iter::empty(), |_, _| false);
    }

    /// Move every cursor, and stand on the entry that comes first in `direction`.
    fn start(
        &mut self,
        direction: Direction,
        mut seek: impl FnMut(usize, &mut dyn BidirectionalCursor) -> Result<()>,
    ) -> Result<()> {
        let Self { comparator, heads, contest, .. } = self;
        self.direction = direction;
        contest.start(std::iter::empty(), |_, _| false);
        for (number, head) in heads.iter_mut().enumerate() {
            seek(number, &mut *head.cursor)?;
            head.rank = rank(comparator, internal_key::user_key(head.cursor.key()));
        }
        let standing = (0..heads.len()).filter(|&i| heads.get(i).is_some_and(|head| head.cursor.valid()));
        contest.start(standing, |a, b| comes_before(heads, comparator, direction, a, b));
        Ok(())
    }

    #[inline]
    fn step(&mut self, direction: Direction) -> Result<()> {
        let Some(winner) = self.contest.winner() else { return Ok(()) };
        if self.direction != direction {
            self.turn(direction, winner)?;
        }
        let Self { comparator, heads, contest, .. } = self;
        let Some(head) = heads.get_mut(winner) else { return Ok(()) };
        let moved = match direction {
            Direction::Forward => head.cursor.next(),
            Direction::Backward => head.cursor.prev(),
        };
        if let Err(error) = moved {
            self.leave();
            return Err(error);
        }
        if head.cursor.valid() {
            head.rank = rank(comparator, internal_key::user_key(head.cursor.key()));
            contest.moved(|a, b| comes_before(heads, comparator, direction, a, b));
        } else {
            contest.spent(|a, b| comes_before(heads, comparator, direction, a, b));
        }
        Ok(())
    }

    /// Stand on the same entry, with all other cursors on the far side of it as `direction` has it.
    fn turn(&mut self, direction: Direction, winner: usize) -> Result<()> {
        let target = self.key().to_vec();
        self.start(direction, |number, cursor| {
            if number == winner {
                return Ok(());
            }
            match direction {
                Direction::Backward => cursor.seek_before(&target),
                Direction::Forward => cursor.seek(&target),
            }
        })
    }
}

#[inline]
fn comes_before(heads: &[Head], comparator: &Comparator, direction: Direction, a: usize, b: usize) -> bool {
    let (Some(left), Some(right)) = (heads.get(a), heads.get(b)) else { return false };
    let forward = direction == Direction::Forward;
    if left.rank != right.rank {
        return (left.rank < right.rank) == forward;
    }
    let order = internal_key::compare(comparator, left.cursor.key(), right.cursor.key()).then(a.cmp(&b));
    if forward { order.is_lt() } else { order.is_gt() }
}

impl BidirectionalCursor for MergingCursor {
    #[inline]
    fn valid(&self) -> bool {
        self.contest.winner().is_some()
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.winner().map_or(&[], BidirectionalCursor::key)
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.winner().map_or(&[], BidirectionalCursor::value)
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.start(Direction::Forward, |_, cursor| cursor.seek_to_first())
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.start(Direction::Backward, |_, cursor| cursor.seek_to_last())
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        self.start(Direction::Forward, |_, cursor| cursor.seek(target))
    }

    fn seek_before(&mut self, target: &[u8]) -> Result<()> {
        self.start(Direction::Backward, |_, cursor| cursor.seek_before(target))
    }

    #[inline]
    fn next(&mut self) -> Result<()> {
        self.step(Direction::Forward)
    }

    #[inline]
    fn prev(&mut self) -> Result<()> {
        self.step(Direction::Backward)
    }
}
