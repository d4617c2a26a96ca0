//! A sort that an inconsistent order cannot break.
//!
//! The standard library's sort may panic where the order is not total, and an order that a caller supplies need not be.

use std::cmp::Ordering;

/// Sort stably by merging runs, bottom up. Any `compare` ends with a permutation of `items`; a total one with them in order.
pub fn merge_sort<T: Copy>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let count = items.len();
    let mut merged = Vec::with_capacity(count);
    let mut run = 1;
    while run < count {
        merged.clear();
        for pair in items.chunks(run.saturating_mul(2)) {
            let (left, right) = pair.split_at_checked(run).unwrap_or((pair, &[]));
            merge(left, right, &mut merged, &mut compare);
        }
        std::mem::swap(items, &mut merged);
        run = run.saturating_mul(2);
    }
}

fn merge<T: Copy>(left: &[T], right: &[T], out: &mut Vec<T>, compare: &mut impl FnMut(&T, &T) -> Ordering) {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        out.extend(if compare(a, b).is_gt() { right.next() } else { left.next() });
    }
    out.extend(left);
    out.extend(right);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_keep_their_order() {
        for count in 0..70_u32 {
            let mut items: Vec<(u32, u32)> = (0..count).map(|index| (index * 7919 % 5, index)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            merge_sort(&mut items, |a, b| a.0.cmp(&b.0));

            assert_eq!(items, expected);
        }
    }

    #[test]
    fn an_order_that_contradicts_itself_loses_no_item() {
        let mut items: Vec<u32> = (0..1000).collect();
        let mut state = 1_u32;
        merge_sort(&mut items, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.cmp(&(1 << 31))
        });
        items.sort_unstable();

        assert!(items.into_iter().eq(0..1000));
    }
}
