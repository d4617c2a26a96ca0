//! A table being written to a new file.

use super::builder::{BuildError, BuildOptions, TableBuilder, TableMeta};
use crate::comparator::Comparator;
use crate::path_error::at_path;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

const BUFFER_SIZE: usize = 256 << 10;

/// A table being written to a file that did not exist. Dropped unfinished, it leaves the file as far as it was written.
#[derive(Debug)]
pub struct TableFile {
    path: PathBuf,
    builder: TableBuilder<BufWriter<File>>,
}

impl TableFile {
    /// Create `path` and begin a table in it.
    ///
    /// # Errors
    /// What the operating system says, with the path; a file that exists is an error.
    pub fn create(path: &Path, comparator: Comparator, options: BuildOptions) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| at_path(error, path))?;
        let out = BufWriter::with_capacity(BUFFER_SIZE, file);
        Ok(Self { path: path.to_path_buf(), builder: TableBuilder::new(out, comparator, options) })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Append an entry.
    ///
    /// # Errors
    /// As [`TableBuilder::add`]; I/O errors have the path.
    pub fn add(&mut self, internal_key: &[u8], value: &[u8]) -> Result<(), BuildError> {
        self.builder.add(internal_key, value).map_err(|error| with_path(error, &self.path))
    }

    /// Bytes of finished blocks so far.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.builder.file_size()
    }

    /// How many entries were added.
    #[must_use]
    pub const fn entry_count(&self) -> u64 {
        self.builder.entry_count()
    }

    /// The last internal key added; empty before the first.
    #[must_use]
    pub fn last_key(&self) -> &[u8] {
        self.builder.last_key()
    }

    /// Write what is left and, with `sync`, see it safe on disk. The directory entry is the caller's to sync.
    ///
    /// # Errors
    /// As [`TableBuilder::finish`]; I/O errors have the path.
    pub fn finish(self, sync: bool) -> Result<TableMeta, BuildError> {
        let path = self.path.clone();
        let (file, meta) = self.finish_unsynced()?;
        if sync {
            file.sync_all().map_err(|error| at_path(error, &path))?;
        }
        Ok(meta)
    }

    /// Write what is left, and leave it to the caller to see the file safe on disk.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_unsynced(self) -> Result<(File, TableMeta), BuildError> {
        let Self { path, builder } = self;
        let (out, meta) = builder.finish().map_err(|error| with_path(error, &path))?;
        let file = out.into_inner().map_err(|error| at_path(error.into_error(), &path))?;
        Ok((file, meta))
    }
}

fn with_path(error: BuildError, path: &Path) -> BuildError {
    match error {
        BuildError::Io(error) => BuildError::Io(at_path(error, path)),
        other => other,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;
    use crate::path_error::PathError;

    #[test]
    fn a_file_that_exists_is_refused_by_name_and_left_alone() {
        let path = std::env::temp_dir().join(format!("relevel-table-file-{}", std::process::id()));
        std::fs::write(&path, b"precious").unwrap();

        let error = TableFile::create(&path, Comparator::Bytewise, BuildOptions::default()).unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(PathError::of(&error).unwrap().path, path);
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_finished_file_holds_the_table() {
        let path = std::env::temp_dir().join(format!("relevel-table-file-done-{}", std::process::id()));
        let mut table = TableFile::create(&path, Comparator::Bytewise, BuildOptions::default()).unwrap();
        table.add(b"k\x01\x07\0\0\0\0\0\0", b"v").unwrap();

        let meta = table.finish(true).unwrap();

        assert_eq!(std::fs::metadata(&path).unwrap().len(), meta.file_size);
        assert_eq!((meta.entry_count, meta.max_sequence), (1, 7));
        std::fs::remove_file(&path).unwrap();
    }
}
