//! Where bytes are read from. Reads only; a file's access time is left alone where the system allows it.

use crate::path_error::at_path;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that can be read at any offset. Implementations never write.
pub trait ReadAt: Send + Sync {
    /// The size in bytes when the source was opened.
    fn size(&self) -> u64;

    /// Fill `buffer` from `offset` as far as the bytes go; returns how many were read. Short only at the end.
    ///
    /// # Errors
    /// What the operating system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Blocks and records of more bytes, stored or decompressed, are not to be looked at: they are told, and never in memory.
    fn most(&self) -> u64 {
        u64::MAX
    }
}

/// A source of which no block or record of more than so many bytes is to be looked at.
pub struct Limited {
    source: Arc<dyn ReadAt>,
    most: u64,
}

impl Limited {
    /// Limit `source`.
    #[must_use]
    pub const fn new(source: Arc<dyn ReadAt>, most: u64) -> Self {
        Self { source, most }
    }
}

impl ReadAt for Limited {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.source.read_at(buffer, offset)
    }

    fn most(&self) -> u64 {
        self.most
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        Ok(read_slice(self, buffer, offset))
    }
}

/// Fill `buffer` from `offset` of bytes in memory as far as they go; returns how many were copied.
pub fn read_slice(bytes: &[u8], buffer: &mut [u8], offset: u64) -> usize {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let rest = bytes.get(start..).unwrap_or_default();
    let count = rest.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
        to.copy_from_slice(from);
    }
    count
}

/// A file of the operating system, opened for reading only. What is written to its end later is not read.
#[derive(Debug)]
pub struct OsFile {
    file: File,
    path: PathBuf,
    size: u64,
}

impl OsFile {
    /// Open `path` for reading, without touching its access time where the system allows that.
    ///
    /// # Errors
    /// What the operating system says, with the path; a directory is an error.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (file, size) = open_sized(path).map_err(|error| at_path(error, path))?;
        Ok(Self { file, path: path.to_path_buf(), size })
    }

    /// The first `size` bytes of a file that is open.
    #[must_use]
    pub fn first_bytes(file: File, path: &Path, size: u64) -> Self {
        Self { file, path: path.to_path_buf(), size }
    }

    /// The open file.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }
}

fn open_sized(path: &Path) -> io::Result<(File, u64)> {
    let file = open_quietly(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
    }
    let size = if is_device(&metadata) { (&file).seek(SeekFrom::End(0))? } else { metadata.len() };
    Ok((file, size))
}

/// Whether it is a disk or a part of one, which the system gives the size 0.
#[cfg(unix)]
fn is_device(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_block_device(&metadata.file_type())
}

#[cfg(not(unix))]
const fn is_device(_metadata: &std::fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for OsFile {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.file.as_raw_fd()
    }
}

#[cfg(target_os = "linux")]
fn open_quietly(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    /// Linux's O_NOATIME: allowed to the owner of a file only, hence the second try. O_NONBLOCK: a FIFO does not hang.
    const QUIET: i32 = 0o1_000_000 | 0o4_000;
    let quiet = std::fs::OpenOptions::new().read(true).custom_flags(QUIET).open(path);
    quiet.or_else(|_| std::fs::OpenOptions::new().read(true).custom_flags(0o4_000).open(path))
}

#[cfg(not(target_os = "linux"))]
fn open_quietly(path: &Path) -> io::Result<File> {
    File::open(path)
}

impl ReadAt for OsFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..most).filter(|rest| !rest.is_empty()) {
            match read_some(&self.file, rest, offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(at_path(error, &self.path)),
            }
        }
        Ok(done)
    }
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_is_short_and_not_an_error() {
        let bytes = b"abcdef".to_vec();
        let mut buffer = [0; 4];

        assert_eq!(bytes.read_at(&mut buffer, 4).ok(), Some(2));
        assert_eq!(bytes.read_at(&mut buffer, 99).ok(), Some(0));
    }

    #[test]
    fn a_file_is_read_to_the_end_it_had_when_it_was_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("000003.log");
        std::fs::write(&path, b"abcdef").unwrap();
        let file = OsFile::open(&path).unwrap();
        std::fs::write(&path, b"ABCDEFGH").unwrap();
        let mut buffer = [0; 8];

        assert_eq!(file.read_at(&mut buffer, 2).ok(), Some(4));
        assert_eq!((&buffer, file.size()), (b"CDEF\0\0\0\0", 6));
    }
}
