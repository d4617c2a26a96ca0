//! Where the next sound record begins, after one that is not.
//!
//! Every offset of the block is tried. Checking each candidate's checksum from scratch would cost a block's length a time,
//! and hostile bytes can make every third offset a candidate. So the CRC of any stretch is taken from the CRCs of the
//! block's [`Prefixes`]. That makes a search linear in the block's length, whatever the bytes are.
//!
//! A value can hold a log, or a piece of one. Inside the payload of a damaged record a sound checksum therefore proves
//! nothing by itself: a record counts only if records follow one another from it to the end of the block, or to zeroes. One
//! that is damaged may stand between, where a sound one follows it at the place its size says.

use super::format::{HEADER_SIZE, Header};
use crate::crc;
use crate::prefixes::Prefixes;

/// Searches one block at a time; keeps what it computed about the block until [`forget`](Self::forget).
#[derive(Debug, Default)]
pub struct Resync {
    /// The CRC of the first n bytes of the block, for every n. Empty until needed.
    prefixes: Prefixes,
    /// For every position, whether records follow one another from it to the end. Empty until needed.
    chained: Vec<bool>,
}

impl Resync {
    /// The block changes: what was computed about it no longer holds.
    pub fn forget(&mut self) {
        self.prefixes = Prefixes::default();
        self.chained.clear();
    }

    /// The first position at or after `from` where a record of a known type, that fits `block`, has a sound checksum, and
    /// from where records follow one another to the end.
    pub fn find(&mut self, block: &[u8], from: usize) -> Option<usize> {
        if self.prefixes.is_empty() {
            self.prefixes = Prefixes::of(block);
            self.chained = self.chains(block);
        }
        (from..block.len()).find(|&position| self.is_chained(position) && self.sound_end(block, position).is_some())
    }

    fn is_chained(&self, position: usize) -> bool {
        self.chained.get(position).copied().unwrap_or(false)
    }

    /// From the back: the end is reached from the end itself and from zeroes before it; from a sound record, if it is
    /// reached from where that ends; from a damaged one, if a sound one stands there.
    fn chains(&self, block: &[u8]) -> Vec<bool> {
        let zeroes_from = block.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let mut chained = vec![true; block.len() + 1];
        for position in (0..zeroes_from).rev() {
            let reaches = |end: usize| chained.get(end).copied().unwrap_or(false);
            let is_chained = match claimed_end(block, position) {
                None => false,
                Some(end) if self.sound_end(block, position).is_some() => reaches(end),
                Some(end) => reaches(end) && self.sound_end(block, end).is_some(),
            };
            if let Some(slot) = chained.get_mut(position) {
                *slot = is_chained;
            }
        }
        chained
    }

    /// Where the record at `position` ends, if its checksum is sound.
    fn sound_end(&self, block: &[u8], position: usize) -> Option<usize> {
        let header = block.get(position..).and_then(Header::parse)?;
        let end = claimed_end(block, position)?;
        let computed = self.prefixes.between(position + HEADER_SIZE - 1, end)?;
        (computed == crc::unmask(header.checksum)).then_some(end)
    }
}

/// Where the record at `position` says that it ends, if it is of a known type and fits the block.
fn claimed_end(block: &[u8], position: usize) -> Option<usize> {
    let header = block.get(position..).and_then(Header::parse)?;
    let end = position + HEADER_SIZE + header.size;
    (header.has_known_type() && end <= block.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::log::format::BLOCK_SIZE;
    use crate::log::writer::append_record;

    fn filler(size: usize) -> Vec<u8> {
        (0..size).map(|i| u8::try_from(i * i % 251).unwrap()).collect()
    }

    #[test]
    fn a_record_is_found_at_any_offset_of_a_block() {
        for at in [0, 1, 6, 7, 8, 300] {
            let mut block = filler(at);
            append_record(&mut block, b"payload", 0);

            assert_eq!(Resync::default().find(&block, 0), Some(at));
            assert_eq!(Resync::default().find(&block, at + 1), None);
        }
    }

    #[test]
    fn a_record_inside_a_payload_is_not_found() {
        let mut value = filler(20);
        append_record(&mut value, b"not a record of this log", 0);
        value.extend(filler(30));
        let mut block = Vec::new();
        append_record(&mut block, &value, 0);
        let next = block.len();
        append_record(&mut block, b"next", 0);

        assert_eq!(Resync::default().find(&block, 1), Some(next));
    }

    #[test]
    fn a_record_before_another_damaged_one_is_found() {
        let mut block = filler(40);
        append_record(&mut block, b"between", 0);
        let hurt = block.len() + HEADER_SIZE;
        append_record(&mut block, b"damaged", 0);
        append_record(&mut block, b"last", 0);
        block[hurt] ^= 1;

        assert_eq!(Resync::default().find(&block, 0), Some(40));
    }

    #[test]
    fn a_record_before_zeroes_is_found() {
        let mut block = filler(40);
        append_record(&mut block, b"last", 0);
        block.extend([0; 100]);

        assert_eq!(Resync::default().find(&block, 0), Some(40));
    }

    #[test]
    fn bytes_without_a_record_have_none() {
        assert_eq!(Resync::default().find(&filler(BLOCK_SIZE), 0), None);
        assert_eq!(Resync::default().find(&vec![TYPE_EVERYWHERE; BLOCK_SIZE], 0), None);
        assert_eq!(Resync::default().find(&[], 0), None);
    }

    /// Makes every offset a candidate with a size of 1028 bytes.
    const TYPE_EVERYWHERE: u8 = 4;
}
