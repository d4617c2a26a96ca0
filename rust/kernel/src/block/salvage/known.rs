//! Bytes of which some are not known, and which unknown bytes are one and the same.

use crate::varint;
use std::collections::HashMap;
use std::ops::Range;

/// The origin of a byte that is known.
const KNOWN: usize = usize::MAX;

/// Bytes of which some are not known. Copies of an unknown byte have its origin: when one becomes known, all do.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// 0 where they are not known.
    bytes: Vec<u8>,
    origins: Vec<usize>,
}

impl Known {
    /// Bytes that are there but for `bad` ranges of them.
    pub(super) fn with_holes(bytes: &[u8], bad: &[Range<usize>]) -> Self {
        let mut known = Self { bytes: bytes.to_vec(), origins: vec![KNOWN; bytes.len()] };
        for range in bad {
            for at in range.start.min(bytes.len())..range.end.min(bytes.len()) {
                known.set(at, 0, at);
            }
        }
        known
    }

    /// Bytes of which nothing is known.
    pub(super) fn unknown(size: usize) -> Self {
        Self { bytes: vec![0; size], origins: (0..size).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All bytes, 0 where they are not known.
    pub(super) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of a range, if all of them are there and known.
    pub(super) fn get(&self, range: Range<usize>) -> Option<&[u8]> {
        self.origins.get(range.clone())?.iter().all(|origin| *origin == KNOWN).then(|| self.bytes.get(range))?
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.get(at..at.checked_add(1)?)?.first().copied()
    }

    /// A varint and where it ends, if all of its bytes are known.
    pub(super) fn varint32(&self, at: usize) -> Option<(usize, usize)> {
        let room = self.origins.get(at..)?.iter().take(5).take_while(|origin| **origin == KNOWN).count();
        let (value, end) = varint::read_u32(self.get(at..at + room)?, 0)?;
        Some((usize::try_from(value).ok()?, at + end))
    }

    /// The first place from `at` on that is known, or is not.
    pub(super) fn skip(&self, at: usize, known: bool) -> usize {
        let rest = self.origins.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|origin| (**origin == KNOWN) == known).count()
    }

    fn set(&mut self, at: usize, byte: u8, origin: usize) {
        if let (Some(target), Some(own)) = (self.bytes.get_mut(at), self.origins.get_mut(at)) {
            *target = byte;
            *own = origin;
        }
    }

    /// Copy one byte from `other`; an unknown one of a stream gets an origin of its own.
    pub(super) fn take(&mut self, to: usize, other: &Self, from: usize) {
        match other.byte(from) {
            Some(byte) => self.set(to, byte, KNOWN),
            None => self.set(to, 0, to),
        }
    }

    /// Copy one byte from another place, known or not.
    pub(super) fn repeat(&mut self, to: usize, from: usize) {
        if let (Some(&byte), Some(&origin)) = (self.bytes.get(from), self.origins.get(from)) {
            self.set(to, byte, origin);
        }
    }

    /// Learn that the byte at `at` is `byte`. False where it is known to be another.
    pub(super) fn learn(&self, at: usize, byte: u8, learned: &mut Learned) -> bool {
        match (self.bytes.get(at), self.origins.get(at)) {
            (Some(&is), Some(&KNOWN)) => is == byte,
            (Some(_), Some(&origin)) => *learned.0.entry(origin).or_insert(byte) == byte,
            _ => false,
        }
    }

    /// Put what was learned into all copies. Whether that was anything.
    pub(super) fn apply(&mut self, learned: &Learned) -> bool {
        if learned.0.is_empty() {
            return false;
        }
        for (byte, origin) in self.bytes.iter_mut().zip(&mut self.origins) {
            if let Some(&value) = learned.0.get(origin) {
                *byte = value;
                *origin = KNOWN;
            }
        }
        true
    }
}

/// What was learned of unknown bytes, by their origins.
#[derive(Debug, Default)]
pub(super) struct Learned(HashMap<usize, u8>);
