//! A stretch of a file in memory, ahead of a reader that goes on and on, in either direction.
//!
//! Like the window of the forward-only readers (`table::window`), but it looks back as well as ahead, and its source may
//! refuse to wait: what is read ahead is then left out.

use crate::read_at::ReadAt;
use std::io;

/// The first stretch read ahead; the next ones are twice as long each.
const FIRST_AHEAD: usize = 16 << 10;
/// The longest.
const MOST_AHEAD: usize = 256 << 10;

/// A stretch of a file in memory.
#[derive(Debug, Default)]
pub struct Ahead {
    buffer: Vec<u8>,
    start: u64,
    filled: usize,
    last_start: u64,
    last_end: u64,
    ahead: usize,
}

impl Ahead {
    /// Forget the bytes: another file is read from now on.
    pub fn clear(&mut self) {
        (self.filled, self.ahead, self.last_start, self.last_end) = (0, 0, u64::MAX, u64::MAX);
    }

    /// The bytes from `offset` on, `size` of them or as many as the file has. The caller bounds `size`.
    ///
    /// # Errors
    /// What the operating system says of just these bytes.
    pub fn bytes(&mut self, source: &dyn ReadAt, offset: u64, size: usize) -> io::Result<&[u8]> {
        let end = offset.saturating_add(size as u64);
        let inside = offset >= self.start && end <= self.start.saturating_add(self.filled as u64);
        if !inside {
            self.fill(source, offset, size)?;
        }
        (self.last_start, self.last_end) = (offset, end);
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX).min(self.filled);
        let to = from.saturating_add(size).min(self.filled);
        Ok(self.buffer.get(from..to).unwrap_or_default())
    }

    fn fill(&mut self, source: &dyn ReadAt, offset: u64, size: usize) -> io::Result<()> {
        let end = offset.saturating_add(size as u64);
        let (goes_on, goes_back) = (offset == self.last_end, end == self.last_start);
        self.ahead = if goes_on || goes_back { self.ahead.saturating_mul(2).clamp(FIRST_AHEAD, MOST_AHEAD) } else { 0 };
        let wanted = size.max(self.ahead);
        let start = if goes_back { end.saturating_sub(wanted as u64) } else { offset };
        let left = usize::try_from(source.size().saturating_sub(start)).unwrap_or(usize::MAX);
        let most = if goes_back { usize::try_from(end - start).unwrap_or(size) } else { wanted };
        if most > size && self.read(source, start, most.min(left)).is_ok() {
            return Ok(());
        }
        let left = usize::try_from(source.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        self.read(source, offset, size.min(left))
    }

    fn read(&mut self, source: &dyn ReadAt, start: u64, size: usize) -> io::Result<()> {
        self.filled = 0;
        if self.buffer.len() < size {
            let more = size - self.buffer.len();
            self.buffer.try_reserve_exact(more).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            self.buffer.resize(size, 0);
        }
        let room = self.buffer.get_mut(..size).unwrap_or_default();
        self.filled = if size == 0 { 0 } else { source.read_at(room, start)?.min(size) };
        self.start = start;
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Bytes that note every read; those of more than `most` bytes at once are refused.
    struct Counting(Vec<u8>, usize, Mutex<usize>);

    impl ReadAt for Counting {
        fn size(&self) -> u64 {
            self.0.len() as u64
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            *self.2.lock().unwrap() += 1;
            if buffer.len() > self.1 { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read_at(buffer, offset) }
        }
    }

    fn source(most: usize) -> Counting {
        Counting((0..1 << 20).map(|n: u32| (n % 251) as u8).collect(), most, Mutex::default())
    }

    #[test]
    fn both_directions_read_every_byte_in_few_reads() {
        for backwards in [false, true] {
            let source = source(usize::MAX);
            let mut ahead = Ahead::default();
            ahead.clear();
            for step in 0..256_usize {
                let block = if backwards { 255 - step } else { step };
                let offset = block * 4096;
                let bytes = ahead.bytes(&source, offset as u64, 4096).unwrap();
                assert_eq!(Some(bytes), source.0.get(offset..offset + 4096));
            }
            assert!(*source.2.lock().unwrap() < 12);
        }
    }

    #[test]
    fn what_is_refused_ahead_is_left_out() {
        let source = source(4096);
        let mut ahead = Ahead::default();
        for offset in [0, 4096, 8192, 4096, 0, 1 << 19] {
            let bytes = ahead.bytes(&source, offset as u64, 4096).unwrap();
            assert_eq!(Some(bytes), source.0.get(offset..offset + 4096));
        }
        assert_eq!(ahead.bytes(&source, (1 << 20) - 100, 4096).unwrap().len(), 100);
        assert!(ahead.bytes(&source, 0, 5000).is_err());
    }
}
