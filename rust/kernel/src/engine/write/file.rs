//! The log that is written to.

use crate::batch;
use crate::engine::error::{EngineError, Result};
use crate::log::format::BLOCK_SIZE_U64;
use crate::log::{Doubtful, append_parts, write_again};
use std::fs::{File, OpenOptions};
use std::io;
#[cfg(not(unix))]
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// Framed bytes are given to the file when there are this many.
const SPILL_SIZE: usize = 1 << 20;

/// A file that is written where its writer says. What fault injection stands in for.
pub trait LogFile: Send {
    /// Write all of `bytes` at `offset`.
    ///
    /// # Errors
    /// What the operating system says. Some of the bytes may have been written.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// See everything written safe on disk.
    ///
    /// # Errors
    /// What the operating system says.
    fn sync(&mut self) -> io::Result<()>;

    /// Write the first `size` bytes once more, as they are, so that the next sync makes them safe whoever wrote them.
    ///
    /// # Errors
    /// What the operating system says.
    fn write_again(&mut self, size: u64) -> io::Result<()>;

    /// Make the file `size` bytes long.
    ///
    /// # Errors
    /// What the operating system says.
    fn cut(&mut self, size: u64) -> io::Result<()>;
}

impl LogFile for File {
    /// No position is kept by the system, so that it need not guard one against other threads at each write.
    #[cfg(unix)]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn write_again(&mut self, size: u64) -> io::Result<()> {
        write_again(self, size)
    }

    fn cut(&mut self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }
}

/// A log and where its writer stands.
pub struct Log {
    file: Box<dyn LogFile>,
    path: Arc<Path>,
    size: u64,
    /// Whether a write that is in it was wanted safe on disk.
    pub promised: bool,
    /// Whether the directory may not know the file yet when the system goes down.
    is_name_doubtful: bool,
    doubtful: Doubtful,
}

/// A batch to be appended: first sequence number, count of operations, and the operations.
pub type Numbered<'a> = (u64, u32, &'a [u8]);

impl Log {
    /// Create a log, where nothing may be.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(|error| EngineError::io(path, error))?;
        Ok(Self { is_name_doubtful: true, ..Self::new(Box::new(file), path, 0) })
    }

    /// Open a log that another process wrote, to go on at its end or to make it safe.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn append_to(path: &Path) -> Result<Self> {
        let opened = OpenOptions::new().read(true).write(true).open(path).and_then(|file| {
            let size = file.metadata()?.len();
            Ok(Self::taken_over(Box::new(file), path, size))
        });
        opened.map_err(|error| EngineError::io(path, error))
    }

    /// A log in any file, whose writer stands at `size`.
    #[must_use]
    pub fn new(file: Box<dyn LogFile>, path: &Path, size: u64) -> Self {
        Self { file, path: Arc::from(path), size, promised: false, is_name_doubtful: false, doubtful: Doubtful::new(0) }
    }

    /// A log of which another process wrote all `size` bytes, and may have seen their sync fail; or it ended before it made the
    /// names in the directory safe, that of CURRENT too.
    #[must_use]
    pub fn taken_over(file: Box<dyn LogFile>, path: &Path, size: u64) -> Self {
        Self { doubtful: Doubtful::new(size), is_name_doubtful: true, ..Self::new(file, path, size) }
    }

    /// The file.
    #[must_use]
    pub const fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Bytes written.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Append batches, one record each; with one write, unless they are very large. `scratch` is room to frame them in.
    ///
    /// # Errors
    /// What the operating system says. Then call [`take_back`](Self::take_back): some of the bytes may have been written.
    pub fn append<'a>(
        &mut self,
        scratch: &mut Vec<u8>,
        batches: impl Iterator<Item = Numbered<'a>>,
    ) -> io::Result<u64> {
        scratch.clear();
        let file = &mut self.file;
        let mut size = self.size;
        for (sequence, count, operations) in batches {
            let mut header = [0; batch::HEADER_SIZE];
            header[..8].copy_from_slice(&sequence.to_le_bytes());
            header[8..].copy_from_slice(&count.to_le_bytes());
            let block_offset = size.saturating_add(scratch.len() as u64) % BLOCK_SIZE_U64;
            append_parts(scratch, &header, operations, usize::try_from(block_offset).unwrap_or(0), |framed| {
                if framed.len() >= SPILL_SIZE {
                    file.write_at(framed, size)?;
                    size += framed.len() as u64;
                    framed.clear();
                }
                io::Result::Ok(())
            })?;
        }
        file.write_at(scratch, size)?;
        Ok(size + scratch.len() as u64)
    }

    /// Count what was appended as written.
    pub const fn keep(&mut self, size: u64) {
        self.size = size;
    }

    /// Cut the file back to what was written before.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn take_back(&mut self) -> io::Result<()> {
        self.file.cut(self.size)
    }

    /// See everything written safe on disk, and that the file is found there.
    ///
    /// # Errors
    /// What the operating system says. What was written may or may not be on disk then, and trying again does not tell.
    pub fn sync(&mut self) -> io::Result<()> {
        self.doubtful.settle(|size| self.file.write_again(size))?;
        self.file.sync()?;
        if self.is_name_doubtful {
            sync_directory_of(&self.path)?;
            self.is_name_doubtful = false;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// Other systems write directories by themselves, and give no handle of one.
#[cfg(not(unix))]
fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}
