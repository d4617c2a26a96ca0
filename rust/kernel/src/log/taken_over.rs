//! A log or manifest that another process wrote, and this one goes on in.
//!
//! After a failed sync the system may count the pages that it lost as clean, and no later sync writes them. Writing makes them dirty again.

use super::blocks::{Blocks, Piece};
use crate::fault::Error;
use crate::read_at::OsFile;
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
/// What the operating system says; that they are no sound records any more.
pub fn write_again(file: &mut File, size: u64) -> io::Result<()> {
    let written = write_parts(file, size).and_then(|()| refuse_unsound(file.try_clone()?, size));
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

fn refuse_unsound(file: File, size: u64) -> io::Result<()> {
    let mut blocks = Blocks::new(Arc::new(OsFile::first_bytes(file, Path::new(""), size)));
    loop {
        let lost = match blocks.next() {
            Ok(Piece::Record { .. }) => continue,
            Ok(Piece::End(end)) if end == size => return Ok(()),
            Ok(Piece::End(end)) => end,
            Ok(Piece::Damage(fault)) => fault.offset,
            Err(Error::Io(error)) => return Err(error),
            Err(_) => 0,
        };
        let message = format!(
            "from byte {lost} on the disk does not have any more what was read when the database was opened; \
             copy what you need out of this database before it is closed, then run `relevel check`"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::log::tests::log_of;
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

    #[test]
    fn a_file_that_has_become_shorter_is_refused() {
        let bytes = log();
        let (place, mut file) = opened("short", &bytes);

        assert!(write_again(&mut file, bytes.len() as u64 + 1).is_err());
        std::fs::remove_file(&place).unwrap();
    }
}
