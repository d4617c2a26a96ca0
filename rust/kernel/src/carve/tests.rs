//! What is laid into noise is found again, and nothing else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use super::*;
use crate::batch;
use crate::log::append_record;
use crate::table::testing::{entries, footer, small_blocks, table};
use crate::table::{BuildOptions, TRAILER_SIZE};

/// Bytes that repeat nowhere.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..size.div_ceil(8)).flat_map(|_| next()).take(size).collect()
}

fn batch_of(sequence: u64, size: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    batch::append_header(&mut payload, sequence, 1);
    batch::append_put(&mut payload, b"key", &noise(size));
    payload
}

/// A log of batches of these sizes.
fn log(first: u64, sizes: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (sequence, size) in (first..).zip(sizes) {
        let at = bytes.len();
        append_record(&mut bytes, &batch_of(sequence, *size), at);
    }
    bytes
}

fn carve(image: &[u8]) -> Vec<Find> {
    let mut carver = Carver::new(Arc::new(image.to_vec()));
    let mut finds = Vec::new();
    while let Some(more) = carver.next_chunk().unwrap() {
        finds.extend(more);
    }
    assert!(carver.take_faults().is_empty());
    assert_eq!(carver.offset(), image.len() as u64);
    finds
}

fn logs(image: &[u8]) -> Vec<(u64, u64, u64, u64)> {
    let finds = carve(image).into_iter();
    let chains = finds.filter_map(|find| match find {
        Find::Log(chain) => Some((chain.start, chain.end, chain.first_sequence, chain.next_sequence)),
        _ => None,
    });
    chains.collect()
}

/// An image whose bytes are read once, and refused from then on.
struct Worn(Vec<u8>, std::sync::atomic::AtomicBool);

impl ReadAt for Worn {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        if self.1.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return Err(std::io::Error::other("bad sector"));
        }
        self.0.read_at(buffer, offset)
    }
}

#[test]
fn a_log_that_cannot_be_read_again_is_told_of() {
    let image = [noise(5000), log(1, &[100, 200]), noise(9000)].concat();
    let mut carver = Carver::new(Arc::new(Worn(image, false.into())));

    assert_eq!(carver.next_chunk().unwrap(), Some(vec![]));

    let told = carver.take_faults();
    assert!(told.iter().any(|fault| (fault.offset..fault.offset + fault.size).contains(&5000)), "{told:?}");
}

#[test]
fn a_log_is_found_at_any_alignment_and_across_chunks() {
    let log = log(100, &[10, 70_000, 0, 5000, 40_000, 32_000, 1]);
    for before in [0, 1, 511, 4096, 33_333, CHUNK - 5, CHUNK - 3000, CHUNK + 7] {
        let image = [noise(before), log.clone(), noise(5000)].concat();
        let start = before as u64;

        assert_eq!(logs(&image), [(start, start + log.len() as u64, 100, 107)], "{before}");
    }
}

#[test]
fn a_log_without_its_beginning_is_found_from_its_next_batch_on() {
    let log = log(5, &[100, 40_000, 100, 30_000, 200]);

    let found = logs(&log[3..]);

    assert_eq!(found.len(), 1);
    assert_eq!((found[0].1, found[0].2, found[0].3), (log.len() as u64 - 3, 6, 10));
}

#[test]
fn a_block_whose_end_has_no_room_for_a_header_is_followed_to_the_next() {
    for left in 0..8 {
        let log = log(1, &[32_768 - 7 - 12 - 8 - left, 100, 200]);
        let image = [noise(77), log.clone()].concat();

        assert_eq!(logs(&image), [(77, 77 + log.len() as u64, 1, 4)], "{left}");
    }
}

#[test]
fn logs_that_stand_side_by_side_are_told_apart_by_their_numbers() {
    let (a, b) = (log(1, &[500, 500]), log(1, &[100, 100]));
    let image = [a.clone(), b].concat();

    let end = a.len() as u64;
    assert_eq!(logs(&image), [(0, end, 1, 3), (end, image.len() as u64, 1, 3)]);
}

#[test]
fn a_manifest_is_told_from_a_log() {
    let mut manifest = Vec::new();
    append_record(&mut manifest, b"\x01\x1aleveldb.BytewiseComparator", 0);
    let at = manifest.len();
    append_record(&mut manifest, &[2, 4, 9, 0, 3, 5, 4, 0], at);
    let image = [noise(1001), manifest.clone(), noise(1001)].concat();

    let finds = carve(&image);

    let [Find::Log(chain)] = finds[..] else { panic!("{finds:?}") };
    assert_eq!((chain.start, chain.end, chain.content), (1001, 1001 + manifest.len() as u64, Content::Edits));
    assert_eq!(chain.record_count, 2);
}

#[test]
fn a_table_is_found_by_its_footer_at_any_alignment() {
    let bytes = table(&entries(500), small_blocks());
    for before in [1, 513, 33_333, CHUNK - 20, CHUNK - bytes.len() + 20] {
        let image = [noise(before), bytes.clone(), noise(3000)].concat();
        let offset = (before + bytes.len() - FOOTER_SIZE) as u64;

        assert!(carve(&image).contains(&Find::Footer { offset, footer: footer(&bytes) }), "{before}");
    }
}

#[test]
fn the_blocks_of_a_table_are_found_where_a_sector_begins() {
    for codec in [crate::codec::Codec::None, crate::codec::Codec::Snappy, crate::codec::Codec::Zstd] {
        let options = BuildOptions { codec, ..BuildOptions::default() };
        let bytes = table(&entries(800), options);
        let index = footer(&bytes).index;
        let image = [noise(3 * SECTOR), bytes.clone(), noise(3000)].concat();

        let finds = carve(&image);

        let [Find::Blocks(run), Find::Footer { offset, .. }] = finds[..] else { panic!("{codec:?}: {finds:?}") };
        let end = 1536 + index.offset + index.size + TRAILER_SIZE as u64;
        assert_eq!((run.start, run.end, offset), (1536, end, end));
    }
}

#[test]
fn a_table_that_was_cut_is_found_up_to_its_last_whole_block() {
    let bytes = table(&entries(800), BuildOptions { codec: crate::codec::Codec::None, ..BuildOptions::default() });

    let finds = carve(&[&noise(SECTOR)[..], &bytes[..20_000], &noise(9000)].concat());

    let [Find::Blocks(run)] = finds[..] else { panic!("{finds:?}") };
    assert!(run.start == 512 && run.end > 512 + 12_000 && run.end <= 20_512, "{run:?}");
}

#[test]
fn a_log_inside_the_value_of_a_log_is_content() {
    let mut payload = Vec::new();
    batch::append_header(&mut payload, 1, 1);
    batch::append_put(&mut payload, b"a copy of a log", &log(1, &[50, 60]));
    let mut outer = noise(100);
    append_record(&mut outer, &payload, 0);

    assert_eq!(logs(&outer), [(100, outer.len() as u64, 1, 2)]);
}

#[test]
fn noise_zeroes_and_magic_numbers_are_nothing() {
    let magic = crate::table::footer::MAGIC.to_le_bytes();
    for image in [vec![], vec![0; 3 << 20], noise(3 << 20), magic.repeat(1 << 17), vec![1; 3 << 20], vec![2; 1000]] {
        assert_eq!(carve(&image), []);
    }
}
