//! A set of sequence numbers: which of them are there, and which are missing between them.
//!
//! Numbers are given out without gaps, but where a full disk refuses a write. So in a set of all that is on disk nearly all stretches of 65,536 numbers are full, and
//! a full one takes no room. Past a bound the lowest stretches are forgotten, and their numbers count as missing.

use std::collections::BTreeMap;

/// Numbers in one stretch.
const STRETCH: u64 = 1 << 16;
const WORDS: usize = 1 << 10;
/// Bytes of one stretch that is not full, more or less.
const STRETCH_SIZE: usize = WORDS * 8 + 64;

/// Sequence numbers.
#[derive(Debug, Default)]
pub struct Sequences {
    stretches: BTreeMap<u64, Stretch>,
    partial_count: usize,
    most_partial: usize,
    /// Numbers below this one are forgotten.
    forgotten: u64,
    oldest: Option<u64>,
    newest: Option<u64>,
    added: u64,
    /// Where the last number went.
    last: Option<(u64, Stretch)>,
}

#[derive(Debug)]
struct Stretch {
    count: u64,
    /// `None` where all are there.
    words: Option<Box<[u64; WORDS]>>,
}

impl Stretch {
    fn empty() -> Self {
        Self { count: 0, words: Some(Box::new([0; WORDS])) }
    }

    fn add(&mut self, within: u64) {
        let Some(words) = &mut self.words else { return };
        let Some(word) = usize::try_from(within / 64).ok().and_then(|index| words.get_mut(index)) else { return };
        let bit = 1 << (within % 64);
        if *word & bit == 0 {
            *word |= bit;
            self.count += 1;
        }
        if self.count == STRETCH {
            self.words = None;
        }
    }

    fn has(&self, within: u64) -> bool {
        self.words.as_ref().is_none_or(|words| {
            let word = usize::try_from(within / 64).ok().and_then(|index| words.get(index));
            word.is_some_and(|word| word & 1 << (within % 64) != 0)
        })
    }
}

impl Sequences {
    /// An empty set that takes about `memory_limit` bytes at most.
    #[must_use]
    pub fn new(memory_limit: usize) -> Self {
        Self { most_partial: (memory_limit / STRETCH_SIZE).max(2), ..Self::default() }
    }

    /// The lowest number added.
    #[must_use]
    pub const fn oldest(&self) -> Option<u64> {
        self.oldest
    }

    /// The highest number added.
    #[must_use]
    pub const fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// How often a number was added.
    #[must_use]
    pub const fn added(&self) -> u64 {
        self.added
    }

    /// How many numbers are there.
    #[must_use]
    pub fn count(&self) -> u64 {
        let last = self.last.as_ref().map_or(0, |(_, stretch)| stretch.count);
        last + self.stretches.values().map(|stretch| stretch.count).sum::<u64>()
    }

    /// Whether numbers were forgotten.
    #[must_use]
    pub const fn has_forgotten(&self) -> bool {
        self.forgotten > 0
    }

    /// Add a number.
    #[inline]
    pub fn add(&mut self, sequence: u64) {
        self.added += 1;
        self.oldest = Some(self.oldest.map_or(sequence, |oldest| oldest.min(sequence)));
        self.newest = self.newest.max(Some(sequence));
        if sequence < self.forgotten {
            return;
        }
        let number = sequence / STRETCH;
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            self.turn_to(number);
        }
        if let Some((_, stretch)) = &mut self.last {
            stretch.add(sequence % STRETCH);
        }
    }

    fn turn_to(&mut self, number: u64) {
        self.settle();
        let stretch = self.stretches.remove(&number).unwrap_or_else(Stretch::empty);
        self.partial_count -= usize::from(stretch.words.is_some() && stretch.count > 0);
        self.last = Some((number, stretch));
    }

    /// Put the last stretch back among the others.
    fn settle(&mut self) {
        let Some((number, stretch)) = self.last.take() else { return };
        self.partial_count += usize::from(stretch.words.is_some());
        self.stretches.insert(number, stretch);
        while self.partial_count > self.most_partial {
            let Some((lowest, forgotten)) = self.stretches.pop_first() else { return };
            self.partial_count -= usize::from(forgotten.words.is_some());
            self.forgotten = (lowest + 1) * STRETCH;
        }
    }

    /// All numbers have come.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.settle();
        self
    }

    /// The lowest number from `first` to `last` that is not there.
    #[must_use]
    pub fn first_missing(&self, first: u64, last: u64) -> Option<u64> {
        let mut next = first;
        while next <= last {
            match self.stretches.get(&(next / STRETCH)) {
                None => return Some(next),
                Some(stretch) if stretch.words.is_none() => next = (next / STRETCH + 1) * STRETCH,
                Some(stretch) if stretch.has(next % STRETCH) => next += 1,
                Some(_) => return Some(next),
            }
        }
        None
    }

    /// The highest number from `first` to `last` that is not there.
    #[must_use]
    pub fn last_missing(&self, first: u64, last: u64) -> Option<u64> {
        let mut end = last.checked_add(1)?;
        while end > first {
            let number = end - 1;
            match self.stretches.get(&(number / STRETCH)) {
                None => return Some(number),
                Some(stretch) if stretch.words.is_none() => end = number / STRETCH * STRETCH,
                Some(stretch) if stretch.has(number % STRETCH) => end = number,
                Some(_) => return Some(number),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: impl Iterator<Item = u64>, memory_limit: usize) -> Sequences {
        let mut sequences = Sequences::new(memory_limit);
        numbers.for_each(|number| sequences.add(number));
        sequences.finish()
    }

    #[test]
    fn what_is_missing_is_found_from_either_end() {
        let sequences = set((1..300_000).filter(|number| ![70_000, 140_000].contains(number)), 1 << 20);

        assert_eq!((sequences.count(), sequences.added()), (299_997, 299_997));
        assert_eq!((sequences.oldest(), sequences.newest()), (Some(1), Some(299_999)));
        assert_eq!(sequences.first_missing(1, 299_999), Some(70_000));
        assert_eq!(sequences.last_missing(1, 299_999), Some(140_000));
        assert_eq!(sequences.last_missing(70_001, 139_999), None);
        assert_eq!(sequences.last_missing(1, 300_000), Some(300_000));
        assert_eq!(sequences.first_missing(0, 10), Some(0));
    }

    #[test]
    fn the_order_in_which_they_come_does_not_matter() {
        let scattered = (0..400_000_u64).map(|number| number * 7919 % 400_000);

        assert_eq!(set(scattered, 1 << 20).first_missing(0, 399_999), None);
    }

    #[test]
    fn past_the_bound_the_lowest_count_as_missing() {
        let sequences = set((0..100 * STRETCH).step_by(2), 1);

        assert_eq!(sequences.first_missing(0, 10), Some(0));
        assert_eq!(sequences.oldest(), Some(0));
        assert_eq!(sequences.last_missing(0, 100 * STRETCH - 2), Some(100 * STRETCH - 3));
        assert!(sequences.count() <= 3 * STRETCH);
    }
}
