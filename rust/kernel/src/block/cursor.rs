//! Walking and searching the entries of a block.

use super::Layout;
use crate::varint;
use std::cmp::Ordering;
use std::ops::Range;

/// What a move over the entries of a block met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An entry; the cursor stands on it.
    Entry,
    /// The end of the entries.
    End,
    /// Bytes at [`BlockCursor::next_offset`] that are no entry; the cursor stands on none and stays so.
    Bad,
}

/// The head of an entry: how its key is made, and where its parts are.
#[derive(Debug, Clone, Copy)]
struct Head {
    shared: usize,
    delta_start: usize,
    value_start: usize,
    end: usize,
}

/// Decode the entry at `at`, which must end at or before `entries_end`.
#[inline]
fn decode_head(contents: &[u8], at: usize, entries_end: usize) -> Option<Head> {
    let bytes = contents.get(..entries_end)?;
    let (shared, non_shared, value_size, delta_start) = match bytes.get(at..)?.first_chunk::<3>() {
        Some(&[shared, non_shared, value_size]) if (shared | non_shared | value_size) < 0x80 => {
            (u32::from(shared), u32::from(non_shared), u32::from(value_size), at + 3)
        }
        _ => {
            let (shared, at) = varint::read_u32(bytes, at)?;
            let (non_shared, at) = varint::read_u32(bytes, at)?;
            let (value_size, at) = varint::read_u32(bytes, at)?;
            (shared, non_shared, value_size, at)
        }
    };
    let value_start = delta_start.checked_add(usize::try_from(non_shared).ok()?)?;
    let end = value_start.checked_add(usize::try_from(value_size).ok()?)?;
    (end <= entries_end).then_some(Head { shared: usize::try_from(shared).ok()?, delta_start, value_start, end })
}

/// How many bytes of keys that are not there again the entries of a block may share, at least and for each byte of contents.
/// Entries of three bytes can each share the same long key: past this, they are taken for an attack on whoever copies keys.
const SHARED_AT_LEAST: usize = 64 << 20;
const SHARED_PER_BYTE: usize = 256;

/// A position among the entries of a block. Holds the key, which it builds in place, but not the contents: these are
/// given to every call, and must be the ones given to [`enter`](Self::enter).
#[derive(Debug, Clone, Default)]
pub struct BlockCursor {
    layout: Layout,
    key: Vec<u8>,
    value: Range<usize>,
    entry_offset: usize,
    next_offset: usize,
    shared: usize,
    /// How many bytes the entries to come may still share.
    shareable: usize,
}

impl BlockCursor {
    /// Stand before the first entry of `contents`. False where the restart array is impossible; there are no entries then.
    #[must_use]
    pub fn enter(&mut self, contents: &[u8]) -> bool {
        let layout = Layout::of(contents);
        self.layout = layout.unwrap_or_default();
        self.go_before(0);
        layout.is_some()
    }

    fn go_before(&mut self, offset: usize) {
        self.key.clear();
        self.value = 0..0;
        self.entry_offset = offset;
        self.next_offset = offset;
        self.shared = 0;
        self.shareable = self.layout.entries_end.saturating_mul(SHARED_PER_BYTE).saturating_add(SHARED_AT_LEAST);
    }

    /// Go to the next entry.
    #[inline]
    pub fn next(&mut self, contents: &[u8]) -> Step {
        if self.next_offset >= self.layout.entries_end {
            self.value = 0..0;
            return Step::End;
        }
        let head = decode_head(contents, self.next_offset, self.layout.entries_end);
        let parts = head.filter(|head| head.shared <= self.key.len() && head.shared <= self.shareable);
        let Some((head, delta)) =
            parts.and_then(|head| Some((head, contents.get(head.delta_start..head.value_start)?)))
        else {
            self.value = 0..0;
            return Step::Bad;
        };
        self.key.truncate(head.shared);
        self.key.extend_from_slice(delta);
        self.shared = head.shared;
        self.shareable -= head.shared;
        self.value = head.value_start..head.end;
        self.entry_offset = self.next_offset;
        self.next_offset = head.end;
        Step::Entry
    }

    /// Go to the first entry whose key is not less than the target; `order` compares a key with it.
    ///
    /// Undefined, but safe, where the keys are not in that order.
    pub fn seek(&mut self, contents: &[u8], order: impl Fn(&[u8]) -> Ordering) -> Step {
        let (mut low, mut high) = (0, self.layout.restart_count.saturating_sub(1));
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match self.key_at_restart(contents, middle) {
                Some(key) if order(key) == Ordering::Less => low = middle,
                Some(_) => high = middle - 1,
                None => return self.seek_from(0, contents, order),
            }
        }
        let start = self.layout.restart_point(contents, low).unwrap_or(0);
        self.seek_from(start, contents, order)
    }

    fn seek_from(&mut self, start: usize, contents: &[u8], order: impl Fn(&[u8]) -> Ordering) -> Step {
        self.go_before(start);
        loop {
            let step = self.next(contents);
            if step != Step::Entry || order(&self.key) != Ordering::Less {
                return step;
            }
        }
    }

    fn key_at_restart<'a>(&self, contents: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let offset = self.layout.restart_point(contents, index)?;
        let head = decode_head(contents, offset, self.layout.entries_end).filter(|head| head.shared == 0)?;
        contents.get(head.delta_start..head.value_start)
    }

    /// The key of the entry; what is left of the last one where the cursor stands on none.
    #[inline]
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The value of the entry; empty where the cursor stands on none.
    #[inline]
    #[must_use]
    pub fn value<'a>(&self, contents: &'a [u8]) -> &'a [u8] {
        contents.get(self.value.clone()).unwrap_or_default()
    }

    /// Where in the contents the value of the entry is; empty where the cursor stands on none.
    #[must_use]
    pub const fn value_range(&self) -> &Range<usize> {
        &self.value
    }

    /// Stand before the entry at `offset`, which must be a restart point: an entry that shares something is bad there.
    pub fn go_to(&mut self, offset: usize) {
        self.go_before(offset);
    }

    /// The offset of the entry in the contents.
    #[must_use]
    pub const fn entry_offset(&self) -> usize {
        self.entry_offset
    }

    /// The offset after the entry.
    #[must_use]
    pub const fn next_offset(&self) -> usize {
        self.next_offset
    }

    /// How many bytes the key shares with the one before, as the entry says.
    #[must_use]
    pub const fn shared(&self) -> usize {
        self.shared
    }

    /// The layout of the contents entered.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::super::BlockBuilder;
    use super::*;

    fn contents_with(entries: &[u8]) -> Vec<u8> {
        let mut contents = entries.to_vec();
        contents.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0]);
        contents
    }

    fn steps(contents: &[u8]) -> Vec<Step> {
        let mut cursor = BlockCursor::default();
        assert!(cursor.enter(contents));
        let mut steps = vec![cursor.next(contents)];
        while steps.last() == Some(&Step::Entry) {
            steps.push(cursor.next(contents));
        }
        steps
    }

    #[test]
    fn entries_come_as_they_were_added() {
        let entries: Vec<(String, String)> = (0..200).map(|n| (format!("key{n:06}"), "v".repeat(n % 150))).collect();
        for interval in [1, 2, 16] {
            let mut builder = BlockBuilder::new(interval);
            for (key, value) in &entries {
                builder.add(key.as_bytes(), value.as_bytes()).unwrap();
            }
            let contents = builder.finish();
            let mut cursor = BlockCursor::default();
            assert!(cursor.enter(contents));

            for (key, value) in &entries {
                assert_eq!(cursor.next(contents), Step::Entry);
                assert_eq!(cursor.key(), key.as_bytes());
                assert_eq!(cursor.value(contents), value.as_bytes());
            }
            assert_eq!(cursor.next(contents), Step::End);
            assert_eq!(cursor.value(contents), b"");
        }
    }

    #[test]
    fn a_seek_finds_the_first_key_not_less_than_the_target() {
        let keys: Vec<String> = (0..100).map(|n| format!("{:04}", n * 2)).collect();
        for interval in [1, 3, 16, 1000] {
            let mut builder = BlockBuilder::new(interval);
            for key in &keys {
                builder.add(key.as_bytes(), b"").unwrap();
            }
            let contents = builder.finish();
            let mut cursor = BlockCursor::default();
            assert!(cursor.enter(contents));

            for target in 0..200 {
                let target = format!("{target:04}");
                let expected = keys.iter().find(|key| **key >= target);
                let step = cursor.seek(contents, |key| key.cmp(target.as_bytes()));
                assert_eq!(step == Step::Entry, expected.is_some());
                if let Some(expected) = expected {
                    assert_eq!(cursor.key(), expected.as_bytes());
                }
            }
        }
    }

    #[test]
    fn an_entry_that_shares_more_than_the_last_key_is_bad() {
        assert_eq!(steps(&contents_with(&[1, 1, 0, b'a'])), [Step::Bad]);
        assert_eq!(steps(&contents_with(&[0, 1, 0, b'a', 2, 1, 0, b'b'])), [Step::Entry, Step::Bad]);
    }

    #[test]
    fn an_entry_that_runs_into_the_restart_array_is_bad() {
        assert_eq!(steps(&contents_with(&[0, 2, 0, b'a'])), [Step::Bad]);
        assert_eq!(steps(&contents_with(&[0, 1, 1, b'a'])), [Step::Bad]);
        assert_eq!(steps(&contents_with(&[0, 1])), [Step::Bad]);
        assert_eq!(steps(&contents_with(&[0x80])), [Step::Bad]);
    }

    #[test]
    fn sizes_that_overflow_when_added_are_bad() {
        let mut entry = vec![0];
        entry.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        entry.extend_from_slice(b"aaaa");

        assert_eq!(steps(&contents_with(&entry)), [Step::Bad]);
        assert_eq!(steps(&contents_with(&[0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, b'a'])), [Step::Bad]);
    }

    #[test]
    fn entries_that_share_a_long_key_without_end_are_bad() {
        let mut entries = vec![0, 0x80, 0x80, 0x40, 0];
        entries.resize(5 + (1 << 20), b'k');
        for _ in 0..100_000 {
            entries.extend_from_slice(&[0x80, 0x80, 0x40, 0, 0]);
        }
        let steps = steps(&contents_with(&entries));

        assert_eq!(steps.last(), Some(&Step::Bad));
        assert!(steps.len() > 64 && steps.len() < 1000, "{}", steps.len());
    }

    #[test]
    fn a_bad_entry_stays_bad() {
        let contents = contents_with(&[9, 0, 0]);
        let mut cursor = BlockCursor::default();
        assert!(cursor.enter(&contents));

        assert_eq!(cursor.next(&contents), Step::Bad);
        assert_eq!(cursor.next(&contents), Step::Bad);
        assert_eq!(cursor.next_offset(), 0);
    }

    #[test]
    fn a_block_without_a_layout_has_no_entries() {
        let mut cursor = BlockCursor::default();

        assert!(!cursor.enter(&[0; 12]));
        assert_eq!(cursor.next(&[0; 12]), Step::End);
    }

    #[test]
    fn a_seek_over_restart_points_outside_the_entries_still_ends() {
        let contents = [0, 1, 0, b'a', 0xff, 0, 0, 0, 0xfe, 0, 0, 0, 2, 0, 0, 0];
        let mut cursor = BlockCursor::default();
        assert!(cursor.enter(&contents));

        assert_eq!(cursor.seek(&contents, |key| key.cmp(b"a")), Step::Entry);
        assert_eq!(cursor.key(), b"a");
        assert_eq!(cursor.seek(&contents, |key| key.cmp(b"b")), Step::End);
    }
}
