//! I/O errors that know their file.
//!
//! An [`io::Error`] says what went wrong and not where. Whoever opens a file wraps its errors with [`at_path`] once, and
//! whoever reports them finds the path again with [`PathError::of`], however many layers lie between.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What the operating system said, and about which file.
#[derive(Debug)]
pub struct PathError {
    /// The file concerned, as the caller named it.
    pub path: PathBuf,
    /// The error as it came, with its number where it has one.
    pub source: io::Error,
}

impl PathError {
    /// The path and the original error inside `error`, where [`at_path`] put them there.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for PathError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Add `path` to an error, for `map_err(|error| at_path(error, path))`. The kind stays; an error that has a path keeps it.
#[must_use]
pub fn at_path(error: io::Error, path: &Path) -> io::Error {
    if PathError::of(&error).is_some() {
        return error;
    }
    io::Error::new(error.kind(), PathError { path: path.to_path_buf(), source: error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_number_its_kind_and_its_first_path() {
        let inner = at_path(io::Error::from_raw_os_error(2), Path::new("db/000005.ldb"));
        let outer = at_path(inner, Path::new("db"));

        assert_eq!(outer.kind(), io::ErrorKind::NotFound);
        let found = PathError::of(&outer).map(|error| (error.path.as_path(), error.source.raw_os_error()));
        assert_eq!(found, Some((Path::new("db/000005.ldb"), Some(2))));
    }
}
