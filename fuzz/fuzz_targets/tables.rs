//! Any bytes can be scanned, walked and read as a table; and so can tables whose checksums are right and whose blocks are not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relevel_kernel::block::BlockBuilder;
use relevel_kernel::table::footer::Footer;
use relevel_kernel::table::{Handle, ScanOptions, TableCursor, scan_table, walk};
use relevel_kernel::{Comparator, EntryCursor, Events, Fault, crc, internal_key};
use std::sync::Arc;

/// What stands in a table: blocks with their type bytes, and how its index comes to be.
type Parts<'a> = (bool, Vec<(u8, &'a [u8])>);

fuzz_target!(|input: (Parts, &[u8])| {
    let ((index_is_good, blocks), bytes) = input;
    read(bytes.to_vec());
    read(table(&blocks, index_is_good));
});

/// Blocks with good trailers; the last one is metaindex too, and the index as well where none is built.
fn table(blocks: &[(u8, &[u8])], index_is_good: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut handles = Vec::new();
    for (block_type, contents) in blocks {
        handles.push(append_block(&mut file, contents, block_type & 7));
    }
    let last = handles.last().copied().unwrap_or(Handle { offset: 0, size: 0 });
    let index = if index_is_good { append_block(&mut file, &index_of(&handles), 0) } else { last };
    file.extend_from_slice(&Footer { metaindex: last, index }.encode());
    file
}

fn append_block(file: &mut Vec<u8>, contents: &[u8], block_type: u8) -> Handle {
    let handle = Handle { offset: file.len() as u64, size: contents.len() as u64 };
    file.extend_from_slice(contents);
    file.push(block_type);
    let checksum = crc::mask(crc::extend(crc::value(contents), &[block_type]));
    file.extend_from_slice(&checksum.to_le_bytes());
    handle
}

fn index_of(handles: &[Handle]) -> Vec<u8> {
    let mut builder = BlockBuilder::new(1);
    for (number, handle) in handles.iter().enumerate() {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        internal_key::append(&mut key, &[number as u8], 1, 1);
        handle.append(&mut value);
        builder.add(&key, &value).expect("a small index");
    }
    builder.finish().to_vec()
}

/// Whatever can be had of a table, by its index and by its blocks as walked.
fn read(file: Vec<u8>) {
    let size = file.len() as u64;
    let source = Arc::new(file);
    let walked = walk(&*source, 0, None).expect("memory can be read");
    assert!(walked.faults.iter().all(|fault| fault.offset + fault.size <= size));
    let blocks: Vec<Handle> = walked.blocks.iter().map(|found| found.handle).collect();
    for blocks in [None, Some(blocks)] {
        let options = ScanOptions { blocks: blocks.clone(), ..ScanOptions::default() };
        let scan = scan_table(source.clone(), &Comparator::Bytewise, options).expect("memory can be read");
        assert!(scan.intact_block_count <= scan.block_count);
        assert!(!scan.faults.is_empty() || scan.block_count == scan.intact_block_count);

        let opened = source.clone();
        let handles = blocks.map(Arc::from);
        let opener = Box::new(move || Ok(opened.clone() as _));
        let mut cursor = TableCursor::new(0, opener, Comparator::Bytewise, handles);
        walk_through(&mut cursor);
    }
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
