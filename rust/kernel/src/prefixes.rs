//! The CRC of any stretch of bytes, from the CRCs of their prefixes.
//!
//! Appending n bytes to a prefix multiplies its CRC by x^8n modulo the polynomial, and the rest is added. So after one pass over
//! the bytes every stretch costs the same, however long it is: what hostile bytes make a candidate of costs no more than that.

use crate::crc;
use crate::log::format::BLOCK_SIZE;
use std::sync::OnceLock;

/// CRC-32C's polynomial, least significant bit first.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// The polynomial 1, in the same notation.
const ONE: u32 = 1 << 31;

/// The CRC of the first n bytes, for every n.
#[derive(Debug, Default)]
pub struct Prefixes(Vec<u32>);

impl Prefixes {
    /// One pass over `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut crc = 0;
        let mut prefixes = Vec::with_capacity(bytes.len() + 1);
        prefixes.push(crc);
        for byte in bytes.chunks_exact(1) {
            crc = crc::extend(crc, byte);
            prefixes.push(crc);
        }
        Self(prefixes)
    }

    /// Whether there are none, not even that of no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The CRC of the bytes from `start` to `end`, not masked; `None` where they are not there, or more than a log's block.
    #[must_use]
    pub fn between(&self, start: usize, end: usize) -> Option<u32> {
        let shift = powers().get(end.checked_sub(start)?)?;
        Some(multiply(*self.0.get(start)?, *shift) ^ self.0.get(end)?)
    }
}

/// x^8n modulo the polynomial, for n up to a block's size.
fn powers() -> &'static [u32] {
    static POWERS: OnceLock<Vec<u32>> = OnceLock::new();
    POWERS.get_or_init(|| {
        let byte = ONE >> 8;
        std::iter::successors(Some(ONE), |&power| Some(multiply(power, byte))).take(BLOCK_SIZE + 1).collect()
    })
}

/// The product of two polynomials over GF(2), modulo CRC-32C's. Bit 31 is the constant term.
fn multiply(mut a: u32, b: u32) -> u32 {
    let mut product = 0;
    for bit in (0..32).rev() {
        product ^= a & (b >> bit & 1).wrapping_neg();
        a = a >> 1 ^ POLYNOMIAL & (a & 1).wrapping_neg();
    }
    product
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn the_crc_of_a_stretch_follows_from_those_of_the_prefixes() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * i % 251).to_le_bytes()[0]).collect();
        let prefixes = Prefixes::of(&bytes);

        for (start, end) in [(0, 0), (0, 1000), (1, 2), (13, 999), (500, 500), (7, 600)] {
            assert_eq!(prefixes.between(start, end), Some(crc::value(&bytes[start..end])), "{start}..{end}");
        }
    }
}
