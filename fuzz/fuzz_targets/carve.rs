//! An image of any bytes can be gone through: what is found lies in it and ascends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relevel_kernel::carve::{Carver, Find, SECTOR};
use std::sync::Arc;

fuzz_target!(|input: (u8, Vec<u8>, Vec<u8>)| {
    let (sectors, head, tail) = input;
    let mut image = head;
    image.resize(image.len().next_multiple_of(SECTOR) + usize::from(sectors) * SECTOR, 0);
    image.extend(tail);
    let size = image.len() as u64;
    let mut carver = Carver::new(Arc::new(image));
    let mut before = 0;
    while let Some(finds) = carver.next_chunk().expect("bytes in memory can be read") {
        for find in finds {
            let (start, end) = match find {
                Find::Footer { offset, .. } => (offset, offset + 48),
                Find::Blocks(run) => (run.start, run.end),
                Find::Log(chain) => (chain.start, chain.end),
            };
            assert!(start < end && end <= size, "{find:?} is not in {size} bytes");
        }
        assert!(carver.offset() > before || carver.offset() == size, "it stands still at {before}");
        before = carver.offset();
    }
    assert_eq!(carver.offset(), size);
});
