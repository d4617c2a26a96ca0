//! What is saved of a block with a hole in it had been in it; and any bytes can be salvaged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relevel_kernel::block::BlockBuilder;
use relevel_kernel::block::salvage::{Entry, salvage};
use relevel_kernel::codec::{Codec, Compressor};
use relevel_kernel::internal_key;
use std::collections::BTreeMap;

/// What contents may be at most.
const MOST: usize = 1 << 20;

fuzz_target!(|input: (bool, u16, u16, Vec<(u16, u8, Vec<u8>)>, &[u8])| {
    let (is_compressed, start, size, puts, noise) = input;
    let codec = if is_compressed { Codec::Snappy } else { Codec::None };
    let hole = |length: usize| {
        let start = usize::from(start) % (length + 1);
        start..(start + usize::from(size)).min(length)
    };
    salvage(codec, noise, &[hole(noise.len())], MOST, b"k");

    let entries = entries(&puts);
    let mut builder = BlockBuilder::new(16);
    for (key, value) in &entries {
        if builder.add(key, value).is_err() {
            return;
        }
    }
    let mut stored = Vec::new();
    if Compressor::default().compress(codec, builder.finish(), &mut stored).is_err() {
        return;
    }
    let hole = hole(stored.len());
    stored[hole.clone()].fill(0);
    let found = salvage(codec, &stored, &[hole], MOST, b"key");
    for entry in &found.entries {
        assert!(entries.contains(entry), "{entry:?} had not been there");
    }
});

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
