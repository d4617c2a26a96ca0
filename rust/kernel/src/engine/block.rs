//! A decoded block that many readers share, and a position in it that moves both ways.
//!
//! Entries are compressed against the ones before them, so going back means decoding again from the restart point before.
//! That is done once for each restart interval: its entries are kept until the position leaves it.

use crate::block::{BlockCursor, Layout, Step};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// The contents of a block, whose restart array is possible.
#[derive(Debug, Default)]
pub struct Block {
    contents: Vec<u8>,
}

impl Block {
    /// A block with these contents; `None` where the restart array is impossible.
    #[must_use]
    pub fn new(contents: Vec<u8>) -> Option<Self> {
        Layout::of(&contents).map(|_| Self { contents })
    }

    /// The contents.
    #[inline]
    #[must_use]
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }
}

/// What is wrong where a move cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Bytes that are no entry.
    Entry,
    /// A restart point that leads to no entry, or past the ones it should lead to.
    Restarts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stand {
    /// On no entry.
    #[default]
    Nowhere,
    /// On the entry of `cursor`.
    Forward,
    /// On entry `at` of `run`; `cursor` stands on the last entry of the run.
    Backward,
}

/// The entries of one restart interval, up to the entry that was stood on.
#[derive(Debug, Default)]
struct Run {
    keys: Vec<u8>,
    entries: Vec<RunEntry>,
    at: usize,
}

#[derive(Debug)]
struct RunEntry {
    key: Range<usize>,
    value: Range<usize>,
    offset: usize,
}

impl Run {
    fn entry(&self) -> Option<&RunEntry> {
        self.entries.get(self.at)
    }

    fn key(&self) -> &[u8] {
        self.entry().and_then(|entry| self.keys.get(entry.key.clone())).unwrap_or_default()
    }
}

/// A position in a block, or on none of its entries.
#[derive(Debug, Default)]
pub struct BlockPosition {
    block: Arc<Block>,
    cursor: BlockCursor,
    run: Run,
    stand: Stand,
}

/// Whether a move has led to an entry.
pub type Moved = Result<bool, Wrong>;

impl BlockPosition {
    /// Stand on no entry of another block.
    pub fn enter(&mut self, block: Arc<Block>) {
        self.block = block;
        // A block that exists has a layout.
        let _ = self.cursor.enter(&self.block.contents);
        self.stand = Stand::Nowhere;
    }

    /// Whether it stands on an entry.
    #[inline]
    #[must_use]
    pub fn valid(&self) -> bool {
        self.stand != Stand::Nowhere
    }

    /// The key stood on; empty where there is none.
    #[inline]
    #[must_use]
    pub fn key(&self) -> &[u8] {
        match self.stand {
            Stand::Forward => self.cursor.key(),
            Stand::Backward => self.run.key(),
            Stand::Nowhere => &[],
        }
    }

    /// The value stood on; empty where there is none.
    #[inline]
    #[must_use]
    pub fn value(&self) -> &[u8] {
        match self.stand {
            Stand::Forward => self.cursor.value(&self.block.contents),
            Stand::Backward => {
                self.run.entry().and_then(|entry| self.block.contents.get(entry.value.clone())).unwrap_or_default()
            }
            Stand::Nowhere => &[],
        }
    }

    /// Stand on the first entry.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    pub fn first(&mut self) -> Moved {
        self.cursor.go_to(0);
        let step = self.cursor.next(&self.block.contents);
        self.stand_forward(step)
    }

    /// Stand on the last entry.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    pub fn last(&mut self) -> Moved {
        self.before(self.cursor.layout().entries_end)
    }

    /// Stand on the first entry that `order` does not call less.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    pub fn seek(&mut self, order: impl Fn(&[u8]) -> Ordering) -> Moved {
        let step = self.cursor.seek(&self.block.contents, order);
        self.stand_forward(step)
    }

    /// Stand on the last entry that `order` calls less.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    pub fn seek_before(&mut self, order: impl Fn(&[u8]) -> Ordering) -> Moved {
        if self.seek(order)? { self.go_back() } else { self.last() }
    }

    /// Go to the next entry; from the last one, to none.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    #[inline]
    pub fn go_on(&mut self) -> Moved {
        if self.stand == Stand::Backward && self.run.at + 1 < self.run.entries.len() {
            self.run.at += 1;
            return Ok(true);
        }
        if self.stand == Stand::Nowhere {
            return Ok(false);
        }
        let step = self.cursor.next(&self.block.contents);
        self.stand_forward(step)
    }

    /// Go to the entry before; from the first one, to none.
    ///
    /// # Errors
    /// As [`Wrong`] says.
    #[inline]
    pub fn go_back(&mut self) -> Moved {
        match self.stand {
            Stand::Nowhere => Ok(false),
            Stand::Forward => self.before(self.cursor.entry_offset()),
            Stand::Backward => match self.run.at.checked_sub(1) {
                Some(at) => {
                    self.run.at = at;
                    Ok(true)
                }
                None => self.before(self.run.entry().map_or(0, |entry| entry.offset)),
            },
        }
    }

    #[inline]
    fn stand_forward(&mut self, step: Step) -> Moved {
        self.stand = if step == Step::Entry { Stand::Forward } else { Stand::Nowhere };
        if step == Step::Bad { Err(Wrong::Entry) } else { Ok(step == Step::Entry) }
    }

    /// Stand on the last entry before the one that begins at `end`.
    fn before(&mut self, end: usize) -> Moved {
        self.stand = Stand::Nowhere;
        if end == 0 {
            return Ok(false);
        }
        let contents = &self.block.contents;
        let start = self.restart_before(end).ok_or(Wrong::Restarts)?;
        let Self { cursor, run, .. } = self;
        run.keys.clear();
        run.entries.clear();
        cursor.go_to(start);
        while cursor.next_offset() < end {
            if cursor.next(contents) != Step::Entry {
                return Err(Wrong::Entry);
            }
            let from = run.keys.len();
            run.keys.extend_from_slice(cursor.key());
            let (value, offset) = (cursor.value_range().clone(), cursor.entry_offset());
            run.entries.push(RunEntry { key: from..run.keys.len(), value, offset });
        }
        if cursor.next_offset() != end || run.entries.is_empty() {
            return Err(Wrong::Restarts);
        }
        run.at = run.entries.len() - 1;
        self.stand = Stand::Backward;
        Ok(true)
    }

    /// The last restart point before `end`, where they ascend.
    fn restart_before(&self, end: usize) -> Option<usize> {
        let (contents, layout) = (&self.block.contents, self.cursor.layout());
        let (mut low, mut high) = (0, layout.restart_count);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if layout.restart_point(contents, middle)? < end { low = middle } else { high = middle }
        }
        layout.restart_point(contents, low).filter(|start| *start < end)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::block::BlockBuilder;

    fn position(keys: &[String], interval: usize) -> BlockPosition {
        let mut builder = BlockBuilder::new(interval);
        for key in keys {
            builder.add(key.as_bytes(), format!("v{key}").as_bytes()).unwrap();
        }
        over(builder.finish().to_vec())
    }

    fn over(contents: Vec<u8>) -> BlockPosition {
        let mut position = BlockPosition::default();
        position.enter(Arc::new(Block::new(contents).unwrap()));
        position
    }

    fn keys() -> Vec<String> {
        (0..100).map(|n| format!("key{:04}", n * 2)).collect()
    }

    #[test]
    fn every_walk_both_ways_goes_as_over_a_list() {
        let keys = keys();
        for interval in [1, 2, 3, 16, 1000] {
            let mut position = position(&keys, interval);
            let mut random = 7_u32;
            assert!(position.first().unwrap());
            let mut at = 0;
            for _ in 0..5000 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (moved, next) = if random >> 16 & 1 == 0 {
                    (position.go_on().unwrap(), at + 1)
                } else {
                    (position.go_back().unwrap(), at - 1)
                };
                let expected = usize::try_from(next).ok().and_then(|next| keys.get(next));
                assert_eq!(moved, expected.is_some());
                let Some(expected) = expected else {
                    assert!(!position.valid() && position.key().is_empty() && position.value().is_empty());
                    assert!(position.last().unwrap());
                    at = 99;
                    continue;
                };
                assert_eq!(position.key(), expected.as_bytes());
                assert_eq!(position.value(), format!("v{expected}").as_bytes());
                at = next;
            }
        }
    }

    #[test]
    fn seeks_find_both_neighbours_of_a_target() {
        let keys = keys();
        for interval in [1, 3, 16, 1000] {
            let mut position = position(&keys, interval);
            for target in 0..201 {
                let target = format!("key{target:04}");
                let at = keys.iter().position(|key| *key >= target).unwrap_or(keys.len());
                let found = position.seek(|key| key.cmp(target.as_bytes())).unwrap();
                assert_eq!(found.then(|| position.key().to_vec()), keys.get(at).map(|key| key.clone().into_bytes()));
                let found = position.seek_before(|key| key.cmp(target.as_bytes())).unwrap();
                let expected = at.checked_sub(1).map(|at| keys[at].clone().into_bytes());
                assert_eq!(found.then(|| position.key().to_vec()), expected);
            }
        }
    }

    #[test]
    fn an_empty_block_has_no_entries_either_way() {
        let mut position = over(vec![0, 0, 0, 0, 1, 0, 0, 0]);

        assert_eq!((position.first(), position.last()), (Ok(false), Ok(false)));
        assert_eq!((position.go_on(), position.go_back()), (Ok(false), Ok(false)));
    }

    #[test]
    fn going_back_over_bad_restart_points_is_told() {
        let entries = [0, 1, 0, b'a', 0, 1, 0, b'b'];
        for restarts in [[0xff, 0], [3, 0], [5, 0], [9, 9]] {
            let mut contents = entries.to_vec();
            contents.extend(restarts.iter().flat_map(|point: &u32| point.to_le_bytes()));
            contents.extend_from_slice(&[2, 0, 0, 0]);
            let mut position = over(contents);

            let _ = position.last();
            for _ in 0..4 {
                let _ = position.go_back();
            }
            assert!(!position.valid() || position.key().len() < 3);
        }
        let mut contents = entries.to_vec();
        contents.extend_from_slice(&[9, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(over(contents).last(), Err(Wrong::Restarts));
    }

    #[test]
    fn a_damaged_entry_is_told_from_both_sides() {
        let contents = [0, 1, 0, b'a', 0, 9, 0, b'b', 0, 0, 0, 0, 1, 0, 0, 0];
        let mut position = over(contents.to_vec());

        assert_eq!(position.last(), Err(Wrong::Entry));
        assert_eq!(position.first(), Ok(true));
        assert_eq!(position.go_on(), Err(Wrong::Entry));
        assert!(!position.valid());
    }
}
