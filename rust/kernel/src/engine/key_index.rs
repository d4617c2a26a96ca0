//! Many internal keys in order, laid out for searching.
//!
//! The keys of an index usually have a long prefix in common. What follows it, eight bytes of each key as one number, decides
//! nearly every comparison without touching the keys themselves.

use crate::comparator::Comparator;
use crate::internal_key;
use std::cmp::Ordering;

/// Internal keys in order.
#[derive(Debug, Default)]
pub struct KeyIndex {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The prefix that all user keys but the last have in common; ranks are of what follows. The last key of an index is
    /// usually as short as it can be, and has nothing in common with the others.
    prefix: Vec<u8>,
    /// Of all keys but the last. Never descend where the keys ascend; empty where the order is not the bytewise one.
    ranks: Vec<u64>,
}

impl KeyIndex {
    /// Add a key behind the others.
    pub fn push(&mut self, internal_key: &[u8]) {
        self.bytes.extend_from_slice(internal_key);
        self.ends.push(self.bytes.len());
    }

    /// Make ready to be searched in this order.
    pub fn finish(&mut self, comparator: &Comparator) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
        if !matches!(comparator, Comparator::Bytewise) {
            return;
        }
        let count = self.len().saturating_sub(1);
        let mut prefix = internal_key::user_key(self.key(0)).to_vec();
        for at in 1..count {
            let shared = prefix.iter().zip(internal_key::user_key(self.key(at))).take_while(|(a, b)| a == b).count();
            prefix.truncate(shared);
        }
        self.ranks = (0..count).map(|at| rank_behind(internal_key::user_key(self.key(at)), prefix.len())).collect();
        self.prefix = prefix;
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Key number `at`; empty past the last.
    #[inline]
    #[must_use]
    pub fn key(&self, at: usize) -> &[u8] {
        let Some(&end) = self.ends.get(at) else { return &[] };
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The number of the first key at or after `target`; the count of keys where there is none.
    #[must_use]
    pub fn first_at_or_after(&self, comparator: &Comparator, target: &[u8]) -> usize {
        let (mut low, mut high) = self.candidates(internal_key::user_key(target));
        while low < high {
            let middle = low + (high - low) / 2;
            if internal_key::compare(comparator, self.key(middle), target).is_lt() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whether key number `at` is of this user key.
    #[inline]
    #[must_use]
    pub fn is_of(&self, comparator: &Comparator, at: usize, user_key: &[u8]) -> bool {
        if self.ranks.get(at).is_some_and(|rank| *rank != rank_behind(user_key, self.prefix.len())) {
            return false;
        }
        comparator.compare(internal_key::user_key(self.key(at)), user_key).is_eq()
    }

    /// The keys that have to be compared: all before them are less than those of a user key, and what comes after is not.
    #[inline]
    fn candidates(&self, user_key: &[u8]) -> (usize, usize) {
        let last = self.ranks.len();
        if last == 0 {
            return (0, self.len());
        }
        let head = user_key.get(..self.prefix.len()).unwrap_or(user_key);
        match head.cmp(&self.prefix) {
            Ordering::Less => return (0, 0),
            Ordering::Greater => return (last, self.len()),
            Ordering::Equal => {}
        }
        let rank = rank_behind(user_key, self.prefix.len());
        let low = self.ranks.partition_point(|other| *other < rank);
        let rest = self.ranks.get(low..).unwrap_or_default();
        let same = if rest.first() == Some(&rank) { rest.partition_point(|other| *other == rank) } else { 0 };
        (low, if low + same == last { self.len() } else { low + same })
    }
}

/// The eight bytes of a user key behind its first `start` ones; zeroes where it ends.
#[inline]
fn rank_behind(user_key: &[u8], start: usize) -> u64 {
    let rest = user_key.get(start..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk() {
        return u64::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::internal_key::TYPE_VALUE;

    fn key(user_key: &[u8], sequence: u64) -> Vec<u8> {
        let mut key = Vec::new();
        internal_key::append(&mut key, user_key, sequence, TYPE_VALUE);
        key
    }

    #[test]
    fn a_search_finds_what_a_walk_finds_in_every_order() {
        let mut users: Vec<Vec<u8>> = vec![b"".to_vec(), b"a".to_vec(), b"a\0".to_vec(), vec![0xff; 30]];
        users.extend((0..300_u32).map(|n| format!("prefix-long-enough{:05}", n * 3).into_bytes()));
        users.extend((0..40).map(|n| vec![b'x'; n]));
        for comparator in [Comparator::Bytewise, Comparator::ReverseBytewise] {
            for users in [&users[..], users.get(4..304).unwrap_or_default(), users.get(4..5).unwrap_or_default(), &[]] {
                let mut keys: Vec<_> = users.iter().flat_map(|user| [key(user, 9), key(user, 5)]).collect();
                keys.push(key(b"r", 1));
                keys.sort_by(|a, b| internal_key::compare(&comparator, a, b));
                let mut index = KeyIndex::default();
                keys.iter().for_each(|key| index.push(key));
                index.finish(&comparator);

                let targets = users.iter().flat_map(|user| [user.clone(), [user, &b"0"[..]].concat()]);
                for target in targets.chain([b"prefix".to_vec(), b"zzz".to_vec(), b"".to_vec()]) {
                    for sequence in [4, 5, 7, 9, 10] {
                        let target = key(&target, sequence);
                        let is_less = |key: &Vec<u8>| internal_key::compare(&comparator, key, &target).is_lt();
                        let expected = keys.iter().filter(|key| is_less(key)).count();
                        assert_eq!(index.first_at_or_after(&comparator, &target), expected);
                        let is_of = keys.get(expected).map(|key| internal_key::user_key(key))
                            == Some(internal_key::user_key(&target));
                        assert_eq!(
                            expected < keys.len()
                                && index.is_of(&comparator, expected, internal_key::user_key(&target)),
                            is_of
                        );
                    }
                }
            }
        }
    }
}
