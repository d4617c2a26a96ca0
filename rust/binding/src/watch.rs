//! A source that lets long work be stopped: every long loop of the kernel reads, so reading is where it is asked.

use crate::callbacks::Callbacks;
use crate::prefetch::is_worker;
use relevel_kernel::ReadAt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes are read between two looks at signals, which take the interpreter lock.
const BYTES_BETWEEN_SIGNALS: u64 = 1 << 20;
/// What a read counts for at least, in bytes.
const LEAST_READ: u64 = 4096;

/// What a read says that was told to stop.
pub fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, relevel_kernel::Error::Stopped)
}

/// Reads from `source`, but fails (as interrupted) once a callback has raised or a signal handler (Ctrl-C) has.
pub struct Watched {
    source: Arc<dyn ReadAt>,
    callbacks: Callbacks,
    bytes: AtomicU64,
}

impl Watched {
    /// Watch over reads from `source`. The call that reads must give its result to [`Callbacks::finish`].
    pub fn new(source: Arc<dyn ReadAt>, callbacks: Callbacks) -> Self {
        Self { source, callbacks, bytes: AtomicU64::new(0) }
    }
}

impl ReadAt for Watched {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn most(&self) -> u64 {
        self.source.most()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let size = LEAST_READ.max(buffer.len() as u64);
        let before = self.bytes.fetch_add(size, Ordering::Relaxed);
        let is_due = before / BYTES_BETWEEN_SIGNALS != before.wrapping_add(size) / BYTES_BETWEEN_SIGNALS;
        let looked = if is_due && !is_worker() { self.callbacks.check_signals() } else { self.callbacks.check() };
        looked.map_err(|_| stopped())?;
        self.source.read_at(buffer, offset)
    }
}
