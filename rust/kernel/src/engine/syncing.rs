//! Files that are made safe on disk while the next ones are being written.

use crate::path_error::at_path;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Files that wait: with more, whoever writes waits for the disk.
const MOST_WAITING: usize = 4;

type Written = (PathBuf, File);

/// A thread that syncs files one after another. Dropped unfinished, it comes to its end by itself.
#[derive(Debug, Default)]
pub struct Syncing {
    thread: Option<(SyncSender<Written>, JoinHandle<io::Result<()>>)>,
}

impl Syncing {
    /// Have a file synced that is written to its end.
    ///
    /// # Errors
    /// What the operating system said of one of the files so far, with its path.
    pub fn add(&mut self, path: PathBuf, file: File) -> io::Result<()> {
        let (queue, _) = match &mut self.thread {
            Some(thread) => thread,
            none => none.insert(start()?),
        };
        match queue.send((path, file)) {
            Ok(()) => Ok(()),
            Err(_) => self.finish(),
        }
    }

    /// Wait until all files are safe.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn finish(&mut self) -> io::Result<()> {
        let Some((queue, thread)) = self.thread.take() else { return Ok(()) };
        drop(queue);
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that syncs files has failed")))
    }
}

fn start() -> io::Result<(SyncSender<Written>, JoinHandle<io::Result<()>>)> {
    let (queue, written) = sync_channel(MOST_WAITING);
    let thread = std::thread::Builder::new().name("syncer".to_owned()).spawn(move || sync_all(&written))?;
    Ok((queue, thread))
}

fn sync_all(written: &Receiver<Written>) -> io::Result<()> {
    for (path, file) in written {
        file.sync_all().map_err(|error| at_path(error, &path))?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn many_files_are_synced() {
        let directory = tempfile::tempdir().unwrap();
        let mut syncing = Syncing::default();
        for number in 0..20 {
            let path = directory.path().join(number.to_string());
            let file = File::create(&path).unwrap();
            syncing.add(path, file).unwrap();
        }

        syncing.finish().unwrap();
        syncing.finish().unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_cannot_be_synced_is_an_error_with_its_path() {
        let mut syncing = Syncing::default();
        syncing.add("refused".into(), File::open("/dev/null").unwrap()).unwrap();

        let error = syncing.finish().unwrap_err();

        assert_eq!(crate::PathError::of(&error).unwrap().path, PathBuf::from("refused"));
    }
}
