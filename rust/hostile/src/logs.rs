//! Any bytes can be read as a log; with good checksums in front of the records too, so that batches are reached.

use crate::shaped;
use relevel_kernel::log::append_record;
use relevel_kernel::log::format::{BLOCK_SIZE, HEADER_SIZE, Header, checksum};
use relevel_kernel::log::scan_log;
use relevel_kernel::{Comparator, ReadAt};
use std::sync::Arc;

/// Bytes that are near the end of a block.
const NEAR: u16 = 64;

/// Whether checksums are made right, how far into a block the bytes begin, and the bytes.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((is_stamped, lead, given)) = shaped::<(bool, u16, &[u8])>(bytes) else { return false };
    let log = of(is_stamped, lead, given);
    let size = log.size();
    let scan = scan_log(Arc::new(log), &Comparator::Bytewise).expect("memory can be read");

    assert_eq!(scan.file_size, size);
    assert!(scan.batch_count <= scan.record_count);
    assert!(scan.faults.iter().all(|fault| fault.offset + fault.size <= size));
    scan.batch_count > 0
}

/// A log of these bytes, which begin at the start of a block or, behind a record of their own, near the end of one.
pub fn of(is_stamped: bool, lead: u16, given: &[u8]) -> Vec<u8> {
    let mut log = Vec::new();
    if lead < NEAR {
        append_record(&mut log, &vec![0; BLOCK_SIZE - HEADER_SIZE - usize::from(lead)], 0);
    }
    log.extend_from_slice(given);
    if is_stamped {
        log.chunks_mut(BLOCK_SIZE).for_each(stamp);
    }
    log
}

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
