//! Any log can be replayed into memory; what is in memory is then found both ways, and the newest version of each key by `get`.

use crate::{logs, shaped};
use relevel_kernel::Comparator;
use relevel_kernel::engine::{BidirectionalCursor, LogReplay, Memtable, Place};
use relevel_kernel::internal_key::{self, MAX_SEQUENCE, TYPE_VALUE};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

type Input<'a> = (bool, bool, u8, u16, u8, &'a [u8]);

/// Whether checksums are made right and it stops at faults, the order, how far into a block the bytes begin, the number that is due
/// if any, where half of that is the newest before; and the bytes.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((is_stamped, stops, order, lead, due, given)) = shaped::<Input>(bytes) else { return false };
    let comparator = match order % 4 {
        0 => Comparator::Custom(Arc::new(|a: &[u8], b: &[u8]| b.len().cmp(&a.len()).then(a.cmp(b)))),
        1 => Comparator::ReverseBytewise,
        2 => Comparator::Idb,
        _ => Comparator::Bytewise,
    };
    let log = Arc::new(logs::of(is_stamped, lead, given));
    let memtable = Arc::new(Memtable::new(comparator.clone()));
    let place = Place { newest: u64::from(due / 2), due: (due != 0).then(|| u64::from(due)) };
    let mut replay = LogReplay::new(Path::new("000003.log"), log, place, stops);
    let is_more = replay.fill(&memtable, usize::MAX, || false).expect("memory can be read");
    assert!(!is_more);
    assert!(replay.end_offset() <= replay.file_size());
    let forward = walked(&memtable, true);
    let mut backward = walked(&memtable, false);
    backward.reverse();
    assert_eq!(forward, backward);
    for pair in forward.windows(2) {
        assert_ne!(internal_key::compare(&comparator, &pair[0], &pair[1]), Ordering::Greater, "out of order");
    }
    let mut newest: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    for (user_key, trailer) in forward.iter().filter_map(|key| internal_key::split(key)) {
        assert!(trailer >> 8 <= replay.max_sequence());
        let last = newest.entry(user_key.to_vec()).or_default();
        *last = trailer.max(*last);
    }
    for (user_key, trailer) in newest.into_iter().take(64) {
        let found = memtable.get(&user_key, MAX_SEQUENCE).expect("it is there");
        if order % 4 != 2 {
            assert_eq!((found.sequence(), found.value_type()), (trailer >> 8, trailer as u8));
        }
        assert!(found.value_type() == TYPE_VALUE || found.value().is_empty());
    }
    !forward.is_empty()
}

/// Every internal key, one way.
fn walked(memtable: &Arc<Memtable>, forward: bool) -> Vec<Vec<u8>> {
    let mut cursor = memtable.cursor();
    let mut keys = Vec::new();
    if forward { cursor.seek_to_first() } else { cursor.seek_to_last() }.expect("memory can be read");
    while cursor.valid() {
        keys.push(cursor.key().to_vec());
        if forward { cursor.next() } else { cursor.prev() }.expect("memory can be read");
    }
    keys
}
