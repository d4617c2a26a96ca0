//! Varints: seven bits a byte, least significant first, the high bit says that more follow. Part of the file format.
//!
//! Reading accepts needlessly long forms up to 5 (32 bits) and 10 bytes (64 bits), as LevelDB does, and refuses what does
//! not fit the type, where LevelDB drops the excess bits without a word.

const LONGEST_U64: u32 = 10;

/// Read a 32-bit varint at `at`: the value and the position after it. `None` where it is cut short or too large.
#[inline]
#[must_use]
pub fn read_u32(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        return Some((u32::from(first), at + 1));
    }
    read_long_u32(bytes, at)
}

#[inline(never)]
fn read_long_u32(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let (value, end) = read_u64(bytes, at)?;
    if end - at > 5 {
        return None;
    }
    Some((u32::try_from(value).ok()?, end))
}

/// Read a 64-bit varint at `at`: the value and the position after it. `None` where it is cut short or too large.
#[must_use]
pub fn read_u64(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (index, &byte) in (0..LONGEST_U64).zip(bytes.get(at..)?) {
        if index + 1 == LONGEST_U64 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some((value, at + 1 + index as usize));
        }
    }
    None
}

/// Read bytes preceded by their 32-bit varint length at `at`: the bytes and the position after them.
#[must_use]
pub fn read_slice(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (size, start) = read_u32(bytes, at)?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    Some((bytes.get(start..end)?, end))
}

/// Append `value` as a 32-bit varint.
#[inline]
pub fn append_u32(out: &mut Vec<u8>, value: u32) {
    append_u64(out, u64::from(value));
}

/// Append `value` as a 64-bit varint.
#[inline]
pub fn append_u64(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        append_u64(&mut out, value);
        out
    }

    #[test]
    fn every_power_of_two_comes_back() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, (1u64 << shift) + 1] {
                let bytes = encoded(value);

                assert_eq!(read_u64(&bytes, 0), Some((value, bytes.len())));
                let small = u32::try_from(value).ok().map(|value| (value, bytes.len()));
                assert_eq!(read_u32(&bytes, 0), small);
            }
        }
    }

    #[test]
    fn a_cut_varint_is_refused() {
        let bytes = encoded(u64::MAX);

        for size in 0..bytes.len() {
            assert_eq!(read_u64(bytes.get(..size).unwrap_or_default(), 0), None);
        }
        assert_eq!(read_u32(&[0xff, 0xff], 0), None);
        assert_eq!(read_u32(b"x", 1), None);
        assert_eq!(read_u32(b"x", usize::MAX), None);
    }

    #[test]
    fn a_varint_too_long_for_its_type_is_refused() {
        assert_eq!(read_u32(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 0), None);
        assert_eq!(read_u64(&[0x80; 11], 0), None);
    }

    #[test]
    fn a_varint_too_large_for_its_type_is_refused() {
        assert_eq!(read_u32(&[0xff, 0xff, 0xff, 0xff, 0x1f], 0), None);
        assert_eq!(read_u64(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], 0), None);
    }

    #[test]
    fn a_needlessly_long_varint_is_accepted_as_leveldb_does() {
        assert_eq!(read_u32(&[0x81, 0x80, 0x00], 0), Some((1, 3)));
    }

    #[test]
    fn a_slice_longer_than_the_bytes_is_refused() {
        assert_eq!(read_slice(&[3, b'a', b'b', b'c', b'd'], 0), Some((&b"abc"[..], 4)));
        assert_eq!(read_slice(&[5, b'a', b'b', b'c', b'd'], 0), None);
        assert_eq!(read_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f], 0), None);
    }
}
