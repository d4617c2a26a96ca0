//! A source whose unreadable stretches read as zeroes, and are noted.

use super::reader::is_stop;
use crate::read_at::ReadAt;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Where a read fails, it is done again page by page: the sectors of disks are no larger.
const PAGE: usize = 4096;
/// No more stretches than this are noted apart; the last one then reaches over the rest.
const MOST_NOTED: usize = 4096;

/// Reads all of a source, come what may, unless the caller wants the work to stop.
pub struct Tolerant<'a> {
    source: &'a dyn ReadAt,
    noted: Mutex<Vec<(u64, u64, io::Error)>>,
}

impl<'a> Tolerant<'a> {
    /// Read `source`.
    #[must_use]
    pub const fn new(source: &'a dyn ReadAt) -> Self {
        Self { source, noted: Mutex::new(Vec::new()) }
    }

    /// What could not be read: offset, size and why, in order of offsets, without repetition.
    #[must_use]
    pub fn finish(self) -> Vec<(u64, u64, io::Error)> {
        let mut noted = self.noted.into_inner().unwrap_or_else(PoisonError::into_inner);
        noted.sort_by_key(|(offset, ..)| *offset);
        let mut joined: Vec<(u64, u64, io::Error)> = Vec::new();
        for (offset, size, error) in noted {
            match joined.last_mut() {
                Some((start, length, _)) if offset <= *start + *length => {
                    *length = (offset + size - *start).max(*length)
                }
                _ => joined.push((offset, size, error)),
            }
        }
        joined
    }

    fn note(&self, offset: u64, size: u64, error: io::Error) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let known = noted.iter_mut().rev().find(|(start, length, _)| *start <= offset && offset <= *start + *length);
        if let Some((start, length, _)) = known {
            *length = (offset + size - *start).max(*length);
        } else if noted.len() < MOST_NOTED {
            noted.push((offset, size, error));
        } else if let Some((start, length, _)) = noted.last_mut() {
            let end = (*start + *length).max(offset + size);
            *start = offset.min(*start);
            *length = end - *start;
        }
    }
}

impl ReadAt for Tolerant<'_> {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn most(&self) -> u64 {
        self.source.most()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.source.read_at(buffer, offset) {
            Err(error) if !is_stop(&error) => {}
            outcome => return outcome,
        }
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(done as u64);
            let to_page_end = PAGE - usize::try_from(at % PAGE as u64).unwrap_or(0);
            let left = usize::try_from(self.size().saturating_sub(at)).unwrap_or(usize::MAX);
            let size = rest.len().min(to_page_end).min(left);
            let Some(page) = rest.get_mut(..size).filter(|page| !page.is_empty()) else { break };
            if let Err(error) = self.source.read_at(page, at) {
                page.fill(0);
                self.note(at, size as u64, error);
            }
            done += size;
        }
        Ok(done)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;

    /// Ones, of which the second page cannot be read.
    struct Broken;

    impl ReadAt for Broken {
        fn size(&self) -> u64 {
            20_000
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            if offset < 8192 && offset + buffer.len() as u64 > 4096 {
                return Err(io::Error::other("bad sector"));
            }
            buffer.fill(1);
            Ok(buffer.len().min(usize::try_from(20_000 - offset).unwrap()))
        }
    }

    #[test]
    fn what_cannot_be_read_is_zeroes_and_noted_once() {
        let source = Tolerant::new(&Broken);
        let mut bytes = vec![9; 20_000];

        assert_eq!(source.read_at(&mut bytes, 100).unwrap(), 19_900);
        assert_eq!(source.read_at(&mut bytes, 0).unwrap(), 20_000);

        let expected = [vec![1; 4096], vec![0; 4096], vec![1; 20_000 - 8192]].concat();
        assert!(bytes == expected);
        let noted: Vec<_> = source.finish().iter().map(|(offset, size, _)| (*offset, *size)).collect();
        assert_eq!(noted, [(4096, 4096)]);
    }
}
