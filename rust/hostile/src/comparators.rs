//! Any three keys have one order, whatever their bytes, and the rank of a key does not contradict it.

use crate::shaped;
use relevel_kernel::Comparator;
use relevel_kernel::merge::rank;

/// Three keys.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((a, b, c)) = shaped::<(&[u8], &[u8], &[u8])>(bytes) else { return false };
    for order in [Comparator::Idb, Comparator::Bytewise, Comparator::ReverseBytewise] {
        let (a_b, b_c, a_c) = (order.compare(a, b), order.compare(b, c), order.compare(a, c));
        assert_eq!(a_b, order.compare(b, a).reverse());
        assert!(order.compare(a, a).is_eq());
        if a_b.is_le() && b_c.is_le() {
            assert_eq!(a_c, a_b.min(b_c));
        }
        let by_rank = rank(&order, a).cmp(&rank(&order, b));
        assert!(by_rank.is_eq() || by_rank == a_b, "the rank says {by_rank:?}, the order {a_b:?}");
    }
    a != b && b != c && a != c
}
