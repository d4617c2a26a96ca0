//! Numbers that decide most comparisons of user keys.

use crate::comparator::Comparator;

/// A number that never descends where user keys ascend, so that a smaller one means a smaller key. Equal ones say nothing.
#[inline]
#[must_use]
pub fn rank(comparator: &Comparator, user_key: &[u8]) -> u128 {
    match comparator {
        Comparator::Bytewise => leading_bytes(user_key),
        Comparator::ReverseBytewise => !leading_bytes(user_key),
        Comparator::Idb | Comparator::Custom(_) => 0,
    }
}

/// The first sixteen bytes, the first the most significant; zeroes where the key is shorter.
#[inline]
fn leading_bytes(user_key: &[u8]) -> u128 {
    if let Some(first) = user_key.first_chunk() {
        return u128::from_be_bytes(*first);
    }
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(user_key) {
        *to = *from;
    }
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_never_descend_where_keys_ascend() {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for size in 0..19 {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                keys.push(vec![byte; size]);
                keys.push([vec![0x61; size], vec![byte; 2]].concat());
            }
        }
        for comparator in [Comparator::Bytewise, Comparator::ReverseBytewise, Comparator::Idb] {
            keys.sort_by(|a, b| comparator.compare(a, b));
            let ranks: Vec<_> = keys.iter().map(|key| rank(&comparator, key)).collect();

            assert!(ranks.is_sorted(), "{comparator:?}");
        }
    }
}
