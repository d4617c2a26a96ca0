//! What the codecs make of what they are given, and refuse.
#![expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]

use super::*;

fn compressed(codec: Codec, contents: &[u8]) -> Vec<u8> {
    let mut stored = Vec::new();
    Compressor::default().compress(codec, contents, &mut stored).unwrap();
    stored
}

fn decompressed(codec: Codec, stored: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut contents = b"left over".to_vec();
    Decompressor::default().decompress(codec, stored, &mut contents).map(|()| contents)
}

#[test]
fn every_codec_gives_back_what_it_was_given() {
    let long: Vec<u8> = (0..300_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();

    for codec in Codec::ALL {
        for contents in [&b""[..], b"a", &[0; 1 << 20], &long] {
            let stored = compressed(codec, contents);

            assert_eq!(decompressed(codec, &stored).unwrap(), contents, "{codec:?}");
            assert_eq!(Codec::of_block(codec.block_type(), &stored), Some(codec));
        }
    }
}

#[test]
fn a_codec_keeps_nothing_of_the_block_before() {
    let mut decompressor = Decompressor::default();
    let mut contents = Vec::new();

    for codec in Codec::ALL {
        for text in [&b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"[..], b"b"] {
            decompressor.decompress(codec, &compressed(codec, text), &mut contents).unwrap();

            assert_eq!(contents, text);
        }
    }
}

#[test]
fn every_cut_of_compressed_bytes_is_refused() {
    let text = b"the quick brown fox jumps over the lazy dog, the quick brown fox".repeat(3);

    for codec in [Codec::Snappy, Codec::Zstd, Codec::Zlib, Codec::Deflate] {
        let stored = compressed(codec, &text);
        for size in 0..stored.len() {
            assert!(decompressed(codec, stored.get(..size).unwrap()).is_err(), "{codec:?} cut at {size}");
        }
    }
}

#[test]
fn a_snappy_length_beyond_the_best_ratio_is_refused() {
    assert_eq!(decompressed(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, b'a']), Err(Refusal::Malformed));
    assert_eq!(decompressed(Codec::Snappy, &[0xff, 0xff, 0xff, 0x7f, 0x00, b'a']), Err(Refusal::Malformed));
}

fn decompressed_within(limit: usize, codec: Codec, stored: &[u8]) -> Result<usize, Refusal> {
    let mut contents = Vec::new();
    let outcome = Decompressor::with_limit(limit).decompress(codec, stored, &mut contents);
    assert!(contents.capacity() <= limit.max(stored.len() * 22).max(FIRST_GUESS) + 1, "{codec:?} takes too much");
    outcome.map(|()| contents.len())
}

#[test]
fn a_bomb_is_refused_at_the_limit_and_takes_no_more() {
    for codec in [Codec::Zstd, Codec::Zlib, Codec::Deflate] {
        let bomb = compressed(codec, &vec![0; 1 << 20]);

        assert!(bomb.len() < 10_000);
        assert_eq!(decompressed_within((1 << 20) - 1, codec, &bomb), Err(Refusal::Malformed), "{codec:?}");
        assert_eq!(decompressed_within(1 << 20, codec, &bomb), Ok(1 << 20), "{codec:?}");
    }
}

#[test]
fn what_snappy_could_have_made_is_allowed_beyond_the_limit() {
    let plain: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 3).to_le_bytes()).collect();

    for codec in [Codec::Snappy, Codec::Zstd, Codec::Zlib, Codec::Deflate] {
        let stored = compressed(codec, &plain);

        assert_eq!(decompressed_within(1000, codec, &stored), Ok(plain.len()), "{codec:?}");
    }
}

#[test]
fn snappy_needs_no_limit() {
    let stored = compressed(Codec::Snappy, &vec![0; 1 << 20]);

    assert_eq!(decompressed_within(1000, Codec::Snappy, &stored), Ok(1 << 20));
}

#[test]
fn a_zstd_frame_that_lies_about_its_size_is_refused() {
    let mut stored = compressed(Codec::Zstd, &[7; 300]);
    // Single segment with a two-byte size, stored less 256, at offset 5.
    *stored.get_mut(5).unwrap() += 1;

    assert_eq!(decompressed(Codec::Zstd, &stored), Err(Refusal::Malformed));
}

#[test]
fn what_would_be_more_than_was_asked_for_is_not_made() {
    let plain: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 3).to_le_bytes()).collect();

    for codec in Codec::ALL {
        let stored = compressed(codec, &plain);
        let outcome = |most| {
            let mut contents = Vec::new();
            let outcome = Decompressor::within(most).decompress(codec, &stored, &mut contents);
            assert!(contents.capacity() as u64 <= most + 1, "{codec:?} takes too much");
            outcome
        };

        assert_eq!(outcome(plain.len() as u64 - 1), Err(Refusal::TooLarge), "{codec:?}");
        assert_eq!(outcome(plain.len() as u64), Ok(()), "{codec:?}");
    }
}

#[test]
fn every_head_of_snappy_bytes_is_taken_for_one() {
    let mixed: Vec<u8> = (0..100_000u32).flat_map(|n| [n.to_le_bytes(), [7; 4]].concat()).collect();
    for contents in [&b""[..], b"a", &[0; 100_000], &mixed] {
        let stored = compressed(Codec::Snappy, contents);
        for size in [5, 10, 100, 1024].map(|size| stored.len().min(size)) {
            assert!(is_snappy_head(stored.get(..size).unwrap(), stored.len() as u64));
        }
    }
}

#[test]
fn snappy_bytes_that_copy_what_is_not_there_are_not_taken_for_one() {
    assert!(!is_snappy_head(&[8, 0b001, 1], 3), "a copy at the beginning");
    assert!(!is_snappy_head(&[8, 0, b'a', 0b001, 2], 5), "a copy from before the beginning");
    assert!(!is_snappy_head(&[8, 0, b'a', 0b001, 0], 5), "a copy from nowhere");
    assert!(!is_snappy_head(&[1, 40, b'a'], 3), "a literal longer than the whole");
    assert!(!is_snappy_head(&[0xff, 0x7f, 0], 3), "a size beyond the best ratio");
    assert!(!is_snappy_head(&[5, 0, b'a'], 1000), "a size below the worst");
    assert!(!is_snappy_head(&[], 0), "nothing");
}

#[test]
fn an_unknown_block_type_has_no_codec() {
    assert_eq!(Codec::of_block(3, b""), None);
    assert_eq!(Codec::of_block(255, b""), None);
    assert_eq!(Codec::from_name("lz4"), None);
}
