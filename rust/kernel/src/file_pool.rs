//! Many files read at once with few of them open.
//!
//! A merge of a whole database reads thousands of tables, and the system lets a process have hundreds of files open. A file
//! of the pool is closed when many others have been opened since, and opened again when it is read.

use crate::read_at::{OsFile, ReadAt};
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// How many files are open at once, unless told otherwise.
pub const DEFAULT_LIMIT: usize = 48;

/// Keeps the files opened last. Clones share them.
#[derive(Debug, Clone)]
pub struct FilePool {
    open: Arc<Mutex<OpenFiles>>,
    limit: usize,
}

/// Oldest first.
type OpenFiles = VecDeque<(Arc<Path>, Arc<OsFile>)>;

/// A file that is open only now and then.
struct PooledFile {
    pool: FilePool,
    path: Arc<Path>,
    size: u64,
    file: Mutex<Weak<OsFile>>,
}

impl Default for FilePool {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT)
    }
}

impl FilePool {
    /// A pool that has at most `limit` files open, and those that are being read.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { open: Arc::default(), limit }
    }

    /// Open `path` for reading. Several sources of one path share one file.
    ///
    /// # Errors
    /// What the operating system says, with the path.
    pub fn source(&self, path: &Arc<Path>) -> io::Result<Arc<dyn ReadAt>> {
        let file = self.open(path)?;
        let (pool, path, size) = (self.clone(), path.clone(), file.size());
        Ok(Arc::new(PooledFile { pool, path, size, file: Mutex::new(Arc::downgrade(&file)) }))
    }

    fn open(&self, path: &Arc<Path>) -> io::Result<Arc<OsFile>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = open.iter().find(|(of_file, _)| of_file == path) {
            return Ok(file.clone());
        }
        let file = Arc::new(OsFile::open(path)?);
        while open.len() >= self.limit.max(1) {
            open.pop_front();
        }
        open.push_back((path.clone(), file.clone()));
        Ok(file)
    }
}

impl PooledFile {
    fn file(&self) -> io::Result<Arc<OsFile>> {
        let mut known = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = known.upgrade() {
            return Ok(file);
        }
        let file = self.pool.open(&self.path)?;
        *known = Arc::downgrade(&file);
        Ok(file)
    }
}

impl ReadAt for PooledFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file()?.read_at(buffer, offset)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn many_files_are_read_with_few_open() {
        let directory = tempfile::tempdir().unwrap();
        let pool = FilePool::new(3);
        let mut sources = Vec::new();
        for i in 0..10_u8 {
            let path: Arc<Path> = directory.path().join(i.to_string()).into();
            std::fs::write(&path, [i; 100]).unwrap();
            sources.push(pool.source(&path).unwrap());
            sources.push(pool.source(&path).unwrap());
        }

        for offset in 0..100 {
            for (i, source) in (0_u8..).zip(&sources) {
                let mut byte = [99];
                assert_eq!(source.read_at(&mut byte, offset).unwrap(), 1);
                assert_eq!((byte, source.size()), ([i / 2], 100));
            }
            assert!(pool.open.lock().unwrap().len() <= 3);
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_that_names_it() {
        let error = FilePool::default().source(&Path::new("/nonexistent/file").into()).err().unwrap();

        assert!(error.to_string().contains("/nonexistent/file"));
    }
}
