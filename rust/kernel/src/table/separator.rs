//! Index keys: short internal keys that separate a data block from the next.
//!
//! A shortened user key gets the largest sequence number, so that it comes before every entry of that user key. Part of what
//! LevelDB writes, not of the format: any key that separates will do.

use crate::comparator::Comparator;
use crate::internal_key::{self, MAX_SEQUENCE, TYPE_VALUE};
use std::cmp::Ordering;

/// A key shorter than `last` that is not less than it and less than `next`; `None` where `last` itself has to serve.
#[must_use]
pub fn between(comparator: &Comparator, last: &[u8], next: &[u8]) -> Option<Vec<u8>> {
    if !matches!(comparator, Comparator::Bytewise) {
        return None;
    }
    let (last, next) = (internal_key::user_key(last), internal_key::user_key(next));
    let differs = last.iter().zip(next).position(|(a, b)| a != b)?;
    let (low, high) = (*last.get(differs)?, *next.get(differs)?);
    let raised = low.checked_add(1).filter(|raised| *raised < high)?;
    shortened(last, differs, raised)
}

/// A key shorter than `last` that is not less than it; `None` where `last` itself has to serve.
#[must_use]
pub fn after(comparator: &Comparator, last: &[u8]) -> Option<Vec<u8>> {
    if !matches!(comparator, Comparator::Bytewise) {
        return None;
    }
    let last = internal_key::user_key(last);
    let (at, raised) = last.iter().enumerate().find_map(|(at, byte)| Some((at, byte.checked_add(1)?)))?;
    shortened(last, at, raised)
}

/// The user key up to `at`, then `raised`; `None` where that is no shorter.
fn shortened(user_key: &[u8], at: usize, raised: u8) -> Option<Vec<u8>> {
    let mut short = user_key.get(..at)?.to_vec();
    short.push(raised);
    if short.len() >= user_key.len() || user_key.cmp(&short) != Ordering::Less {
        return None;
    }
    let mut key = Vec::with_capacity(short.len() + internal_key::TRAILER_SIZE);
    internal_key::append(&mut key, &short, MAX_SEQUENCE, TYPE_VALUE);
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user_key: &[u8], sequence: u64) -> Vec<u8> {
        let mut key = Vec::new();
        internal_key::append(&mut key, user_key, sequence, TYPE_VALUE);
        key
    }

    fn short(user_key: &[u8]) -> Option<Vec<u8>> {
        Some(key(user_key, MAX_SEQUENCE))
    }

    fn separated(last: &[u8], next: &[u8]) -> Option<Vec<u8>> {
        between(&Comparator::Bytewise, &key(last, 100), &key(next, 200))
    }

    #[test]
    fn a_separator_is_raised_at_the_first_difference() {
        assert_eq!(separated(b"foobar", b"hello"), short(b"g"));
        assert_eq!(separated(b"abcdef", b"abzz"), short(b"abd"));
    }

    #[test]
    fn a_separator_that_cannot_be_raised_is_the_key_itself() {
        assert_eq!(separated(b"foo", b"foo"), None);
        assert_eq!(separated(b"foo", b"foobar"), None);
        assert_eq!(separated(b"foobar", b"foo"), None);
        assert_eq!(separated(b"abc1", b"abd"), None);
        assert_eq!(separated(b"f", b"hello"), None, "no shorter");
        assert_eq!(separated(b"foo", b"bar"), None, "misordered");
        assert_eq!(separated(b"a\xffb", b"b"), None);
    }

    #[test]
    fn a_successor_is_raised_at_the_first_byte_that_can_be() {
        assert_eq!(after(&Comparator::Bytewise, &key(b"foo", 100)), short(b"g"));
        assert_eq!(after(&Comparator::Bytewise, &key(b"\xff\xffab", 100)), short(b"\xff\xffb"));
        assert_eq!(after(&Comparator::Bytewise, &key(b"\xff\xff", 100)), None);
        assert_eq!(after(&Comparator::Bytewise, &key(b"f", 100)), None);
    }

    #[test]
    fn other_orders_keep_keys_whole() {
        assert_eq!(between(&Comparator::ReverseBytewise, &key(b"zzz", 1), &key(b"abc", 1)), None);
        assert_eq!(after(&Comparator::Idb, &key(b"abc", 1)), None);
    }
}
