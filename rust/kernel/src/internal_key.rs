//! The internal key: `user_key ‖ LE64(sequence_number << 8 | value_type)`. Part of the file format.
//!
//! Order: user key ascending by the comparator, then the 64-bit trailer *descending* (newest first).

use crate::comparator::Comparator;
use std::cmp::Ordering;

/// Bytes of the trailer. Part of the file format.
pub const TRAILER_SIZE: usize = 8;
/// The largest sequence number. Part of the file format.
pub const MAX_SEQUENCE: u64 = (1 << 56) - 1;
/// The value type of a deletion. Part of the file format.
pub const TYPE_DELETION: u8 = 0;
/// The value type of a put. Part of the file format.
pub const TYPE_VALUE: u8 = 1;

/// Split an internal key in user key and trailer (`sequence << 8 | type`); `None` where it is shorter than a trailer.
#[must_use]
pub fn split(internal_key: &[u8]) -> Option<(&[u8], u64)> {
    let (user_key, trailer) = internal_key.split_last_chunk::<TRAILER_SIZE>()?;
    Some((user_key, u64::from_le_bytes(*trailer)))
}

/// The user key of an internal key; the whole of it where it is too short to have a trailer.
#[must_use]
pub fn user_key(internal_key: &[u8]) -> &[u8] {
    split(internal_key).map_or(internal_key, |(user_key, _)| user_key)
}

/// Append the internal key of `(user_key, sequence, value_type)` to `out`.
pub fn append(out: &mut Vec<u8>, user_key: &[u8], sequence: u64, value_type: u8) {
    out.extend_from_slice(user_key);
    out.extend_from_slice(&(sequence << 8 | u64::from(value_type)).to_le_bytes());
}

/// Compare two internal keys. Keys shorter than a trailer come first, in bytewise order.
#[must_use]
pub fn compare(comparator: &Comparator, a: &[u8], b: &[u8]) -> Ordering {
    match (split(a), split(b)) {
        (Some((key_a, trailer_a)), Some((key_b, trailer_b))) => {
            comparator.compare(key_a, key_b).then_with(|| trailer_b.cmp(&trailer_a))
        }
        (None, None) => a.cmp(b),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}
