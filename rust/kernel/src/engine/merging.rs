//! The entries of many cursors as one, both ways.
//!
//! A key that is sought is usually found, and then only its newest version is asked for. The levels of a database hold ever
//! older versions of a key, so where one has the key, those below it are not looked at before the cursor moves on.

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
    /// This cursor and those behind it hold, of a user key, older versions than all cursors before them.
    first_older: usize,
    /// The cursors from this one on are still to be sought, at `target`.
    put_off: usize,
    target: Vec<u8>,
    contest: Contest,
    direction: Direction,
}

struct Head {
    cursor: Box<dyn BidirectionalCursor>,
    /// The rank of the present user key.
    rank: u128,
}

impl MergingCursor {
    /// Merge `cursors`, which are all in the order of `comparator`. From number `first_older` on, each holds, of a user key,
    /// older versions than all before it.
    #[must_use]
    pub fn new(comparator: Comparator, cursors: Vec<Box<dyn BidirectionalCursor>>, first_older: usize) -> Self {
        let heads = cursors.into_iter().map(|cursor| Head { cursor, rank: 0 }).collect();
        let (target, contest) = Default::default();
        Self { comparator, heads, first_older, put_off: usize::MAX, target, contest, direction: Direction::Forward }
    }

    #[inline]
    fn winner(&self) -> Option<&dyn BidirectionalCursor> {
        Some(&*self.heads.get(self.contest.winner()?)?.cursor)
    }

    /// Stand on no entry.
    pub fn leave(&mut self) {
        self.put_off = usize::MAX;
        self.contest.start(std::iter::empty(), |_, _| false);
    }

    /// Move every cursor, and stand on the entry that comes first in `direction`.
    fn start(
        &mut self,
        direction: Direction,
        mut seek: impl FnMut(usize, &mut dyn BidirectionalCursor) -> Result<()>,
    ) -> Result<()> {
        self.direction = direction;
        self.leave();
        for (number, head) in self.heads.iter_mut().enumerate() {
            seek(number, &mut *head.cursor)?;
            head.rank = rank(&self.comparator, internal_key::user_key(head.cursor.key()));
        }
        self.choose();
        Ok(())
    }

    /// Seek the cursors from number `from` on; once one has the key, put those off that cannot have a newer version of it.
    fn seek_from(&mut self, from: usize, target: &[u8], may_put_off: bool) -> Result<()> {
        self.direction = Direction::Forward;
        self.leave();
        let (wanted, mut is_found) = (internal_key::user_key(target), false);
        for (number, head) in self.heads.iter_mut().enumerate().skip(from) {
            if may_put_off && is_found && number >= self.first_older {
                self.put_off = number;
                self.target.clear();
                self.target.extend_from_slice(target);
                break;
            }
            head.cursor.seek(target)?;
            let user_key = internal_key::user_key(head.cursor.key());
            head.rank = rank(&self.comparator, user_key);
            is_found = is_found || (head.cursor.valid() && user_key == wanted);
        }
        self.choose();
        Ok(())
    }

    /// Stand on the entry that comes first of those that the cursors sought stand on.
    fn choose(&mut self) {
        let Self { comparator, heads, contest, direction, .. } = self;
        let standing =
            (0..heads.len().min(self.put_off)).filter(|&i| heads.get(i).is_some_and(|head| head.cursor.valid()));
        contest.start(standing, |a, b| comes_before(heads, comparator, *direction, a, b));
    }

    /// Seek what was put off.
    #[cold]
    fn catch_up(&mut self) -> Result<()> {
        let target = std::mem::take(&mut self.target);
        let outcome = self.seek_from(self.put_off, &target, false);
        self.target = target;
        outcome
    }

    #[inline]
    fn step(&mut self, direction: Direction) -> Result<()> {
        if self.put_off != usize::MAX {
            self.catch_up()?;
        }
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
        self.seek_from(0, target, true)
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
