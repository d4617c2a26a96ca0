//! Block handles: where a block is, as two varints.

use super::TRAILER_SIZE;
use crate::varint;

/// Where a block is. The size does not count the trailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Handle {
    /// Where it begins.
    pub offset: u64,
    /// How many bytes are stored, trailer not counted.
    pub size: u64,
}

impl Handle {
    /// The handle at `at` and the position after it.
    #[must_use]
    pub fn decode(bytes: &[u8], at: usize) -> Option<(Self, usize)> {
        let (offset, at) = varint::read_u64(bytes, at)?;
        let (size, at) = varint::read_u64(bytes, at)?;
        Some((Self { offset, size }, at))
    }

    /// The handle at the start of an index entry's value. LevelDB allows bytes after it; the Java port writes zeroes.
    #[must_use]
    pub fn decode_value(value: &[u8]) -> Option<Self> {
        Self::decode(value, 0).map(|(handle, _)| handle)
    }

    /// The handle of a value that holds nothing else, but for the zeroes to 20 bytes that the Java port writes.
    #[must_use]
    pub fn decode_alone(value: &[u8]) -> Option<Self> {
        let (handle, end) = Self::decode(value, 0)?;
        value.get(end..)?.iter().all(|byte| *byte == 0).then_some(handle)
    }

    /// Append the two varints.
    pub fn append(self, out: &mut Vec<u8>) {
        varint::append_u64(out, self.offset);
        varint::append_u64(out, self.size);
    }

    /// Where the trailer ends; `None` where that is beyond any file.
    #[must_use]
    pub const fn end(self) -> Option<u64> {
        match self.offset.checked_add(self.size) {
            Some(end) => end.checked_add(TRAILER_SIZE as u64),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_padded_with_zeroes_is_a_handle_alone_and_one_followed_by_anything_else_is_not() {
        let handle = Some(Handle { offset: 5, size: 300 });

        assert_eq!(Handle::decode_alone(&[5, 0xac, 2]), handle);
        assert_eq!(Handle::decode_alone(&[5, 0xac, 2, 0, 0, 0]), handle);
        assert_eq!(Handle::decode_alone(&[5, 0xac, 2, 0, 1]), None);
        assert_eq!(Handle::decode_alone(&[5, 0xac]), None);
    }
}
