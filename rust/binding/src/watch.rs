//! A source that lets long work be stopped: every long loop of the kernel reads, so reading is where it is asked.

use crate::callbacks::Callbacks;
use crate::prefetch::is_worker;
use relevel_kernel::ReadAt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many reads between two looks at signals, which take the interpreter lock.
const READS_BETWEEN_SIGNALS: u32 = 256;

/// Reads from `source`, but fails (as interrupted) once a callback has raised or a signal handler (Ctrl-C) has.
pub struct Watched {
    source: Arc<dyn ReadAt>,
    callbacks: Callbacks,
    reads: AtomicU32,
}

impl Watched {
    /// Watch over reads from `source`. The call that reads must give its result to [`Callbacks::finish`].
    pub fn new(source: Arc<dyn ReadAt>, callbacks: Callbacks) -> Self {
        Self { source, callbacks, reads: AtomicU32::new(0) }
    }
}

impl ReadAt for Watched {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let reads = self.reads.fetch_add(1, Ordering::Relaxed);
        let looked = if reads % READS_BETWEEN_SIGNALS == READS_BETWEEN_SIGNALS - 1 && !is_worker() {
            self.callbacks.check_signals()
        } else {
            self.callbacks.check()
        };
        looked.map_err(|stopped| io::Error::new(io::ErrorKind::Interrupted, stopped))?;
        self.source.read_at(buffer, offset)
    }
}
