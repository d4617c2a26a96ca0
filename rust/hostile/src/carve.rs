//! An image of any bytes can be gone through: what is found lies in it and ascends.

use crate::shaped;
use relevel_kernel::carve::{Carver, Find, SECTOR};
use std::sync::Arc;

/// How many sectors of zeroes, how many of the bytes lie before them; and the bytes.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((sectors, split, given)) = shaped::<(u8, u16, &[u8])>(bytes) else { return false };
    let (head, tail) = given.split_at(usize::from(split).min(given.len()));
    let mut image = head.to_vec();
    image.resize(image.len().next_multiple_of(SECTOR) + usize::from(sectors % 80) * SECTOR, 0);
    image.extend(tail);
    let size = image.len() as u64;
    let mut carver = Carver::new(Arc::new(image));
    let (mut before, mut found) = (0, 0);
    while let Some(finds) = carver.next_chunk().expect("bytes in memory can be read") {
        for find in finds {
            found += 1;
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
    found > 0
}
