//! Any bytes can be decompressed and read as a block, with no more memory than the codec could honestly fill.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relevel_kernel::block::{BlockCursor, Step};
use relevel_kernel::codec::{Codec, Decompressor};

fuzz_target!(|bytes: (u8, &[u8])| {
    let (block_type, stored) = bytes;
    let mut contents = Vec::new();
    if let Some(codec) = Codec::of_block(block_type & 7, stored) {
        let whole = Decompressor::default().decompress(codec, stored, &mut contents);
        if whole.is_ok() {
            read(&contents);
        }
    }
    read(stored);
});

/// Walk all entries, then look each up again.
fn read(contents: &[u8]) {
    let mut cursor = BlockCursor::default();
    if !cursor.enter(contents) {
        return;
    }
    let mut keys = Vec::new();
    while matches!(cursor.next(contents), Step::Entry) {
        assert!(cursor.value(contents).len() <= contents.len());
        if keys.len() < 64 {
            keys.push(cursor.key().to_vec());
        }
    }
    for key in keys {
        cursor.seek(contents, |other| other.cmp(&key));
    }
}
