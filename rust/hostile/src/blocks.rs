//! Any bytes can be decompressed and read as a block, with no more memory than the codec could honestly fill.

use relevel_kernel::block::{BlockCursor, RestartCheck, Step};
use relevel_kernel::codec::{Codec, Decompressor};
use std::cell::RefCell;

thread_local! {
    static DECOMPRESSOR: RefCell<Decompressor> = RefCell::default();
}

/// The type byte, then the stored bytes.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((block_type, stored)) = bytes.split_first() else { return false };
    let mut is_reached = false;
    if let Some(codec) = Codec::of_block(block_type & 7, stored) {
        let mut contents = Vec::new();
        let whole = DECOMPRESSOR.with_borrow_mut(|made| made.decompress(codec, stored, &mut contents));
        if whole.is_ok() {
            is_reached = read(&contents);
        }
    }
    read(stored) || is_reached
}

/// Walk all entries, then look each up again: where the block is in good order it is found. Whether there were such.
fn read(contents: &[u8]) -> bool {
    let mut cursor = BlockCursor::default();
    if !cursor.enter(contents) {
        return false;
    }
    let mut check = RestartCheck::new(cursor.layout(), contents);
    let mut keys: Vec<Vec<u8>> = Vec::new();
    let mut ascends = true;
    let end = loop {
        match cursor.next(contents) {
            Step::Entry => {}
            other => break other,
        }
        check.entry(&cursor, contents);
        assert!(cursor.value(contents).len() <= contents.len());
        if keys.len() < 64 {
            ascends &= keys.last().is_none_or(|last| last.as_slice() < cursor.key());
            keys.push(cursor.key().to_vec());
        } else {
            ascends = false;
        }
    };
    let in_order = ascends && matches!(end, Step::End) && check.is_good(&cursor);
    for key in &keys {
        let step = cursor.seek(contents, |other| other.cmp(key));
        assert!(!in_order || (matches!(step, Step::Entry) && cursor.key() == key), "{key:?} is not found");
    }
    in_order && !keys.is_empty()
}
