//! A walk over visible entries, both ways, that reads ahead and never shows it.
//!
//! ```text
//! rows:      [ k l m n o p ]     fetched in one direction
//!                 ^ gap          next gives m or n, the entry before it l, whichever way the rows were fetched
//! ```
//! The walk stands in a gap between entries. At the edge of the rows fetched it fetches more, twice as many each time it goes
//! on in the same direction. What stops a fetch is an error only for whoever gets there: until then the rows before it are
//! good, and then it is tried again.

use super::error::Result;
use super::rows::Rows;
use super::table::Tables;
use super::table_cursor::CursorOptions;
use super::table_source::Waiting;
use super::view::View;
use super::visible::{Gap, Portion, Range, VisibleCursor};
use std::cmp::Ordering;
use std::sync::Arc;

/// The most entries fetched at once, the most bytes, and the most entries looked at where others wait for this thread.
const LARGEST: Portion = Portion { count: 256, size: 64 << 10, effort: 8192 };

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To larger keys.
    Forward,
    /// To smaller keys.
    Backward,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// A walk over the visible entries of a range.
pub struct Walk {
    tables: Arc<Tables>,
    options: CursorOptions,
    range: Range,
    cursor: VisibleCursor,
    rows: Rows,
    /// Where the next portion goes, so that the rows stay whole until there is one.
    spare: Rows,
    /// Which way `rows` were fetched.
    direction: Direction,
    /// The gap: before row `at`, in the order they were fetched.
    at: usize,
    /// The gap where there are no rows.
    anchor: Gap,
    /// Whether `cursor` stands where the rows end, to read on in `direction`.
    is_in_place: bool,
    /// How many entries the next portion has.
    count: usize,
    /// The view stays whole, and its files, as long as the walk goes.
    _view: Arc<View>,
}

impl Walk {
    /// A walk over what `view` has of `range` as of `sequence`. It stands before the first entry.
    #[must_use]
    pub fn new(tables: Arc<Tables>, view: Arc<View>, sequence: u64, range: Range, options: CursorOptions) -> Self {
        let cursor = VisibleCursor::new(tables.comparator().clone(), view.cursor(&tables, &options), sequence);
        let anchor = range.lower.clone();
        let (rows, spare) = Default::default();
        Self {
            tables,
            options,
            range,
            cursor,
            rows,
            spare,
            direction: Direction::Forward,
            at: 0,
            anchor,
            is_in_place: false,
            count: 1,
            _view: view,
        }
    }

    /// From now on moves may wait for the disk and look at any number of entries, or fail instead where they would have to.
    pub fn set_waiting(&self, waiting: Waiting) {
        self.options.set_waiting(waiting);
    }

    /// Move the gap.
    fn go(&mut self, anchor: Gap) {
        self.rows.clear(LARGEST.size * 2);
        (self.at, self.anchor, self.is_in_place, self.count) = (0, anchor, false, 1);
    }

    /// Move the gap to the start of the range.
    pub fn seek_to_start(&mut self) {
        self.go(self.range.lower.clone());
    }

    /// Move the gap to the end of the range.
    pub fn seek_to_stop(&mut self) {
        self.go(self.range.upper.clone());
    }

    /// Move the gap to just before the first entry at or after `target`, kept inside the range.
    ///
    /// # Errors
    /// Where a comparison failed; the gap stays.
    pub fn seek(&mut self, target: &[u8]) -> Result<()> {
        let comparator = self.tables.comparator();
        let target_to = |bound: &Gap| match bound {
            Gap::Before(key) => comparator.compare(target, key),
            Gap::After(key) => comparator.compare(target, key).then(Ordering::Less),
            Gap::Start => Ordering::Greater,
            Gap::End => Ordering::Less,
        };
        let anchor = if target_to(&self.range.lower).is_le() {
            self.range.lower.clone()
        } else if target_to(&self.range.upper).is_ge() {
            self.range.upper.clone()
        } else {
            Gap::Before(target.to_vec())
        };
        self.tables.check_order()?;
        self.go(anchor);
        Ok(())
    }

    /// Go over the next entry in a direction and give it; `None` at the end of the range, where the gap stays.
    ///
    /// # Errors
    /// What is wrong where the entry would have come from; the gap stays.
    #[inline]
    pub fn step(&mut self, direction: Direction) -> Result<Option<(&[u8], &[u8])>> {
        if direction == self.direction {
            if self.at < self.rows.len() {
                self.at += 1;
                return Ok(Some(self.rows.get(self.at - 1)));
            }
        } else if let Some(at) = self.at.checked_sub(1) {
            self.at = at;
            return Ok(Some(self.rows.get(at)));
        }
        self.fetch_and_step(direction)
    }

    /// Whether the next step in a direction needs no fetching.
    #[inline]
    #[must_use]
    pub fn has_fetched(&self, direction: Direction) -> bool {
        if direction == self.direction { self.at < self.rows.len() } else { self.at > 0 }
    }

    /// The entry that the last step in `direction` has given, as long as nothing else has moved the gap.
    #[must_use]
    pub fn passed(&self, direction: Direction) -> (&[u8], &[u8]) {
        self.rows.get(if direction == self.direction { self.at.wrapping_sub(1) } else { self.at })
    }

    #[inline(never)]
    fn fetch_and_step(&mut self, direction: Direction) -> Result<Option<(&[u8], &[u8])>> {
        if !self.fetch(direction)? {
            return Ok(None);
        }
        self.at = 1;
        Ok(Some(self.rows.get(0)))
    }

    /// Where the rows end, in a direction.
    fn edge(&self, direction: Direction) -> Gap {
        let last = if direction == self.direction { self.rows.len().checked_sub(1) } else { Some(0) };
        let Some(last) = last.filter(|last| *last < self.rows.len()) else { return self.anchor.clone() };
        let key = self.rows.get(last).0.to_vec();
        match direction {
            Direction::Forward => Gap::After(key),
            Direction::Backward => Gap::Before(key),
        }
    }

    /// Fetch the entries behind the edge of the rows, in place of these. False where there are none.
    fn fetch(&mut self, direction: Direction) -> Result<bool> {
        let goes_on = direction == self.direction && self.is_in_place;
        let count = if goes_on { self.count } else { 1 };
        let effort = if self.options.waiting() == Waiting::Allowed { usize::MAX } else { LARGEST.effort };
        let portion = Portion { count, effort, ..LARGEST };
        self.spare.clear(LARGEST.size * 2);
        let mut outcome = self.fetch_spare(direction, goes_on, portion);
        if let Err(failed) = self.tables.check_order() {
            self.spare.clear(LARGEST.size * 2);
            outcome = Err(failed);
        }
        self.is_in_place = outcome.is_ok();
        if self.spare.is_empty() {
            outcome?;
            // The cursor is at the end of the range in that direction, and so in place if the rows go that way.
            self.is_in_place = direction == self.direction;
            return Ok(false);
        }
        std::mem::swap(&mut self.rows, &mut self.spare);
        self.direction = direction;
        self.count = count.saturating_mul(2).min(LARGEST.count);
        Ok(true)
    }

    fn fetch_spare(&mut self, direction: Direction, goes_on: bool, portion: Portion) -> Result<()> {
        let gap = (!goes_on).then(|| self.edge(direction));
        let Self { cursor, spare, range, .. } = self;
        match direction {
            Direction::Forward => {
                gap.map_or(Ok(()), |gap| cursor.go_before(&gap))?;
                cursor.read_forward(spare, portion, range)
            }
            Direction::Backward => {
                gap.map_or(Ok(()), |gap| cursor.go_behind(&gap))?;
                cursor.read_backward(spare, portion, range)
            }
        }
    }
}
