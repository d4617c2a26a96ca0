//! Tests of the walk: what it finds in whole, damaged and hostile tables.
#![expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]

use super::super::testing::*;
use super::super::{BuildOptions, faults};
use super::*;
use std::io;

fn handles(walk: &Walk) -> Vec<Handle> {
    walk.blocks.iter().map(|found| found.handle).collect()
}

/// All blocks of a table, by its index and footer: data, filter, metaindex, index.
fn all_handles(table: &[u8]) -> Vec<Handle> {
    let footer = footer(table);
    let data = data_handles(table);
    let after_data = data.last().map_or(0, |handle| handle.end().unwrap());
    let filter = Handle { offset: after_data, size: (footer.metaindex.offset - after_data).saturating_sub(5) };
    let filter = (after_data < footer.metaindex.offset).then_some(filter);
    data.into_iter().chain(filter).chain([footer.metaindex, footer.index]).collect()
}

fn sample(codec: Codec) -> Vec<u8> {
    table(&entries(400), BuildOptions { codec, ..small_blocks() })
}

#[test]
fn every_block_of_a_table_is_found_whatever_its_codec() {
    for codec in Codec::ALL {
        let table = sample(codec);

        let walk = walk(&table, 0, None).unwrap();

        assert_eq!(handles(&walk), all_handles(&table), "{codec:?}");
        assert_eq!(walk.faults, vec![]);
    }
}

#[test]
fn a_table_without_its_footer_is_walked_to_its_end() {
    let table = sample(Codec::Snappy);
    let cut = table.get(..table.len() - 48).unwrap().to_vec();

    let walk = walk(&cut, 0, None).unwrap();

    assert_eq!((handles(&walk), walk.faults), (all_handles(&table), vec![]));
}

#[test]
fn the_walk_goes_on_after_a_damaged_block() {
    for codec in Codec::ALL {
        let mut table = sample(codec);
        let all = all_handles(&table);
        let lost = [2, 3, 10, all.len() - 4].map(|index| *all.get(index).unwrap());
        for handle in lost {
            flip(&mut table, handle.offset + handle.size / 2);
        }

        let walk = walk(&table, 0, None).unwrap();

        let expected: Vec<Handle> = all.iter().filter(|handle| !lost.contains(handle)).copied().collect();
        assert_eq!(handles(&walk), expected, "{codec:?}");
        let holes: Vec<_> = walk.faults.iter().map(|hole| (hole.code, hole.offset, hole.offset + hole.size)).collect();
        let [first, second, third, fourth] = lost;
        assert_eq!(
            holes,
            [
                (faults::GAP, first.offset, second.end().unwrap()),
                (faults::GAP, third.offset, third.end().unwrap()),
                (faults::GAP, fourth.offset, fourth.end().unwrap())
            ]
        );
    }
}

#[test]
fn a_damaged_first_or_last_block_is_a_hole_at_the_edge() {
    let mut table = sample(Codec::Snappy);
    let all = all_handles(&table);
    flip(&mut table, 0);
    let last = *all.last().unwrap();
    flip(&mut table, last.offset);

    let walk = walk(&table, 0, None).unwrap();

    assert_eq!(handles(&walk), all.get(1..all.len() - 1).unwrap());
    assert_eq!(walk.faults.len(), 2);
    assert_eq!(walk.faults.last().map(|hole| (hole.offset, hole.size)), Some((last.offset, last.size + 5)));
}

#[test]
fn bytes_lost_or_added_in_the_middle_cost_their_block_only() {
    let table = sample(Codec::Snappy);
    let all = all_handles(&table);
    let damaged = *all.get(5).unwrap();
    let at = usize::try_from(damaged.offset).unwrap() + 20;
    let mut shorter = table.clone();
    shorter.drain(at..at + 7);
    let mut longer = table.clone();
    longer.splice(at..at, vec![0; 10_000]);

    for bytes in [shorter, longer] {
        let walk = walk(&bytes, 0, None).unwrap();

        let sizes: Vec<u64> = handles(&walk).iter().map(|handle| handle.size).collect();
        let expected: Vec<u64> = all.iter().filter(|handle| **handle != damaged).map(|handle| handle.size).collect();
        assert_eq!(sizes, expected);
        assert_eq!(codes(&walk.faults), [faults::GAP]);
    }
}

#[test]
fn a_stretch_is_walked_alone() {
    let table = sample(Codec::Snappy);
    let all = all_handles(&table);
    let (from, to) = (all.get(3).unwrap(), all.get(9).unwrap());

    let walk = walk(&table, from.offset, Some(to.offset)).unwrap();

    assert_eq!((handles(&walk).as_slice(), walk.faults), (all.get(3..9).unwrap(), vec![]));
}

#[test]
fn one_large_uncompressed_block_is_found() {
    let all = vec![(key("k", 1), (0..3_000_000u32).flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>())];
    let table = table(&all, BuildOptions { codec: Codec::None, ..BuildOptions::default() });

    assert_eq!(handles(&walk(&table, 0, None).unwrap()), all_handles(&table));
}

#[test]
fn a_table_inside_a_value_is_not_taken_for_blocks_of_this_one() {
    let inner = sample(Codec::None);
    let all = vec![(key("a", 1), b"x".to_vec()), (key("b", 2), inner), (key("c", 3), b"y".to_vec())];
    let table = table(&all, BuildOptions { codec: Codec::None, block_size: 1, ..BuildOptions::default() });

    assert_eq!(handles(&walk(&table, 0, None).unwrap()), all_handles(&table));
}

#[test]
fn nothing_is_found_in_zeroes_or_in_nothing() {
    for size in [0, 1, 4, 5, 100, 3 << 20] {
        let walk = walk(&vec![0; size], 0, None).unwrap();

        assert_eq!(walk.blocks, vec![]);
        assert_eq!(walk.faults.iter().map(|hole| hole.size).sum::<u64>(), size as u64);
    }
}

#[test]
fn a_valid_checksum_over_what_is_no_block_is_not_a_block() {
    let noise: Vec<u8> = (0..500u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    for block_type in [0, 1, 2, 3, 4] {
        let walk = walk(&[on_disk(&noise, block_type), vec![1; 50]].concat(), 0, None).unwrap();

        assert_eq!(walk.blocks, vec![]);
    }
}

#[test]
fn many_small_holes_stay_linear() {
    // Were every hole searched to its end, this would take hours.
    let block = on_disk(&[0, 0, 0, 0, 1, 0, 0, 0], 0);
    let bytes: Vec<u8> = (0..20_000).flat_map(|_| [&block[..], &[0xee]].concat()).collect();

    let walk = walk(&bytes, 0, None).unwrap();

    assert_eq!(walk.blocks.len(), 20_000);
    assert!(walk.faults.len() <= crate::fault_log::MOST_OF_A_CODE);
}

#[test]
fn ends_made_to_fit_every_beginning_stay_bounded() {
    // The same trailer again and again after bytes that repeat: many beginnings fit many ends.
    let block = on_disk(&[0, 0, 0, 0, 1, 0, 0, 0], 0);
    let period: Vec<u8> = [&block[..], &[7; 3]].concat();
    let mut bytes = vec![9];
    for _ in 0..10_000 {
        bytes.extend_from_slice(&period);
    }

    let walk = walk(&bytes, 0, None).unwrap();

    assert_eq!(walk.blocks.len(), 10_000);
}

/// A table whose bytes 4096 to 8192 cannot be read.
struct BadSector(Vec<u8>);

impl ReadAt for BadSector {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset < 8192 && offset + buffer.len() as u64 > 4096 {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.0.read_at(buffer, offset)
    }
}

#[test]
fn a_bad_sector_costs_its_blocks_only() {
    let table = sample(Codec::None);
    let all = all_handles(&table);

    let walk = walk(&BadSector(table), 0, None).unwrap();

    let readable = |handle: &Handle| handle.end().unwrap() <= 4096 || handle.offset >= 8192;
    assert_eq!(handles(&walk), all.into_iter().filter(readable).collect::<Vec<_>>());
    assert_eq!(codes(&walk.faults), [faults::GAP, faults::READ_ERROR]);
    assert_eq!(walk.faults.last().and_then(|fault| fault.got), Some(5));
}
