//! Why a living database could not go on, and about which file.

use crate::fault::Fault;
use crate::path_error::at_path;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Why an operation of a living database stopped.
#[derive(Debug)]
pub enum EngineError {
    /// The bytes of a file are not what the format demands.
    Corruption(Arc<Path>, Box<Fault>),
    /// The operating system could not read or write; the error has the path.
    Io(io::Error),
    /// The database does not take the operation, and why.
    Refused(&'static str),
    /// No sequence number is left for a write.
    Exhausted,
    /// What was asked not to wait would have had to. Nothing was changed; ask again where waiting is allowed.
    WouldBlock,
    /// The caller stopped the work, for instance because its callback failed.
    Stopped,
}

impl EngineError {
    /// A fault in a file.
    #[must_use]
    pub fn fault(path: &Arc<Path>, fault: Fault) -> Self {
        Self::Corruption(path.clone(), Box::new(fault))
    }

    /// What the operating system said of a file.
    #[must_use]
    pub fn io(path: &Path, error: io::Error) -> Self {
        Self::Io(at_path(error, path))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corruption(path, fault) => {
                write!(f, "{}: {} at offset {} ({} bytes)", path.display(), fault.code, fault.offset, fault.size)
            }
            Self::Io(error) => write!(f, "{error}"),
            Self::Refused(why) => f.write_str(why),
            Self::Exhausted => f.write_str("the sequence numbers of this database are used up"),
            Self::WouldBlock => f.write_str("the operation would have to wait"),
            Self::Stopped => f.write_str("stopped by the caller"),
        }
    }
}

impl std::error::Error for EngineError {}

/// The result of an operation of a living database.
pub type Result<T> = std::result::Result<T, EngineError>;
