//! CRC-32C (Castagnoli), and the masked form in which LevelDB stores it.
//!
//! Masking keeps a checksum of bytes that hold checksums from being weak: `rotr(crc, 15) + 0xa282ead8`. Part of the file
//! format.

const MASK_DELTA: u32 = 0xa282_ead8;

/// The CRC of `data`, not masked.
#[inline]
#[must_use]
pub fn value(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
}

/// The CRC of the bytes that `crc` covers followed by `data`, not masked.
#[inline]
#[must_use]
pub fn extend(crc: u32, data: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, data)
}

/// The masked form of `crc`, as stored on disk.
#[inline]
#[must_use]
pub const fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(MASK_DELTA)
}

/// The CRC whose masked form is `masked`.
#[inline]
#[must_use]
pub const fn unmask(masked: u32) -> u32 {
    masked.wrapping_sub(MASK_DELTA).rotate_left(15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_of_the_standard_check_string_is_the_published_one() {
        assert_eq!(value(b"123456789"), 0xe306_9283);
        assert_eq!(value(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn a_crc_continues_where_another_stopped() {
        assert_eq!(extend(value(b"hello "), b"world"), value(b"hello world"));
    }

    #[test]
    fn masking_changes_a_crc_and_unmasking_restores_it() {
        let crc = value(b"foo");

        assert_ne!(mask(crc), crc);
        assert_ne!(mask(mask(crc)), crc);
        assert_eq!(unmask(mask(crc)), crc);
        assert_eq!(mask(unmask(0)), 0);
    }
}
