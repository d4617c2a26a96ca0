//! The file of a table, read with or without waiting for the disk.

use super::error::EngineError;
use crate::fault::Fault;
use crate::path_error::at_path;
use crate::read_at::{OsFile, ReadAt};
use crate::table::faults;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Whether a read may wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// It may.
    Allowed,
    /// It fails with [`io::ErrorKind::WouldBlock`] instead, where it is not certain that the bytes are in memory.
    Never,
}

/// The bytes of one table. The file is as long as its version says; what lies behind is not looked at.
#[derive(Debug)]
pub struct TableSource {
    file: Arc<OsFile>,
    path: Arc<Path>,
    size: u64,
}

impl TableSource {
    /// Open the file at `path`, of which the first `size` bytes are the table.
    ///
    /// # Errors
    /// What the operating system says, and `table.too-short` where the file is shorter.
    pub fn open(path: &Arc<Path>, size: u64) -> Result<Self, EngineError> {
        let file = OsFile::open(path).map_err(|error| EngineError::io(path, error))?;
        Self::of(Arc::new(file), path, size)
    }

    /// The first `size` bytes of a file that is open already. `path` is what errors name.
    ///
    /// # Errors
    /// `table.too-short` where the file is shorter.
    pub fn of(file: Arc<OsFile>, path: &Arc<Path>, size: u64) -> Result<Self, EngineError> {
        if file.size() < size {
            let fault = Fault::new(faults::TOO_SHORT, 0, file.size()).with_values(size, file.size());
            return Err(EngineError::fault(path, fault));
        }
        Ok(Self { file, path: path.clone(), size })
    }

    /// Where the file is.
    #[must_use]
    pub const fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Fill `buffer` from `offset` as far as the table goes; returns how many bytes were read.
    ///
    /// # Errors
    /// What the operating system says, with the path, or that it would have to wait.
    pub fn read(&self, buffer: &mut [u8], offset: u64, waiting: Waiting) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let size = buffer.len().min(left);
        let room = buffer.get_mut(..size).unwrap_or_default();
        match waiting {
            Waiting::Allowed => self.file.read_at(room, offset),
            Waiting::Never => self.read_at_once(room, offset),
        }
    }

    #[cfg(target_os = "linux")]
    fn read_at_once(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};
        let wanted = buffer.len();
        let outcome = preadv2(self.file.file(), &mut [io::IoSliceMut::new(buffer)], offset, ReadWriteFlags::NOWAIT);
        match outcome {
            Ok(count) if count == wanted => Ok(count),
            // Part of it is in memory, or the file system does not know how to tell.
            Ok(_) | Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INTR | Errno::INVAL) => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            Err(error) => Err(at_path(error.into(), &self.path)),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn read_at_once(&self, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// A table's bytes for readers that know of no waiting.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The table.
    pub source: &'a TableSource,
    /// Whether reads may wait.
    pub waiting: Waiting,
}

impl ReadAt for Reading<'_> {
    fn size(&self) -> u64 {
        self.source.size
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.source.read(buffer, offset, self.waiting)
    }
}

impl ReadAt for TableSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read(buffer, offset, Waiting::Allowed)
    }
}
