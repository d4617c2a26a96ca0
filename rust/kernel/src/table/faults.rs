//! The codes of what can be wrong with a table: `table.<part>.<flaw>`.

use super::Handle;
use crate::fault::Fault;
use crate::path_error::PathError;
use std::io;

/// What a block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Holds entries of the database.
    Data,
    /// Holds a separator and a handle for each data block.
    Index,
    /// Holds the name and the handle of the filter block.
    Metaindex,
    /// Holds bloom filters.
    Filter,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Data, Self::Index, Self::Metaindex, Self::Filter];

    /// The name in the Python face.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Index => "index",
            Self::Metaindex => "metaindex",
            Self::Filter => "filter",
        }
    }

    /// The part of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// What is wrong with a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The checksum does not fit the bytes.
    Checksum,
    /// The file ends inside the block.
    Truncated,
    /// The handle points outside the file.
    BadHandle,
    /// Nobody uses this type byte.
    UnknownType,
    /// The bytes are not of the codec that the type byte names.
    Decompression,
    /// An entry cannot be decoded (in a filter block: its layout).
    BadEntry,
    /// The restart array is impossible, or its points are no entries.
    BadRestarts,
    /// A key is too short for a sequence number, or its type is unknown.
    BadInternalKey,
    /// Keys do not ascend.
    KeyOrder,
    /// It has more bytes than are to be looked at ([`ReadAt::most`](crate::ReadAt::most)). Nothing is wrong with it.
    TooLarge,
}

macro_rules! codes_of {
    ($part:literal, $flaw:expr) => {
        match $flaw {
            Flaw::Checksum => concat!("table.", $part, ".checksum-mismatch"),
            Flaw::Truncated => concat!("table.", $part, ".truncated"),
            Flaw::BadHandle => concat!("table.", $part, ".bad-handle"),
            Flaw::UnknownType => concat!("table.", $part, ".unknown-type"),
            Flaw::Decompression => concat!("table.", $part, ".decompression-failed"),
            Flaw::BadEntry => concat!("table.", $part, ".bad-entry"),
            Flaw::BadRestarts => concat!("table.", $part, ".bad-restarts"),
            Flaw::BadInternalKey => concat!("table.", $part, ".bad-internal-key"),
            Flaw::KeyOrder => concat!("table.", $part, ".key-order"),
            Flaw::TooLarge => concat!("table.", $part, ".too-large"),
        }
    };
}

/// The code of a flaw of a part.
#[must_use]
pub const fn code(part: Part, flaw: Flaw) -> &'static str {
    match part {
        Part::Data => codes_of!("block", flaw),
        Part::Index => codes_of!("index", flaw),
        Part::Metaindex => codes_of!("metaindex", flaw),
        Part::Filter => codes_of!("filter", flaw),
    }
}

/// The file has no bytes at all.
pub const EMPTY: &str = "table.empty";
/// The file is too short for a footer.
pub const TOO_SHORT: &str = "table.too-short";
/// The last eight bytes are not a table's.
pub const FOOTER_BAD_MAGIC: &str = "table.footer.bad-magic";
/// A handle in the footer cannot be decoded or points outside the file.
pub const FOOTER_BAD_HANDLE: &str = "table.footer.bad-handle";
/// A footer holds more than its handles, zeroes and the magic number.
pub const FOOTER_EXCESS: &str = "table.footer.excess";
/// An index key is less than a key of its block, or not less than the first key of the next.
pub const INDEX_SEPARATOR: &str = "table.index.separator";
/// The filter denies keys that are there: LevelDB does not find them.
pub const FILTER_FALSE_NEGATIVE: &str = "table.filter.false-negative";
/// Bytes that no block covers.
pub const GAP: &str = "table.gap";
/// A block that begins before the end of the one before.
pub const OVERLAP: &str = "table.overlap";
/// Its first or last key is not the one that the version knows: another table's file is in its place.
pub const REPLACED: &str = "table.replaced";
/// The operating system could not read the bytes; `got` is its error number.
pub const READ_ERROR: &str = "table.read-error";

/// Every code a table's fault can carry.
pub const FAULT_CODES: &[&str] = &[
    EMPTY,
    TOO_SHORT,
    FOOTER_BAD_MAGIC,
    FOOTER_BAD_HANDLE,
    FOOTER_EXCESS,
    code(Part::Data, Flaw::Checksum),
    code(Part::Data, Flaw::Truncated),
    code(Part::Data, Flaw::BadHandle),
    code(Part::Data, Flaw::UnknownType),
    code(Part::Data, Flaw::Decompression),
    code(Part::Data, Flaw::BadEntry),
    code(Part::Data, Flaw::BadRestarts),
    code(Part::Data, Flaw::BadInternalKey),
    code(Part::Data, Flaw::KeyOrder),
    code(Part::Data, Flaw::TooLarge),
    code(Part::Index, Flaw::Checksum),
    code(Part::Index, Flaw::Truncated),
    code(Part::Index, Flaw::BadHandle),
    code(Part::Index, Flaw::UnknownType),
    code(Part::Index, Flaw::Decompression),
    code(Part::Index, Flaw::BadEntry),
    code(Part::Index, Flaw::BadRestarts),
    code(Part::Index, Flaw::BadInternalKey),
    code(Part::Index, Flaw::KeyOrder),
    code(Part::Index, Flaw::TooLarge),
    INDEX_SEPARATOR,
    code(Part::Metaindex, Flaw::Checksum),
    code(Part::Metaindex, Flaw::Truncated),
    code(Part::Metaindex, Flaw::BadHandle),
    code(Part::Metaindex, Flaw::UnknownType),
    code(Part::Metaindex, Flaw::Decompression),
    code(Part::Metaindex, Flaw::BadEntry),
    code(Part::Metaindex, Flaw::BadRestarts),
    code(Part::Metaindex, Flaw::KeyOrder),
    code(Part::Metaindex, Flaw::TooLarge),
    code(Part::Filter, Flaw::Checksum),
    code(Part::Filter, Flaw::Truncated),
    code(Part::Filter, Flaw::BadHandle),
    code(Part::Filter, Flaw::UnknownType),
    code(Part::Filter, Flaw::Decompression),
    code(Part::Filter, Flaw::BadEntry),
    code(Part::Filter, Flaw::TooLarge),
    FILTER_FALSE_NEGATIVE,
    GAP,
    OVERLAP,
    REPLACED,
    READ_ERROR,
];

/// A flaw of the block at `handle`, trailer included.
#[must_use]
pub const fn of_block(part: Part, flaw: Flaw, handle: Handle) -> Fault {
    Fault::new(code(part, flaw), handle.offset, handle.size.saturating_add(super::TRAILER_SIZE as u64))
}

/// What the operating system said of `size` bytes at `offset`.
#[must_use]
pub fn read_error(error: &io::Error, offset: u64, size: u64) -> Fault {
    let source = PathError::of(error).map_or(error, |found| &found.source);
    let mut fault = Fault::new(READ_ERROR, offset, size);
    fault.got = source.raw_os_error().and_then(|number| u64::try_from(number).ok());
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_listed_twice() {
        let mut codes = FAULT_CODES.to_vec();
        codes.sort_unstable();
        codes.dedup();

        assert_eq!(codes.len(), FAULT_CODES.len());
        assert!(codes.iter().all(|code| code.starts_with("table.")));
    }
}
