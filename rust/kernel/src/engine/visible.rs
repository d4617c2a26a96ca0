//! The entries that are visible at a sequence number: of each user key the newest version that is not newer, unless that is a
//! deletion.

use super::cursor::BidirectionalCursor;
use super::error::{EngineError, Result};
use super::merging::MergingCursor;
use super::rows::Rows;
use crate::comparator::Comparator;
use crate::internal_key::{self, MAX_SEQUENCE, TYPE_VALUE};

/// A place between entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// Before the first entry.
    Start,
    /// Just before a user key, which may or may not be there.
    Before(Vec<u8>),
    /// Just after a user key, which may or may not be there.
    After(Vec<u8>),
    /// After the last entry.
    End,
}

/// Which user keys count.
#[derive(Debug, Clone)]
pub struct Range {
    /// The first is behind this gap.
    pub lower: Gap,
    /// The last is before this one.
    pub upper: Gap,
}

impl Range {
    /// All of them.
    pub const ALL: Self = Self { lower: Gap::Start, upper: Gap::End };

    /// Whether the range has come to its end at `user_key`.
    #[inline]
    fn is_over_at(&self, comparator: &Comparator, user_key: &[u8]) -> bool {
        match &self.upper {
            Gap::End => false,
            Gap::Before(bound) => comparator.compare(user_key, bound).is_ge(),
            Gap::After(bound) => comparator.compare(user_key, bound).is_gt(),
            Gap::Start => true,
        }
    }

    /// Whether `user_key` is before the first key of the range.
    #[inline]
    fn has_not_begun_at(&self, comparator: &Comparator, user_key: &[u8]) -> bool {
        match &self.lower {
            Gap::Start => false,
            Gap::Before(bound) => comparator.compare(user_key, bound).is_lt(),
            Gap::After(bound) => comparator.compare(user_key, bound).is_le(),
            Gap::End => true,
        }
    }
}

/// How much to fetch at once.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// Entries.
    pub count: usize,
    /// Bytes of keys and values; an entry is fetched whole.
    pub size: usize,
    /// Entries looked at, visible or not. Where these give nothing, that is [`EngineError::WouldBlock`].
    pub effort: usize,
}

impl Portion {
    #[inline]
    fn is_full(self, rows: &Rows) -> bool {
        rows.len() >= self.count || rows.size() >= self.size
    }
}

/// Reads visible entries, in portions.
pub struct VisibleCursor {
    comparator: Comparator,
    cursor: MergingCursor,
    sequence: u64,
    /// The user key whose other versions are not looked at.
    done: Vec<u8>,
    has_done: bool,
    target: Vec<u8>,
}

impl VisibleCursor {
    /// What `cursor` has as of `sequence`.
    #[must_use]
    pub const fn new(comparator: Comparator, cursor: MergingCursor, sequence: u64) -> Self {
        Self { comparator, cursor, sequence, done: Vec::new(), has_done: false, target: Vec::new() }
    }

    /// Go to a gap, to read on from there forward.
    ///
    /// # Errors
    /// Those of the cursor.
    pub fn go_before(&mut self, gap: &Gap) -> Result<()> {
        self.has_done = false;
        self.target.clear();
        match gap {
            Gap::Start => return self.cursor.seek_to_first(),
            Gap::End => {
                self.cursor.leave();
                return Ok(());
            }
            Gap::Before(user_key) => {
                internal_key::append(&mut self.target, user_key, self.sequence.min(MAX_SEQUENCE), TYPE_VALUE);
            }
            Gap::After(user_key) => {
                self.target.extend_from_slice(user_key);
                self.target.extend_from_slice(&[0; internal_key::TRAILER_SIZE]);
                set(&mut self.done, user_key);
                self.has_done = true;
            }
        }
        self.cursor.seek(&self.target)
    }

    /// Go to a gap, to read on from there backward.
    ///
    /// # Errors
    /// Those of the cursor.
    pub fn go_behind(&mut self, gap: &Gap) -> Result<()> {
        self.target.clear();
        match gap {
            Gap::Start => {
                self.cursor.leave();
                return Ok(());
            }
            Gap::End => return self.cursor.seek_to_last(),
            Gap::Before(user_key) => {
                self.target.extend_from_slice(user_key);
                self.target.extend_from_slice(&[0xff; internal_key::TRAILER_SIZE]);
            }
            Gap::After(user_key) => {
                self.target.extend_from_slice(user_key);
                self.target.extend_from_slice(&[0; internal_key::TRAILER_SIZE]);
            }
        }
        self.cursor.seek_before(&self.target)
    }

    #[inline]
    fn is_same(&self, a: &[u8], b: &[u8]) -> bool {
        match self.comparator {
            Comparator::Bytewise | Comparator::ReverseBytewise => a == b,
            _ => self.comparator.compare(a, b).is_eq(),
        }
    }

    /// Read on forward until `rows` are as many as `portion` says, or the range ends.
    ///
    /// # Errors
    /// Those of the cursor. Every row is one all the same; the place is lost.
    pub fn read_forward(&mut self, rows: &mut Rows, portion: Portion, range: &Range) -> Result<()> {
        let mut effort = portion.effort;
        while self.cursor.valid() && !portion.is_full(rows) {
            let Some((user_key, trailer)) = internal_key::split(self.cursor.key()) else {
                return Err(EngineError::Stopped);
            };
            if range.is_over_at(&self.comparator, user_key) {
                return Ok(());
            }
            if trailer >> 8 <= self.sequence && !(self.has_done && self.is_same(user_key, &self.done)) {
                set(&mut self.done, user_key);
                self.has_done = true;
                if trailer & 0xff == u64::from(TYPE_VALUE) {
                    rows.push(user_key, self.cursor.value());
                    if portion.is_full(rows) {
                        return Ok(()); // What comes next may be in another block, and nobody may ask for it.
                    }
                }
            }
            self.cursor.next()?;
            effort = effort.saturating_sub(1);
            if effort == 0 {
                return given_up(rows);
            }
        }
        Ok(())
    }

    /// Read on backward until `rows` are as many as `portion` says, or the range ends.
    ///
    /// # Errors
    /// Those of the cursor. Every row is one all the same; the place is lost.
    pub fn read_backward(&mut self, rows: &mut Rows, portion: Portion, range: &Range) -> Result<()> {
        let mut effort = portion.effort;
        while self.cursor.valid() && !portion.is_full(rows) {
            let Some((user_key, _)) = internal_key::split(self.cursor.key()) else { return Err(EngineError::Stopped) };
            if range.has_not_begun_at(&self.comparator, user_key) {
                return Ok(());
            }
            set(&mut self.done, user_key);
            self.read_versions_backward(rows)?;
            effort = effort.saturating_sub(1);
            if effort == 0 {
                return given_up(rows);
            }
        }
        Ok(())
    }

    /// Add the entry of user key `done`, on whose oldest version the cursor stands, and leave the cursor before all of them.
    #[inline]
    fn read_versions_backward(&mut self, rows: &mut Rows) -> Result<()> {
        let mut has_row = false;
        while let Some((user_key, trailer)) = internal_key::split(self.cursor.key()) {
            if !self.is_same(user_key, &self.done) {
                break;
            }
            if trailer >> 8 <= self.sequence {
                if has_row {
                    rows.pop();
                }
                has_row = trailer & 0xff == u64::from(TYPE_VALUE);
                if has_row {
                    rows.push(user_key, self.cursor.value());
                }
            }
            if let Err(error) = self.cursor.prev() {
                // A newer version may lie where could not be read.
                if has_row {
                    rows.pop();
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Enough was looked at: what was found is a portion, and where there is nothing the caller goes on where it may take long.
fn given_up(rows: &Rows) -> Result<()> {
    if rows.is_empty() { Err(EngineError::WouldBlock) } else { Ok(()) }
}

fn set(key: &mut Vec<u8>, bytes: &[u8]) {
    key.clear();
    key.extend_from_slice(bytes);
}
