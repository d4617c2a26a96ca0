//! Finding where a block ends by its checksum alone, byte by byte.

use crate::codec;
use crate::crc;

/// CRC-32C's polynomial, reflected. Part of the file format.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// What a byte does to the CRC register.
const STEPS: [u32; 256] = steps();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled, where a wrong index is an error")]
const fn steps() -> [u32; 256] {
    let mut steps = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut register = byte as u32;
        while bit < 8 {
            register = (register >> 1) ^ if register & 1 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        steps[byte] = register;
        byte += 1;
    }
    steps
}

/// The table of CRC-32C: entry `b` is `b * x^32` reduced.
#[inline]
#[must_use]
pub fn step(byte: u8) -> u32 {
    STEPS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether a type byte is one that is written.
#[inline]
#[must_use]
pub const fn is_known_type(block_type: u8) -> bool {
    matches!(block_type, codec::TYPE_NONE | codec::TYPE_SNAPPY | codec::TYPE_ZSTD_OR_ZLIB | codec::TYPE_DEFLATE)
}

/// A search for the end of a block that begins at a known place. Can be fed the bytes as they are read.
#[derive(Debug, Clone, Copy)]
pub struct EndSearch {
    register: u32,
    size: usize,
}

impl Default for EndSearch {
    fn default() -> Self {
        Self { register: u32::MAX, size: 0 }
    }
}

impl EndSearch {
    /// The next size at which a trailer of a known type stands whose checksum fits; `None` where `bytes` end before.
    ///
    /// `bytes` begin where the block does, and may be longer at the next call, which goes on after the last size.
    pub fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut register = self.register;
        for trailer in bytes.get(self.size..).unwrap_or_default().windows(5) {
            let &[block_type, a, b, c, d] = trailer else { break };
            let [low, ..] = register.to_le_bytes();
            register = (register >> 8) ^ step(low ^ block_type);
            self.size += 1;
            if is_known_type(block_type) && u32::from_le_bytes([a, b, c, d]) == crc::mask(!register) {
                self.register = register;
                return Some(self.size - 1);
            }
        }
        self.register = register;
        None
    }
}

/// The size of the block that begins at `offset`: the smallest `n <= limit` such that `n` bytes and a trailer of a known type
/// stand there whose checksum fits.
#[must_use]
pub fn block_size_at(data: &[u8], offset: usize, limit: usize) -> Option<usize> {
    let bytes = data.get(offset..)?;
    let most = limit.saturating_add(super::TRAILER_SIZE).min(bytes.len());
    EndSearch::default().next(bytes.get(..most)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::super::testing::on_disk;
    use super::*;

    #[test]
    fn a_block_ends_where_its_checksum_fits() {
        for (size, block_type) in [(0, 0), (1, 1), (8, 2), (4000, 4)] {
            let stored = vec![0x5a; size];
            let data = [b"before".as_slice(), &on_disk(&stored, block_type), b"after"].concat();

            assert_eq!(block_size_at(&data, 6, 1 << 20), Some(size));
            assert_eq!(block_size_at(&data, 6, size), Some(size));
            assert_eq!(block_size_at(&data, 5, 1 << 20), None);
            assert_eq!(size.checked_sub(1).and_then(|limit| block_size_at(&data, 6, limit)), None);
        }
    }

    #[test]
    fn a_block_of_unknown_type_or_cut_off_is_not_found() {
        let whole = on_disk(b"contents", 0);

        assert_eq!(block_size_at(&on_disk(b"contents", 3), 0, 100), None);
        assert_eq!(block_size_at(whole.get(..whole.len() - 1).unwrap(), 0, 100), None);
        assert_eq!(block_size_at(&whole, 99, 100), None);
    }

    #[test]
    fn zeroes_are_no_block() {
        assert_eq!(block_size_at(&vec![0; 1 << 20], 0, 1 << 20), None);
    }

    #[test]
    fn a_search_goes_on_where_the_bytes_ended() {
        let data = on_disk(&[7; 100], 1);
        let mut search = EndSearch::default();

        for size in 0..data.len() {
            assert_eq!(search.next(data.get(..size).unwrap()), None);
        }
        assert_eq!(search.next(&data), Some(100));
        assert_eq!(search.next(&data), None);
    }
}
