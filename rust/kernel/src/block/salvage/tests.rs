#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::block::BlockBuilder;
use crate::codec::Compressor;
use crate::internal_key;

fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 56).to_le_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}

fn block(seed: u64, count: u64) -> (Vec<Entry>, Vec<u8>) {
    let mut builder = BlockBuilder::new(16);
    let entries: Vec<Entry> = (0..count)
        .map(|number| {
            let mut key = Vec::new();
            internal_key::append(&mut key, format!("key{:06}", number * 7).as_bytes(), 1000 + number, 1);
            let half = noise(seed * 1000 + number, 30);
            (key, [half.clone(), half].concat())
        })
        .collect();
    for (key, value) in &entries {
        builder.add(key, value).unwrap();
    }
    (entries, builder.finish().to_vec())
}

fn stored(codec: Codec, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match codec {
        Codec::None => out.extend_from_slice(contents),
        _ => Compressor::default().compress(codec, contents, &mut out).unwrap(),
    }
    out
}

#[test]
fn what_is_not_hurt_is_had_whole() {
    for codec in [Codec::None, Codec::Snappy] {
        let (entries, contents) = block(1, 40);

        let found = salvage(codec, &stored(codec, &contents), &[], 1 << 20, b"key");

        assert_eq!(found, Salvaged { before: 40, entries });
    }
}

#[test]
fn whatever_is_hurt_nothing_is_invented_and_both_sides_come_back() {
    for (codec, least) in [(Codec::None, 55), (Codec::Snappy, 40)] {
        let mut total = 0;
        let mut rounds = 0;
        for seed in 0..5 {
            let (entries, contents) = block(seed, 60);
            let stored = stored(codec, &contents);
            for start in (0..stored.len()).step_by(97) {
                let hole = start..(start + 256).min(stored.len());
                let mut hurt = stored.clone();
                hurt.get_mut(hole.clone()).unwrap().fill(0);

                let found = salvage(codec, &hurt, std::slice::from_ref(&hole), 1 << 20, b"key");

                assert!(found.entries.iter().all(|entry| entries.contains(entry)), "{codec:?} {seed} {hole:?}");
                assert!(found.entries.is_sorted(), "{codec:?} {seed} {hole:?}");
                total += found.entries.len();
                rounds += 60;
            }
        }
        assert!(total * 100 / rounds > least, "{codec:?}: {total} of {rounds}");
    }
}

/// A digit in a literal reads as the head of another literal that ends where the first does; the elements before it copy from there.
#[test]
fn what_a_wrong_element_makes_before_the_proof_is_not_believed() {
    let puts: [(u64, u64, &[u8]); 23] = [
        (0, 255, b""),
        (22, 1, b"\xff-"),
        (256, 0, b"\x01"),
        (257, 0, b"\x00\xa6"),
        (361, 0, b""),
        (1791, 255, b"\xff\xff\xff"),
        (2153, 0, b"\x00"),
        (11670, 32, b"\x01"),
        (15104, 105, b""),
        (26912, 1, b""),
        (27103, 4, b"\xff\x00E0m"),
        (27130, 255, b""),
        (27392, 69, b"07\x00\x19"),
        (27393, 101, b"0"),
        (27753, 147, b"5\x00"),
        (31045, 48, b"7\x00\x19"),
        (37740, 255, b"\x00\x00\xa6"),
        (38464, 150, b""),
        (38656, 166, b""),
        (64000, 255, b"-"),
        (64004, 151, b""),
        (65482, 0, b""),
        (65535, 255, b"\xff\xff/"),
    ];
    let mut builder = BlockBuilder::new(16);
    let mut entries = Vec::new();
    for (number, sequence, value) in puts {
        let mut key = Vec::new();
        let kind = u8::from(!value.is_empty());
        internal_key::append(&mut key, format!("key{number:06}").as_bytes(), 1000 + sequence, kind);
        builder.add(&key, value).unwrap();
        entries.push((key, value.to_vec()));
    }
    let mut hurt = stored(Codec::Snappy, builder.finish());
    hurt.get_mut(150..175).unwrap().fill(0);

    let found = salvage(Codec::Snappy, &hurt, std::slice::from_ref(&(150..175)), 1 << 20, b"key");

    assert!(found.entries.len() > found.before);
    assert!(found.entries.iter().all(|entry| entries.contains(entry)), "{found:?}");
}

#[test]
fn hostile_bytes_end() {
    for seed in 0..300 {
        let bytes = noise(seed, 600);
        for codec in Codec::ALL {
            assert!(salvage(codec, &bytes, &[100..200, 5000..9000], 1 << 16, b"key").entries.len() < 600);
        }
    }
    assert_eq!(salvage(Codec::None, &[], &[0..5, 7..9], 1 << 16, b"key"), Salvaged::default());
    assert_eq!(
        salvage(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2], &[], 1 << 16, b"key"),
        Salvaged::default()
    );
}
