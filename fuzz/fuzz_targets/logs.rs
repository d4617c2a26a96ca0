//! Any bytes can be read as a log; with good checksums in front of the records too, so that batches are reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relevel_kernel::log::format::{BLOCK_SIZE, HEADER_SIZE, Header, checksum};
use relevel_kernel::log::scan_log;
use relevel_kernel::{Comparator, ReadAt};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let mut stamped = bytes.to_vec();
    for block in stamped.chunks_mut(BLOCK_SIZE) {
        stamp(block);
    }
    for log in [bytes.to_vec(), stamped] {
        let size = log.size();
        let scan = scan_log(Arc::new(log), &Comparator::Bytewise).expect("memory can be read");

        assert_eq!(scan.file_size, size);
        assert!(scan.batch_count <= scan.record_count);
        assert!(scan.faults.iter().all(|fault| fault.offset + fault.size <= size));
    }
});

/// Put the right checksum in front of each record of a block, as far as their sizes lead.
fn stamp(block: &mut [u8]) {
    let mut at = 0;
    while let Some(header) = block.get(at..).and_then(Header::parse) {
        let end = at + HEADER_SIZE + header.size;
        let Some(covered) = block.get(at + HEADER_SIZE - 1..end) else { return };
        let stored = checksum(covered).to_le_bytes();
        block[at..at + stored.len()].copy_from_slice(&stored);
        at = end;
    }
}
