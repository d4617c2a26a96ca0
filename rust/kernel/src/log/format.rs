//! How a log is framed. Part of the file format (`doc/log_format.md` of LevelDB).
//!
//! ```text
//! block, 32768 bytes:  record* trailer          a trailer is up to six zero bytes, where no header fits
//! record:              masked CRC-32C LE32 | size LE16 | type u8 | payload
//! ```
//! The checksum covers type and payload, *not* the size. A physical record never crosses a block; a payload that does not
//! fit is cut in a First, any number of Middle and a Last record, each with its own checksum.

use crate::crc;

/// Bytes of a block. Part of the file format.
pub const BLOCK_SIZE: usize = 32 * 1024;
/// [`BLOCK_SIZE`] as an offset in a file.
pub const BLOCK_SIZE_U64: u64 = BLOCK_SIZE as u64;
/// Bytes of a record's header. Part of the file format.
pub const HEADER_SIZE: usize = 7;

/// A record that is whole. Part of the file format.
pub const TYPE_FULL: u8 = 1;
/// The first fragment of a payload. Part of the file format.
pub const TYPE_FIRST: u8 = 2;
/// A fragment with others on both sides. Part of the file format.
pub const TYPE_MIDDLE: u8 = 3;
/// The last fragment of a payload. Part of the file format.
pub const TYPE_LAST: u8 = 4;

/// What a record's first seven bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The masked checksum stored.
    pub checksum: u32,
    /// Bytes of payload.
    pub size: usize,
    /// [`TYPE_FULL`] to [`TYPE_LAST`] in a healthy record.
    pub record_type: u8,
}

impl Header {
    /// The header that `bytes` begin with; `None` where they are too few.
    #[inline]
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, d, low, high, record_type] = bytes.first_chunk::<HEADER_SIZE>()?;
        let size = usize::from(u16::from_le_bytes([low, high]));
        Some(Self { checksum: u32::from_le_bytes([a, b, c, d]), size, record_type })
    }

    /// Whether the type is one that a writer uses.
    #[inline]
    #[must_use]
    pub const fn has_known_type(&self) -> bool {
        matches!(self.record_type, TYPE_FULL..=TYPE_LAST)
    }

    /// Whether it is a fragment with another before it.
    #[inline]
    #[must_use]
    pub const fn is_continuation(&self) -> bool {
        matches!(self.record_type, TYPE_MIDDLE | TYPE_LAST)
    }

    /// Whether it is the last or the only fragment of a payload.
    #[inline]
    #[must_use]
    pub const fn is_last_fragment(&self) -> bool {
        matches!(self.record_type, TYPE_FULL | TYPE_LAST)
    }

    /// Whether it is the first or the only fragment of a payload.
    #[inline]
    #[must_use]
    pub const fn is_first_fragment(&self) -> bool {
        matches!(self.record_type, TYPE_FULL | TYPE_FIRST)
    }
}

/// The masked checksum of a record, from its bytes after the size: the type and the payload.
#[inline]
#[must_use]
pub fn checksum(type_and_payload: &[u8]) -> u32 {
    crc::mask(crc::value(type_and_payload))
}

/// The bytes of the record at `position` that its checksum covers; `None` where it does not fit `block`.
#[inline]
#[must_use]
pub fn covered(block: &[u8], position: usize, size: usize) -> Option<&[u8]> {
    let start = position.checked_add(HEADER_SIZE)?;
    block.get(start - 1..start.checked_add(size)?)
}
