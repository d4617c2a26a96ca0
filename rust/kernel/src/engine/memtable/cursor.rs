//! A position in a memtable, which it keeps alive.
//!
//! Entries are fetched some at a time, so that the search for the place to go on from is paid once for many. What is inserted
//! meanwhile may be missed: it is newer than every sequence number that was complete when the cursor was made.

use super::entry::{Slot, Target};
use super::{Direction, Memtable, Start};
use crate::engine::cursor::BidirectionalCursor;
use crate::engine::error::Result;
use crate::internal_key;
use std::sync::Arc;

/// Entries fetched by a seek; each fetch in the same direction doubles it.
const FIRST_FETCH: usize = 2;
/// The most entries fetched at once.
const LARGEST_FETCH: usize = 64;

/// A position in a memtable. Moves never fail, unless a supplied order does.
pub struct MemtableCursor {
    memtable: Arc<Memtable>,
    /// In the order of `direction`.
    fetched: Vec<Slot>,
    direction: Direction,
    fetch_count: usize,
    /// Of `fetched`; its length where the cursor stands on no entry.
    index: usize,
    /// The internal key stood on.
    key: Vec<u8>,
}

impl MemtableCursor {
    /// Stand on no entry of `memtable`.
    pub(super) const fn new(memtable: Arc<Memtable>) -> Self {
        Self {
            memtable,
            fetched: Vec::new(),
            direction: Direction::Forward,
            fetch_count: FIRST_FETCH,
            index: 0,
            key: Vec::new(),
        }
    }

    fn slot(&self) -> Option<&Slot> {
        self.fetched.get(self.index)
    }

    /// Stand on the first entry met from a place on.
    fn jump(&mut self, from: Start<'_>, direction: Direction) {
        self.fetched.clear();
        self.direction = direction;
        self.index = 0;
        self.fetch_count = FIRST_FETCH;
        self.memtable.read(from, direction, FIRST_FETCH, &mut self.fetched);
        self.note();
    }

    fn step(&mut self, direction: Direction) {
        if self.slot().is_none() {
            return;
        }
        match (direction == self.direction, self.index.checked_sub(1)) {
            (true, _) if self.index + 1 < self.fetched.len() => self.index += 1,
            (false, Some(index)) => self.index = index,
            _ => return self.fetch(direction),
        }
        self.note();
    }

    /// Fetch what comes after the entry stood on, and stand on the first of it.
    fn fetch(&mut self, direction: Direction) {
        let Some((user_key, trailer)) = internal_key::split(&self.key) else { return };
        self.fetch_count =
            if direction == self.direction { (self.fetch_count * 2).min(LARGEST_FETCH) } else { FIRST_FETCH };
        self.direction = direction;
        self.index = 0;
        self.fetched.clear();
        let target = Target::new(&self.memtable.comparator, user_key, trailer);
        self.memtable.read(Start::Behind(target), direction, self.fetch_count, &mut self.fetched);
        self.note();
    }

    fn note(&mut self) {
        self.key.clear();
        if let Some(slot) = self.fetched.get(self.index) {
            self.key.extend_from_slice(slot.user_key());
            self.key.extend_from_slice(&slot.trailer.to_le_bytes());
        }
    }
}

impl BidirectionalCursor for MemtableCursor {
    #[inline]
    fn valid(&self) -> bool {
        self.index < self.fetched.len()
    }

    #[inline]
    fn key(&self) -> &[u8] {
        &self.key
    }

    #[inline]
    fn value(&self) -> &[u8] {
        self.slot().map_or(&[], Slot::value)
    }

    fn seek_to_first(&mut self) -> Result<()> {
        self.jump(Start::End, Direction::Forward);
        Ok(())
    }

    fn seek_to_last(&mut self) -> Result<()> {
        self.jump(Start::End, Direction::Backward);
        Ok(())
    }

    fn seek(&mut self, target: &[u8]) -> Result<()> {
        let memtable = Arc::clone(&self.memtable);
        let from = internal_key::split(target)
            .map_or(Start::End, |(user_key, trailer)| Start::At(Target::new(&memtable.comparator, user_key, trailer)));
        self.jump(from, Direction::Forward);
        Ok(())
    }

    fn seek_before(&mut self, target: &[u8]) -> Result<()> {
        let memtable = Arc::clone(&self.memtable);
        if let Some((user_key, trailer)) = internal_key::split(target) {
            let target = Target::new(&memtable.comparator, user_key, trailer);
            self.jump(Start::Behind(target), Direction::Backward);
        } else {
            self.fetched.clear();
            self.note();
        }
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        self.step(Direction::Forward);
        Ok(())
    }

    fn prev(&mut self) -> Result<()> {
        self.step(Direction::Backward);
        Ok(())
    }
}
