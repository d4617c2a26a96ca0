//! Any bytes can be scanned, walked and read as a table; and so can tables whose checksums are right and whose blocks are not.

use crate::forged;
use relevel_kernel::table::{Handle, ScanOptions, TableCursor, scan_table, walk};
use relevel_kernel::{Comparator, EntryCursor, Events, Fault};
use std::sync::Arc;

/// A forged table: whatever can be had of it, by its index and by its blocks as walked.
pub fn hold(bytes: &[u8]) -> bool {
    let Some(file) = forged::table(bytes) else { return false };
    let size = file.len() as u64;
    let source = Arc::new(file);
    let walked = walk(&*source, 0, None).expect("memory can be read");
    assert!(walked.faults.iter().all(|fault| fault.offset + fault.size <= size));
    let blocks: Vec<Handle> = walked.blocks.iter().map(|found| found.handle).collect();
    let mut is_reached = false;
    for blocks in [None, Some(blocks)] {
        let options = ScanOptions { blocks: blocks.clone(), ..ScanOptions::default() };
        let scan = scan_table(source.clone(), &Comparator::Bytewise, options).expect("memory can be read");
        assert!(scan.intact_block_count <= scan.block_count);
        assert!(!scan.faults.is_empty() || scan.block_count == scan.intact_block_count);

        is_reached |= scan.intact_block_count > 0;
        let opened = source.clone();
        let handles = blocks.map(Arc::from);
        let opener = Box::new(move || Ok(opened.clone() as _));
        let mut cursor = TableCursor::new(0, opener, Comparator::Bytewise, handles);
        walk_through(&mut cursor);
    }
    is_reached
}

fn walk_through(cursor: &mut TableCursor) {
    let mut faults: Vec<(u32, Fault)> = Vec::new();
    let events: &mut dyn Events = &mut faults;
    cursor.seek_to_first(events).expect("memory can be read");
    let mut middle = None;
    for count in 0.. {
        if !cursor.valid() {
            break;
        }
        if count == 3 {
            middle = Some(cursor.key().to_vec());
        }
        cursor.next(events).expect("memory can be read");
    }
    if let Some(target) = middle {
        cursor.seek(&target, events).expect("memory can be read");
    }
}
