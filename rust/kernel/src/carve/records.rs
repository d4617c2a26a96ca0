//! Whether a log begins at a position: a whole record whose payload begins as a write batch does, or as a manifest does.
//!
//! The checksum decides. What the payload says is asked first, for that is cheaper. Where bytes were made to pass all but the
//! checksum, its cost would be a block's length for each position; so past a budget it is taken from [`Prefixes`].

use super::chain::Content;
use crate::batch;
use crate::internal_key::MAX_SEQUENCE;
use crate::log::format::{BLOCK_SIZE, HEADER_SIZE, Header, TYPE_FIRST, TYPE_FULL, checksum, covered};
use crate::prefixes::Prefixes;
use crate::{crc, varint};

/// How many bytes are checked in vain, a chunk, before that is done at once.
const VAIN: usize = 8 << 20;
/// The tag of the comparator's name, with which every manifest begins. Part of the file format.
const COMPARATOR: u8 = 1;

/// Looks at positions of one chunk. What it computes holds for one chunk only.
#[derive(Debug, Default)]
pub struct Records {
    vain: usize,
    prefixes: Prefixes,
}

impl Records {
    /// What the log holds that may begin at `position` of `bytes`; `None` where none does.
    pub fn first_of_log(&mut self, bytes: &[u8], position: usize) -> Option<Content> {
        let header = Header::parse(bytes.get(position..)?)?;
        let fits = HEADER_SIZE + header.size <= BLOCK_SIZE;
        if !matches!(header.record_type, TYPE_FULL | TYPE_FIRST) || !fits || !is_likely(header.checksum) {
            return None;
        }
        let stretch = covered(bytes, position, header.size)?;
        let (_, payload) = stretch.split_first()?;
        let content = content_of(payload, header.record_type == TYPE_FULL)?;
        let computed =
            if self.vain < VAIN { checksum(stretch) } else { self.computed_at_once(bytes, position, header)? };
        if computed == header.checksum {
            return Some(content);
        }
        self.vain += header.size;
        None
    }

    fn computed_at_once(&mut self, bytes: &[u8], position: usize, header: Header) -> Option<u32> {
        if self.prefixes.is_empty() {
            self.prefixes = Prefixes::of(bytes);
        }
        let start = position + HEADER_SIZE - 1;
        self.prefixes.between(start, start + 1 + header.size).map(crc::mask)
    }
}

/// Whether a checksum is taken for one: of true ones, one in four million is not; of small numbers, none is.
fn is_likely(masked: u32) -> bool {
    masked.to_le_bytes().iter().filter(|byte| **byte == 0).count() < 3
}

/// What a payload, or the first part of one, begins as.
#[must_use]
pub fn content_of(payload: &[u8], is_whole: bool) -> Option<Content> {
    if is_batch(payload, is_whole) {
        Some(Content::Batches)
    } else if is_first_edit(payload) {
        Some(Content::Edits)
    } else {
        None
    }
}

/// Sequence number and count of a batch; `None` where there are too few bytes or the numbers are impossible.
#[must_use]
pub fn batch_header(payload: &[u8]) -> Option<(u64, u32)> {
    let (sequence, rest) = payload.split_first_chunk::<8>()?;
    let (sequence, count) = (u64::from_le_bytes(*sequence), u32::from_le_bytes(*rest.first_chunk::<4>()?));
    (sequence.saturating_add(u64::from(count)) <= MAX_SEQUENCE).then_some((sequence, count))
}

/// An operation has at least two bytes; of the first one as much is decoded as is there.
fn is_batch(payload: &[u8], is_whole: bool) -> bool {
    let Some((_, count)) = batch_header(payload) else { return false };
    let Some(body) = payload.get(batch::HEADER_SIZE..) else { return false };
    if !is_whole {
        return count > 0 && body.first().is_none_or(|tag| *tag < 2);
    }
    let fits = u64::from(count) * 2 <= body.len() as u64 && (count > 0) != body.is_empty();
    fits && (count == 0 || batch::decode_operation(body, 0, 0).is_some())
}

/// A name of printable characters behind the tag of the comparator.
fn is_first_edit(payload: &[u8]) -> bool {
    let name = varint::read_slice(payload, 1).map(|(name, _)| name);
    let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    payload.first() == Some(&COMPARATOR) && name.is_some_and(is_name)
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::log::append_record;

    fn batch(sequence: u64) -> Vec<u8> {
        let mut payload = Vec::new();
        batch::append_header(&mut payload, sequence, 1);
        batch::append_put(&mut payload, b"key", b"value");
        payload
    }

    #[test]
    fn a_batch_and_a_first_edit_begin_a_log() {
        for (payload, content) in [(batch(7), Content::Batches), (b"\x01\x03cmp\x02\x05".to_vec(), Content::Edits)] {
            let mut bytes = b"noise".to_vec();
            append_record(&mut bytes, &payload, 0);

            assert_eq!(Records::default().first_of_log(&bytes, 5), Some(content));
            assert_eq!(Records::default().first_of_log(&bytes, 4), None);
        }
    }

    #[test]
    fn other_payloads_begin_none() {
        for payload in [&b""[..], b"short", b"\x01\x03c\0p", &batch(MAX_SEQUENCE + 1), &batch(1)[..14]] {
            let mut bytes = Vec::new();
            append_record(&mut bytes, payload, 0);

            assert_eq!(Records::default().first_of_log(&bytes, 0), None, "{payload:?}");
        }
    }

    #[test]
    fn past_the_budget_the_answer_is_the_same() {
        let mut bytes = b"noise".to_vec();
        append_record(&mut bytes, &batch(7), 0);
        let mut hurt = bytes.clone();
        hurt.last_mut().into_iter().for_each(|byte| *byte ^= 1);

        let tired = || Records { vain: VAIN, prefixes: Prefixes::default() };

        assert_eq!(tired().first_of_log(&bytes, 5), Some(Content::Batches));
        assert_eq!(tired().first_of_log(&hurt, 5), None);
    }
}
