//! Any three keys have one order, whatever their bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relevel_kernel::Comparator;

fuzz_target!(|keys: (&[u8], &[u8], &[u8])| {
    let (a, b, c) = keys;
    let order = Comparator::Idb;
    let (a_b, b_c, a_c) = (order.compare(a, b), order.compare(b, c), order.compare(a, c));

    assert_eq!(a_b, order.compare(b, a).reverse());
    assert!(order.compare(a, a).is_eq());
    if a_b.is_le() && b_c.is_le() {
        assert_eq!(a_c, a_b.min(b_c));
    }
});
