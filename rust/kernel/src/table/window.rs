//! A stretch of a file in memory, moved along as blocks are asked for.
//!
//! Reads are as large as what is asked for, until one follows the last: then ahead of it, twice as far each time up to a
//! limit. So a look-up reads one block and a scan reads the file in large pieces.

use crate::read_at::ReadAt;
use std::io;
use std::ops::Range;

/// The first stretch read ahead.
const FIRST_AHEAD: usize = 16 << 10;

/// The most that is kept of a stretch that was larger than what is read ahead.
const MOST_KEPT: usize = 4 << 20;

/// A stretch of a file in memory.
#[derive(Debug)]
pub struct Window {
    buffer: Vec<u8>,
    start: u64,
    filled: usize,
    last_end: u64,
    ahead: usize,
    most_ahead: usize,
    eager: bool,
}

impl Window {
    /// A window that reads ahead at most that many bytes.
    #[must_use]
    pub const fn new(most_ahead: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, filled: 0, last_end: 0, ahead: 0, most_ahead, eager: false }
    }

    /// A window that reads that far ahead always, for a reader that is known to go on.
    #[must_use]
    pub fn eager(ahead: usize) -> Self {
        Self { eager: true, ..Self::new(ahead) }
    }

    /// The bytes from `offset` on, `size` of them or as many as the file has. The caller bounds `size`.
    ///
    /// # Errors
    /// What the operating system says of just these bytes; errors of bytes ahead of them wait until these are asked for.
    pub fn bytes(&mut self, source: &dyn ReadAt, offset: u64, size: usize) -> io::Result<&[u8]> {
        let range = match self.find(offset, size) {
            Some(range) => range,
            None => self.fill(source, offset, size)?,
        };
        self.last_end = offset.saturating_add(size as u64);
        Ok(self.buffer.get(range).unwrap_or_default())
    }

    /// Forget the stretch, and give its memory back, where it is a large one: what was in it has been used.
    pub fn give_back(&mut self) {
        if self.buffer.len() > self.most_ahead.max(MOST_KEPT) {
            (self.buffer, self.filled) = (Vec::new(), 0);
        }
    }

    #[inline]
    fn find(&self, offset: u64, size: usize) -> Option<Range<usize>> {
        let start = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let end = start.checked_add(size)?;
        (end <= self.filled).then_some(start..end)
    }

    fn fill(&mut self, source: &dyn ReadAt, offset: u64, size: usize) -> io::Result<Range<usize>> {
        self.ahead = if self.eager {
            self.most_ahead
        } else if offset == self.last_end {
            self.ahead.saturating_mul(2).max(FIRST_AHEAD).min(self.most_ahead)
        } else {
            0
        };
        let left = usize::try_from(source.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let size = size.min(left);
        let wanted = size.max(self.ahead).min(left);
        if self.read(source, offset, wanted).is_err() {
            self.ahead = 0;
            self.read(source, offset, size)?;
        }
        Ok(0..size.min(self.filled))
    }

    fn read(&mut self, source: &dyn ReadAt, offset: u64, size: usize) -> io::Result<()> {
        self.filled = 0;
        if self.buffer.len() < size {
            let more = size.saturating_sub(self.buffer.len());
            self.buffer.try_reserve_exact(more).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            self.buffer.resize(size, 0);
        }
        let room = self.buffer.get_mut(..size).unwrap_or_default();
        self.filled = if size == 0 { 0 } else { source.read_at(room, offset)?.min(size) };
        self.start = offset;
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Bytes 0, 1, 2... that note every read, and cannot be read from `broken` on.
    struct Counting {
        size: u64,
        broken: u64,
        reads: Mutex<Vec<(u64, usize)>>,
    }

    impl ReadAt for Counting {
        fn size(&self) -> u64 {
            self.size
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            self.reads.lock().unwrap().push((offset, buffer.len()));
            if offset + buffer.len() as u64 > self.broken {
                return Err(io::Error::other("bad sector"));
            }
            let count = buffer.len().min(usize::try_from(self.size - offset).unwrap());
            for (byte, at) in buffer.iter_mut().zip(offset..) {
                *byte = u8::try_from(at % 251).unwrap();
            }
            Ok(count)
        }
    }

    fn counting(size: u64, broken: u64) -> Counting {
        Counting { size, broken, reads: Mutex::new(Vec::new()) }
    }

    fn expected(offset: u64, size: u64) -> Vec<u8> {
        (offset..offset + size).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[test]
    fn reads_one_after_another_become_few_and_large() {
        let source = counting(1 << 20, u64::MAX);
        let mut window = Window::new(256 << 10);

        for offset in (0..1 << 20).step_by(4096) {
            assert_eq!(window.bytes(&source, offset, 4096).unwrap(), expected(offset, 4096));
        }

        let reads = source.reads.lock().unwrap();
        assert!(reads.len() < 12, "{reads:?}");
    }

    #[test]
    fn a_read_elsewhere_takes_only_what_was_asked_for() {
        let source = counting(1 << 20, u64::MAX);
        let mut window = Window::new(256 << 10);

        for offset in [500_000, 3, 900_000, 20_000] {
            assert_eq!(window.bytes(&source, offset, 100).unwrap(), expected(offset, 100));
        }

        assert!(source.reads.lock().unwrap().iter().all(|&(_, size)| size == 100));
    }

    #[test]
    fn bytes_past_the_end_are_left_out() {
        let source = counting(1000, u64::MAX);
        let mut window = Window::new(256 << 10);

        assert_eq!(window.bytes(&source, 990, 100).unwrap(), expected(990, 10));
        assert_eq!(window.bytes(&source, 2000, 100).unwrap(), b"");
        assert_eq!(window.bytes(&source, 0, 1000).unwrap(), expected(0, 1000));
    }

    #[test]
    fn an_error_ahead_does_not_cost_the_bytes_asked_for() {
        let source = counting(100_000, 6000);
        let mut window = Window::new(256 << 10);

        for offset in [0, 2000, 4000] {
            assert_eq!(window.bytes(&source, offset, 2000).unwrap(), expected(offset, 2000));
        }
        assert!(window.bytes(&source, 6000, 2000).is_err());
        assert_eq!(window.bytes(&source, 10, 100).unwrap(), expected(10, 100));
    }
}
