//! What is saved of a block with a hole in it had been in it; and any bytes can be salvaged.

use crate::shaped;
use relevel_kernel::block::BlockBuilder;
use relevel_kernel::block::salvage::{Entry, salvage};
use relevel_kernel::codec::{Codec, Compressor};
use relevel_kernel::internal_key;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What contents may be at most.
const MOST: usize = 1 << 20;

thread_local! {
    static COMPRESSOR: RefCell<Compressor> = RefCell::default();
}

/// The codec, where the hole begins and how large it is, whether what follows is a block; and that, or the entries of one.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((is_compressed, start, size, is_block, rest)) = shaped::<(bool, u16, u16, bool, &[u8])>(bytes) else {
        return false;
    };
    let codec = if is_compressed { Codec::Snappy } else { Codec::None };
    let hole = |length: usize| {
        let start = usize::from(start) % (length + 1);
        start..(start + usize::from(size)).min(length)
    };
    if is_block {
        let _ = salvage(codec, rest, &[hole(rest.len())], MOST, b"k");
        return false;
    }
    let Some(entries) = shaped::<Vec<(u16, u8, Vec<u8>)>>(rest).map(|puts| entries(&puts)) else { return false };
    let mut builder = BlockBuilder::new(16);
    for (key, value) in &entries {
        builder.add(key, value).expect("a small block");
    }
    let mut stored = Vec::new();
    COMPRESSOR.with_borrow_mut(|made| made.compress(codec, builder.finish(), &mut stored)).expect("a small block");
    let hole = hole(stored.len());
    stored[hole.clone()].fill(0);
    let found = salvage(codec, &stored, &[hole], MOST, b"key");
    for entry in &found.entries {
        assert!(entries.contains(entry), "{entry:?} had not been there");
    }
    !found.entries.is_empty()
}

/// Entries of a block: user keys that begin alike and ascend.
fn entries(puts: &[(u16, u8, Vec<u8>)]) -> Vec<Entry> {
    let values: BTreeMap<_, _> = puts.iter().map(|(key, sequence, value)| (key, (sequence, value))).collect();
    let entry = |(number, (sequence, value)): (&u16, (&u8, &Vec<u8>))| {
        let mut key = Vec::new();
        let kind = if value.is_empty() { 0 } else { internal_key::TYPE_VALUE };
        internal_key::append(&mut key, format!("key{number:06}").as_bytes(), u64::from(*sequence) + 1000, kind);
        (key, value.clone())
    };
    values.into_iter().map(entry).collect()
}
