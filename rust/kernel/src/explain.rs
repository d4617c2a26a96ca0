//! What small errors explain a checksum that does not fit: the algebra of healing.
//!
//! A CRC is linear: the checksum computed differs from the true one by a *syndrome* that depends on the error alone. Run backwards
//! through the register from the end of the bytes, the syndrome becomes the error itself at the bit where it begins. A burst is
//! found so in one pass; two bits apart from each other by looking each bit's syndrome up among those of the others.
//!
//! The checksum is stored masked, which is no linear form; errors in it are tried, and compared as they are stored.

use crate::crc;
use std::collections::HashMap;

const POLYNOMIAL: u32 = 0x82f6_3b78; // CRC-32C, reflected. Part of the file format.
/// Bits in which two errors are looked for: with more, chance explains every syndrome many times over.
const MOST_BITS_FOR_PAIRS: usize = 1 << 20;
/// More explanations than this are none.
const MOST: usize = 4096;

/// Bits that were flipped: counted from the first of the bytes covered, least significant bit of a byte first; from the end of
/// these on, bits of the stored checksum.
pub type Bits = Vec<u64>;

/// Every error of these kinds after which `stored`, a masked checksum, fits `covered`: bursts that span up to `longest` bits (32 at
/// most), in the bytes, in the checksum, or from one into the other; and, with `pairs`, any two bits. Nothing where it fits as it is.
#[must_use]
pub fn explain(covered: &[u8], stored: u32, longest: u32, pairs: bool) -> Vec<Bits> {
    let computed = crc::value(covered);
    let size = covered.len() * 8;
    let longest = longest.min(32);
    if crc::mask(computed) == stored {
        return Vec::new();
    }
    let mut found = Vec::new();
    bursts(computed ^ crc::unmask(stored), size, longest, &mut found);
    bursts_at_end(computed, stored, size, longest, &mut found);
    if pairs && size <= MOST_BITS_FOR_PAIRS {
        let known = |bits: &Bits| bits.len() <= 2 && span(bits) <= u64::from(longest);
        let mut two = Vec::new();
        bit_pairs(computed, stored, size, &mut two);
        found.extend(two.into_iter().filter(|bits| !known(bits)));
    }
    found
}

/// From the first bit to the last.
fn span(bits: &[u64]) -> u64 {
    match (bits.first(), bits.last()) {
        (Some(first), Some(last)) => last - first + 1,
        _ => 0,
    }
}

/// The register one bit later.
const fn forward(register: u32) -> u32 {
    if register & 1 == 1 { (register >> 1) ^ POLYNOMIAL } else { register >> 1 }
}

/// The register one bit earlier: the polynomial has its highest bit set, so that bit tells whether it was added.
const fn backward(register: u32) -> u32 {
    if register >> 31 == 1 { (register ^ POLYNOMIAL) << 1 | 1 } else { register << 1 }
}

/// The bits that are set in `pattern`, counted from `start`.
fn set_bits(start: usize, pattern: u32) -> Bits {
    (0..32).filter(|bit| pattern >> bit & 1 == 1).map(|bit| start as u64 + bit).collect()
}

fn bursts(syndrome: u32, size: usize, longest: u32, found: &mut Vec<Bits>) {
    let mut register = syndrome;
    for start in (0..size).rev() {
        register = backward(register);
        let length = 32 - register.leading_zeros();
        if register & 1 == 1 && length <= longest && start + length as usize <= size && found.len() < MOST {
            found.push(set_bits(start, register));
        }
    }
}

/// Bursts in the stored checksum, and those that begin in the last bits before it.
fn bursts_at_end(computed: u32, stored: u32, size: usize, longest: u32, found: &mut Vec<Bits>) {
    let whole = crc::mask(computed) ^ stored;
    if 32 - whole.leading_zeros() - whole.trailing_zeros() <= longest {
        found.push(set_bits(size, whole));
    }
    let reach = longest.saturating_sub(1).min(15).min(u32::try_from(size).unwrap_or(u32::MAX));
    let in_bytes = reach as usize;
    for pattern in 1_u32..1 << reach {
        let syndrome = (0..reach).fold(pattern, |register, _| forward(register));
        let rest = crc::mask(computed ^ syndrome) ^ stored;
        let begins = reach - pattern.trailing_zeros();
        if rest != 0 && begins + 32 - rest.leading_zeros() <= longest && found.len() < MOST {
            let mut bits = set_bits(size - in_bytes, pattern);
            bits.extend(set_bits(size, rest));
            found.push(bits);
        }
    }
}

fn bit_pairs(computed: u32, stored: u32, size: usize, found: &mut Vec<Bits>) {
    let mut bit_of = HashMap::with_capacity(size);
    let syndrome = computed ^ crc::unmask(stored);
    let mut register = 1;
    for bit in (0..size).rev() {
        register = forward(register);
        if let Some(&other) = bit_of.get(&(syndrome ^ register))
            && found.len() < MOST
        {
            found.push(vec![bit as u64, other]);
        }
        bit_of.insert(register, bit as u64);
    }
    for in_stored in 0..32 {
        let other = stored ^ 1 << in_stored;
        if let Some(&bit) = bit_of.get(&(computed ^ crc::unmask(other))) {
            found.push(vec![bit, size as u64 + in_stored]);
        }
    }
    let whole = crc::mask(computed) ^ stored;
    if whole.count_ones() == 2 {
        found.push(set_bits(size, whole));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn noise(size: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 56).to_le_bytes()[0]
        };
        (0..size).map(|_| next()).collect()
    }

    fn hurt(bytes: &[u8], stored: u32, bits: &[u64]) -> (Vec<u8>, u32) {
        let (mut bytes, mut stored) = (bytes.to_vec(), stored);
        for &bit in bits {
            let at = usize::try_from(bit / 8).unwrap();
            match bytes.get_mut(at) {
                Some(byte) => *byte ^= 1 << (bit % 8),
                None => stored ^= 1 << (bit - bytes.len() as u64 * 8),
            }
        }
        (bytes, stored)
    }

    fn is_found(bits: &[u64], longest: u32, pairs: bool) -> bool {
        let bytes = noise(100);
        let (hurt, stored) = hurt(&bytes, crc::mask(crc::value(&bytes)), bits);
        explain(&hurt, stored, longest, pairs).contains(&bits.to_vec())
    }

    #[test]
    fn what_fits_needs_no_explanation() {
        let bytes = noise(100);

        assert!(explain(&bytes, crc::mask(crc::value(&bytes)), 16, true).is_empty());
    }

    #[test]
    fn every_single_bit_is_found() {
        for bit in 0..832 {
            assert!(is_found(&[bit], 16, false), "{bit}");
        }
    }

    #[test]
    fn bursts_are_found_in_the_bytes_in_the_checksum_and_across_both() {
        for start in (0..832 - 16).step_by(5).chain(780..816) {
            assert!(is_found(&[start, start + 3, start + 15], 16, false), "{start}");
            assert!(!is_found(&[start, start + 3, start + 15], 15, false), "{start}");
        }
    }

    #[test]
    fn two_bits_are_found_wherever_they_are() {
        for (one, other) in [(0, 799), (17, 400), (100, 800), (799, 831), (800, 831), (5, 6)] {
            assert!(is_found(&[one, other], 1, true), "{one} {other}");
            assert!(!is_found(&[one, other], 1, false), "{one} {other}");
        }
    }

    #[test]
    fn nothing_is_explained_twice() {
        let bytes = noise(60);
        let (hurt, stored) = hurt(&bytes, crc::mask(crc::value(&bytes)), &[100, 104]);
        let mut found = explain(&hurt, stored, 16, true);
        let count = found.len();
        found.sort();
        found.dedup();

        assert_eq!(found.len(), count);
    }

    #[test]
    fn empty_bytes_have_a_checksum_that_can_be_hurt() {
        let stored = crc::mask(crc::value(b"")) ^ 0b101;

        assert_eq!(explain(b"", stored, 16, true), [vec![0, 2]]);
    }
}
