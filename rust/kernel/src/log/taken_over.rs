//! A log or manifest that another process wrote, and this one goes on in.
//!
//! After a failed sync the system may count the pages that it lost as clean, and no later sync writes them. Writing makes them dirty again.

use super::READ_ERROR;
use super::blocks::{Blocks, Piece};
use crate::fault::Error;
use crate::read_at::{OsFile, ReadAt};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// So many bytes are read and written at once.
const PART_SIZE: usize = 1 << 20;

/// How many bytes another process wrote, whose sync it may have seen fail.
pub struct Doubtful(u64);

impl Doubtful {
    /// The first `size` bytes are in doubt.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self(size)
    }

    /// Before a sync: have the bytes written again, if that was not done before.
    ///
    /// # Errors
    /// What `write_again` gives; they are in doubt as before then.
    pub fn settle(&mut self, write_again: impl FnOnce(u64) -> io::Result<()>) -> io::Result<()> {
        if self.0 > 0 {
            write_again(self.0)?;
            self.0 = 0;
        }
        Ok(())
    }
}

/// Write the first `size` bytes once more, as they are, and see that they are sound records to the last: what was in the
/// system's memory only may have been let go of since it was read. The file's position is at its end then.
///
/// # Errors
/// What the operating system says; that they are no sound records any more, or could not be read again.
pub fn write_again(file: &mut File, size: u64) -> io::Result<()> {
    let written = write_parts(file, size).and_then(|()| {
        let source = OsFile::first_bytes(file.try_clone()?, Path::new(""), size);
        refuse_unsound(Arc::new(source), size)
    });
    file.seek(SeekFrom::End(0)).and(written)
}

fn write_parts(file: &mut File, size: u64) -> io::Result<()> {
    let mut bytes = vec![0; PART_SIZE];
    let mut at = 0;
    while at < size {
        let count = usize::try_from(size - at).map_or(bytes.len(), |left| left.min(bytes.len()));
        let part = bytes.get_mut(..count).unwrap_or_default();
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(part)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(part)?;
        at += count as u64;
    }
    Ok(())
}

fn refuse_unsound(source: Arc<dyn ReadAt>, size: u64) -> io::Result<()> {
    let mut blocks = Blocks::new(source);
    loop {
        let lost = match blocks.next() {
            Ok(Piece::Record { .. }) => continue,
            Ok(Piece::End(end)) if end == size => return Ok(()),
            Ok(Piece::End(end)) => end,
            Ok(Piece::Damage(fault)) if fault.code == READ_ERROR => {
                return Err(refusal(fault.offset, "it could not be read again"));
            }
            Ok(Piece::Damage(fault)) => fault.offset,
            Err(Error::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::new(io::ErrorKind::Interrupted, error)),
        };
        return Err(refusal(lost, "the disk does not have any more what was read when the database was opened"));
    }
}

fn refusal(lost: u64, why: &str) -> io::Error {
    let advice = "copy what you need out of this database before it is closed, then run `relevel check`";
    io::Error::new(io::ErrorKind::InvalidData, format!("from byte {lost} on {why}; {advice}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::log::samples::log_of;
    use std::fs::OpenOptions;
    use std::path::PathBuf;

    fn opened(name: &str, bytes: &[u8]) -> (PathBuf, File) {
        let place = std::env::temp_dir().join(format!("relevel-{name}-{}", std::process::id()));
        std::fs::write(&place, bytes).unwrap();
        let file = OpenOptions::new().read(true).write(true).open(&place).unwrap();
        (place, file)
    }

    fn log() -> Vec<u8> {
        log_of(&(1..41u8).map(|number| vec![number; 50_000]).collect::<Vec<_>>())
    }

    #[test]
    fn a_log_that_is_written_again_is_as_it_was_and_written_at_its_end() {
        let bytes = log();
        let (place, mut file) = opened("again", &bytes);

        write_again(&mut file, bytes.len() as u64).unwrap();
        file.write_all(b"end").unwrap();

        assert_eq!(std::fs::read(&place).unwrap(), [bytes.as_slice(), b"end"].concat());
        std::fs::remove_file(&place).unwrap();
    }

    #[test]
    fn what_the_disk_has_lost_since_it_was_read_is_refused() {
        let sound = log();
        let at = sound.len();
        for lost in [0..4096, 40_960..45_056, at - 3..at] {
            let mut bytes = sound.clone();
            bytes[lost.clone()].fill(0);
            let (place, mut file) = opened("lost", &bytes);

            let error = write_again(&mut file, at as u64).unwrap_err();
            file.write_all(b"end").unwrap();

            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{lost:?}");
            assert_eq!(std::fs::read(&place).unwrap(), [bytes.as_slice(), b"end"].concat());
            std::fs::remove_file(&place).unwrap();
        }
    }

    /// A log of which every read fails.
    struct Refusing(io::ErrorKind);

    impl ReadAt for Refusing {
        fn size(&self) -> u64 {
            100
        }

        fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
            Err(self.0.into())
        }
    }

    #[test]
    fn what_cannot_be_read_again_is_not_said_to_be_lost_nor_is_a_read_that_was_stopped() {
        let refused = refuse_unsound(Arc::new(Refusing(io::ErrorKind::Other)), 100).unwrap_err();
        let stopped = refuse_unsound(Arc::new(Refusing(io::ErrorKind::Interrupted)), 100).unwrap_err();

        assert!(refused.to_string().starts_with("from byte 0 on it could not be read again; copy"), "{refused}");
        assert_eq!(stopped.kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn a_file_that_has_become_shorter_is_refused() {
        let bytes = log();
        let (place, mut file) = opened("short", &bytes);

        assert!(write_again(&mut file, bytes.len() as u64 + 1).is_err());
        std::fs::remove_file(&place).unwrap();
    }
}
