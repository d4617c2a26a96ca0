//! Every explanation of a checksum makes it fit, whatever the bytes; and one flipped bit is always among them.

use crate::shaped;
use relevel_kernel::crc;
use relevel_kernel::explain::explain;

/// A checksum, how long a burst may be, whether two bits anywhere may be, which bit to flip; and what the checksum covers.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((stored, longest, pairs, flipped, covered)) = shaped::<(u32, u8, bool, u16, &[u8])>(bytes) else {
        return false;
    };
    for bits in explain(covered, stored, u32::from(longest % 20), pairs) {
        let mut bytes = covered.to_vec();
        let healed = flip(&mut bytes, stored, &bits);
        assert_eq!(crc::mask(crc::value(&bytes)), healed, "an explanation that explains nothing: {bits:?}");
    }
    if !covered.is_empty() {
        let bit = u64::from(flipped) % (covered.len() as u64 * 8);
        let mut hurt = covered.to_vec();
        flip(&mut hurt, 0, &[bit]);
        let found = explain(&hurt, crc::mask(crc::value(covered)), 1, false);
        assert!(found.contains(&vec![bit]), "bit {bit} is not found in {found:?}");
    }
    !covered.is_empty()
}

/// Turn bits over in bytes and in the checksum behind them, which is given back.
fn flip(bytes: &mut [u8], mut checksum: u32, bits: &[u64]) -> u32 {
    let size = bytes.len() as u64 * 8;
    for bit in bits {
        match bytes.get_mut((bit / 8) as usize) {
            Some(byte) => *byte ^= 1 << (bit % 8),
            None => checksum ^= 1 << (bit - size),
        }
    }
    checksum
}
