//! A block's contents: entries with shared key prefixes, then restart points.
//!
//! ```text
//! entry    = varint32 shared | varint32 non_shared | varint32 value_size | key delta | value
//! contents = entry*  | LE32 restart offset *  | LE32 restart count
//! ```
//! Every so many entries (16 in data blocks, 1 in index blocks) `shared` is 0 and the entry's offset is a restart point.
//! Part of the file format.

mod builder;
mod cursor;
pub mod salvage;

pub use builder::{BlockBuilder, TooLarge};
pub use cursor::{BlockCursor, Step};

/// Where the entries of a block end and how many restart points follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// The offset of the restart array.
    pub entries_end: usize,
    /// How many restart points there are; 0 only where there are no entries, as iq80's Java writes an empty block.
    pub restart_count: usize,
}

impl Layout {
    /// The layout of `contents`; `None` where there are entries and no restart point, or the array does not fit.
    #[inline]
    #[must_use]
    pub fn of(contents: &[u8]) -> Option<Self> {
        let (before, count) = contents.split_last_chunk::<4>()?;
        let restart_count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let entries_end = before.len().checked_sub(restart_count.checked_mul(4)?)?;
        (restart_count > 0 || entries_end == 0).then_some(Self { entries_end, restart_count })
    }

    /// The offset that restart point `index` names; `None` where there is no such point.
    #[inline]
    #[must_use]
    pub fn restart_point(&self, contents: &[u8], index: usize) -> Option<usize> {
        if index >= self.restart_count {
            return None;
        }
        let point = contents.get(self.entries_end.checked_add(index.checked_mul(4)?)?..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*point)).ok()
    }
}

/// Holds restart points against the entries met: each must be the offset of an entry that shares nothing, in order, and
/// the first must be 0.
#[derive(Debug, Clone, Copy)]
pub struct RestartCheck {
    index: usize,
    expected: Option<usize>,
    good: bool,
}

impl RestartCheck {
    /// Begin with the entries of `contents`.
    #[must_use]
    pub fn new(layout: Layout, contents: &[u8]) -> Self {
        let expected = layout.restart_point(contents, 0);
        Self { index: 0, expected, good: expected == Some(0) }
    }

    /// Tell of the entry that `cursor` stands on.
    #[inline]
    pub fn entry(&mut self, cursor: &BlockCursor, contents: &[u8]) {
        if self.expected == Some(cursor.entry_offset()) {
            self.good &= cursor.shared() == 0;
            self.index += 1;
            self.expected = cursor.layout().restart_point(contents, self.index);
        }
    }

    /// Whether the restart array is right, once all entries were told.
    #[must_use]
    pub fn is_good(&self, cursor: &BlockCursor) -> bool {
        match cursor.layout() {
            Layout { entries_end: 0, restart_count: 0 } => true,
            Layout { entries_end: 0, restart_count } => self.good && restart_count == 1,
            _ => self.good && self.expected.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restarts_are_good(contents: &[u8]) -> bool {
        let mut cursor = BlockCursor::default();
        assert!(cursor.enter(contents));
        let mut check = RestartCheck::new(cursor.layout(), contents);
        while cursor.next(contents) == Step::Entry {
            check.entry(&cursor, contents);
        }
        check.is_good(&cursor)
    }

    /// Two entries, `a` and `b`, that share nothing.
    const TWO_ENTRIES: &[u8] = &[0, 1, 0, b'a', 0, 1, 0, b'b'];

    fn with_restarts(restarts: &[u32]) -> Vec<u8> {
        let mut contents = TWO_ENTRIES.to_vec();
        for number in restarts.iter().copied().chain([u32::try_from(restarts.len()).unwrap_or(0)]) {
            contents.extend_from_slice(&number.to_le_bytes());
        }
        contents
    }

    #[test]
    fn contents_too_short_for_a_restart_count_have_no_layout() {
        assert_eq!(Layout::of(b""), None);
        assert_eq!(Layout::of(&[1, 0, 0]), None);
    }

    #[test]
    fn a_restart_count_of_zero_is_no_layout_where_there_are_entries() {
        assert_eq!(Layout::of(&[0; 40]), None);
        assert_eq!(Layout::of(&[0; 4]), Some(Layout::default()));
    }

    #[test]
    fn a_restart_array_larger_than_the_block_is_no_layout() {
        assert_eq!(Layout::of(&[0, 0, 0, 0, 2, 0, 0, 0]), None);
        assert_eq!(Layout::of(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(Layout::of(&[0, 0, 0, 0, 0, 0, 0, 0x40]), None);
    }

    #[test]
    fn restart_points_at_entries_that_share_nothing_are_good() {
        assert!(restarts_are_good(&with_restarts(&[0])));
        assert!(restarts_are_good(&with_restarts(&[0, 4])));
        assert!(restarts_are_good(&[0, 0, 0, 0, 1, 0, 0, 0]));
        assert!(restarts_are_good(&[0, 0, 0, 0]));
    }

    #[test]
    fn restart_points_between_entries_or_out_of_order_are_bad() {
        assert!(!restarts_are_good(&with_restarts(&[4])));
        assert!(!restarts_are_good(&with_restarts(&[0, 3])));
        assert!(!restarts_are_good(&with_restarts(&[4, 0])));
        assert!(!restarts_are_good(&with_restarts(&[0, 0])));
        assert!(!restarts_are_good(&with_restarts(&[0, 99])));
        assert!(!restarts_are_good(&[0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]));
        assert!(!restarts_are_good(&[1, 0, 0, 0, 1, 0, 0, 0]));
    }

    #[test]
    fn a_restart_point_at_an_entry_that_shares_is_bad() {
        let contents = [0, 1, 0, b'a', 1, 1, 0, b'b', 0, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0];

        assert!(!restarts_are_good(&contents));
    }
}
