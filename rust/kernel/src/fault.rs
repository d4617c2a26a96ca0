//! What was found wrong with bytes, as a value.

use std::fmt;

/// One thing found wrong with the bytes of one file. Carries no judgement; the codes are those of the catalogue in
/// `relevel/findings.py`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable code, `noun.part.fault`, for instance `table.block.checksum-mismatch`.
    pub code: &'static str,
    /// Where the bytes concerned begin, in bytes from the start of the file.
    pub offset: u64,
    /// How many bytes are concerned (a block with its trailer; a record with its header).
    pub size: u64,
    /// What the file says, or what the format demands. For a checksum: the masked value stored.
    pub expected: Option<u64>,
    /// What was found instead. For a checksum: the masked value computed.
    pub got: Option<u64>,
    /// User keys at risk are greater than or equal to this one (`None`: unbounded or not known).
    pub lower: Option<Vec<u8>>,
    /// User keys at risk are less than or equal to this one (`None`: unbounded or not known).
    pub upper: Option<Vec<u8>>,
}

impl Fault {
    /// A fault at `offset` over `size` bytes, with nothing more known.
    #[must_use]
    pub const fn new(code: &'static str, offset: u64, size: u64) -> Self {
        Self { code, offset, size, expected: None, got: None, lower: None, upper: None }
    }

    /// The same fault with what was demanded and what was found.
    #[must_use]
    pub const fn with_values(mut self, expected: u64, got: u64) -> Self {
        self.expected = Some(expected);
        self.got = Some(got);
        self
    }
}

/// Why a strict operation stopped: the bytes were wrong, or they could not be read.
#[derive(Debug)]
pub enum Error {
    /// The bytes are not what the format demands.
    Corruption(Fault),
    /// The operating system could not read or write.
    Io(std::io::Error),
    /// The caller stopped the work, for instance because its callback failed.
    Stopped,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corruption(fault) => write!(f, "{} at offset {} ({} bytes)", fault.code, fault.offset, fault.size),
            Self::Io(error) => write!(f, "{error}"),
            Self::Stopped => f.write_str("stopped by the caller"),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Corruption(fault)
    }
}

/// The result of a strict operation.
pub type Result<T> = std::result::Result<T, Error>;
