//! Tables for the tests of this module.

use super::{BuildOptions, Footer, Handle, TRAILER_SIZE, TableBuilder};
use crate::block::{BlockCursor, Step};
use crate::codec::Decompressor;
use crate::comparator::Comparator;
use crate::crc;
use crate::fault::Fault;
use crate::internal_key;

/// Internal keys and values.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// An internal key of a put.
pub fn key(user_key: impl AsRef<[u8]>, sequence: u64) -> Vec<u8> {
    let mut key = Vec::new();
    internal_key::append(&mut key, user_key.as_ref(), sequence, internal_key::TYPE_VALUE);
    key
}

/// `count` entries in order, with values that compress.
pub fn entries(count: u64) -> Entries {
    (0..count).map(|n| (key(format!("key{n:06}"), n + 1), format!("value {n} ").repeat(9).into_bytes())).collect()
}

/// The bytes of a table.
pub fn table(entries: &[(Vec<u8>, Vec<u8>)], options: BuildOptions) -> Vec<u8> {
    let mut builder = TableBuilder::new(Vec::new(), Comparator::Bytewise, options);
    for (key, value) in entries {
        builder.add(key, value).unwrap();
    }
    builder.finish().unwrap().0
}

/// A table of blocks of about 256 bytes with a filter.
pub fn small_blocks() -> BuildOptions {
    BuildOptions { block_size: 256, bloom_bits_per_key: 10, ..BuildOptions::default() }
}

/// What the footer says.
pub fn footer(table: &[u8]) -> Footer {
    Footer::decode(table.last_chunk().unwrap(), 0).unwrap()
}

/// The contents of a block.
pub fn contents(table: &[u8], handle: Handle) -> Vec<u8> {
    let (start, size) = (usize::try_from(handle.offset).unwrap(), usize::try_from(handle.size).unwrap());
    let stored = table.get(start..start + size + TRAILER_SIZE).unwrap();
    let verified = super::reader::verify(super::faults::Part::Data, handle, stored).unwrap();
    let mut contents = Vec::new();
    let part = super::faults::Part::Data;
    super::reader::decode(part, handle, verified, &mut Decompressor::default(), &mut contents).unwrap();
    contents
}

/// The handles of the data blocks, by the index.
pub fn data_handles(table: &[u8]) -> Vec<Handle> {
    let index = contents(table, footer(table).index);
    let mut cursor = BlockCursor::default();
    assert!(cursor.enter(&index));
    let mut handles = Vec::new();
    while cursor.next(&index) == Step::Entry {
        handles.push(Handle::decode_value(cursor.value(&index)).unwrap());
    }
    handles
}

/// Turn over one bit.
pub fn flip(table: &mut [u8], offset: u64) {
    *table.get_mut(usize::try_from(offset).unwrap()).unwrap() ^= 0x10;
}

/// A block as it lies on disk.
pub fn on_disk(stored: &[u8], block_type: u8) -> Vec<u8> {
    let checksum = crc::mask(crc::value(&[stored, &[block_type]].concat()));
    [stored, &[block_type], &checksum.to_le_bytes()].concat()
}

/// A table of these data blocks (as they lie on disk) under these index keys, with an empty metaindex.
pub fn table_of_blocks(blocks: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let mut table = Vec::new();
    let mut index = crate::block::BlockBuilder::new(1);
    for (index_key, block) in blocks {
        let mut value = Vec::new();
        Handle { offset: table.len() as u64, size: (block.len() - TRAILER_SIZE) as u64 }.append(&mut value);
        index.add(index_key, &value).unwrap();
        table.extend_from_slice(block);
    }
    let metaindex = Handle { offset: table.len() as u64, size: 8 };
    table.extend_from_slice(&on_disk(&[0, 0, 0, 0, 1, 0, 0, 0], 0));
    let stored = index.finish().to_vec();
    let index = Handle { offset: table.len() as u64, size: stored.len() as u64 };
    table.extend_from_slice(&on_disk(&stored, 0));
    table.extend_from_slice(&Footer { metaindex, index }.encode());
    table
}

/// The contents of a data block with these entries.
pub fn block(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut builder = crate::block::BlockBuilder::new(16);
    for (key, value) in entries {
        builder.add(key, value).unwrap();
    }
    builder.finish().to_vec()
}

/// The codes of faults, in order.
pub fn codes(faults: &[Fault]) -> Vec<&'static str> {
    faults.iter().map(|fault| fault.code).collect()
}
