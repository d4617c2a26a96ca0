//! What the reader does with healthy and damaged logs, by the exact bytes it gives up.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]

use super::format::{self, BLOCK_SIZE, HEADER_SIZE, TYPE_FIRST, TYPE_FULL, TYPE_LAST, TYPE_MIDDLE};
use super::samples::log_of;
use super::*;
use crate::fault::Fault;
use std::sync::Arc;

/// `(code, offset, size)`.
type Told = (&'static str, u64, u64);

struct Reading {
    records: Vec<(u64, u64, Vec<u8>)>,
    faults: Vec<Fault>,
    zero_tail_size: u64,
}

impl Reading {
    fn payloads(&self) -> Vec<Vec<u8>> {
        self.records.iter().map(|(_, _, payload)| payload.clone()).collect()
    }

    fn told(&self) -> Vec<Told> {
        self.faults.iter().map(|fault| (fault.code, fault.offset, fault.size)).collect()
    }
}

fn read(log: &[u8]) -> Reading {
    let mut reader = LogReader::new(Arc::new(log.to_vec()));
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        records.push((record.offset, record.end_offset, record.payload.to_vec()));
    }
    assert!(reader.next_record().unwrap().is_none());
    Reading { records, faults: reader.faults().to_vec(), zero_tail_size: reader.zero_tail_size() }
}

/// A payload of `size` bytes, told apart from others by `seed`, none of them zero.
fn payload(seed: usize, size: usize) -> Vec<u8> {
    (0..size).map(|i| 1 + ((seed * 131 + i * 7 + i / 251) % 255) as u8).collect()
}

fn set_type(log: &mut [u8], offset: usize, record_type: u8) {
    log[offset + 6] = record_type;
    fix_checksum(log, offset);
}

fn fix_checksum(log: &mut [u8], offset: usize) {
    let size = usize::from(u16::from_le_bytes([log[offset + 4], log[offset + 5]]));
    let checksum = format::checksum(&log[offset + 6..offset + HEADER_SIZE + size]);
    log[offset..offset + 4].copy_from_slice(&checksum.to_le_bytes());
}

/// How much of the log is accounted for: every byte is in a record, in one fault, in the zero tail, or padding.
fn assert_accounted(log: &[u8], reading: &Reading) {
    let faults = reading.faults.iter().map(|fault| (fault.offset, fault.offset + fault.size));
    let records = reading.records.iter().map(|&(offset, end, _)| (offset, end));
    let mut spans: Vec<_> = faults.chain(records).collect();
    spans.sort_unstable();
    let mut at = 0;
    for (start, end) in spans {
        assert!(start >= at, "spans overlap at {start}");
        assert!(start - at <= HEADER_SIZE as u64, "{at}..{start} is not accounted for");
        at = end;
    }
    assert!(
        log.len() as u64 - reading.zero_tail_size - at <= HEADER_SIZE as u64,
        "the tail from {at} is not accounted for"
    );
}

#[test]
fn an_empty_log_has_nothing() {
    let reading = read(&[]);

    assert!(reading.records.is_empty() && reading.faults.is_empty());
}

#[test]
fn what_was_written_is_read_with_its_place() {
    let payloads: Vec<_> = [0, 3, 1000, 97_270, 8_000, 32_761, 32_760, 65_522, 0, 1]
        .iter()
        .enumerate()
        .map(|(i, &n)| payload(i, n))
        .collect();
    let log = log_of(&payloads);

    let reading = read(&log);

    assert_eq!(reading.payloads(), payloads);
    assert!(reading.faults.is_empty());
    assert_eq!(reading.zero_tail_size, 0);
    assert_eq!(reading.records[0].0, 0);
    assert_eq!(reading.records.last().unwrap().1, log.len() as u64);
    assert_accounted(&log, &reading);
}

#[test]
fn every_way_to_end_a_block_is_read() {
    for left in 0..=20 {
        let payloads = [payload(1, BLOCK_SIZE - HEADER_SIZE - left), payload(2, 0), payload(3, 5)];

        let reading = read(&log_of(&payloads));

        assert_eq!(reading.payloads(), payloads, "{left} bytes left");
        assert!(reading.faults.is_empty());
    }
}

#[test]
fn a_log_that_ends_with_padding_has_no_zero_tail() {
    let mut log = log_of(&[payload(1, BLOCK_SIZE - HEADER_SIZE - 4)]);
    log.resize(BLOCK_SIZE, 0);

    let reading = read(&log);

    assert!(reading.faults.is_empty());
    assert_eq!(reading.zero_tail_size, 0);
}

#[test]
fn a_flipped_bit_costs_one_record() {
    let payloads: Vec<_> = (0..10).map(|i| payload(i, 100)).collect();
    let whole = log_of(&payloads);
    for bit in 0..107 * 8 {
        let mut log = whole.clone();
        log[107 * 3 + bit / 8] ^= 1 << (bit % 8);

        let reading = read(&log);

        let kept: Vec<_> =
            payloads.iter().enumerate().filter(|&(i, _)| i != 3).map(|(_, payload)| payload.clone()).collect();
        assert_eq!(reading.payloads(), kept, "bit {bit}");
        assert_eq!(reading.faults.len(), 1);
        assert_eq!((reading.faults[0].offset, reading.faults[0].size), (321, 107));
        assert_accounted(&log, &reading);
    }
}

#[test]
fn a_checksum_mismatch_tells_the_stored_and_the_computed_checksum() {
    let mut log = log_of(&[payload(1, 10), payload(2, 10)]);
    let stored = u64::from(u32::from_le_bytes(log[0..4].try_into().unwrap()));
    log[8] ^= 1;
    let computed = u64::from(format::checksum(&log[6..17]));

    let reading = read(&log);

    assert_eq!(reading.faults, [Fault::new(CHECKSUM_MISMATCH, 0, 17).with_values(stored, computed)]);
}

#[test]
fn a_damaged_size_in_the_middle_costs_one_record() {
    for size in [0u16, 1, 99, 101, 102, 5_000, 32_760, 65_535] {
        let payloads: Vec<_> = (0..400).map(|i| payload(i, 100)).collect();
        let mut log = log_of(&payloads);
        log[107 + 4..107 + 6].copy_from_slice(&size.to_le_bytes());

        let reading = read(&log);

        assert_eq!(reading.records.len(), 399, "size {size}");
        assert_eq!((reading.faults[0].offset, reading.faults[0].size, reading.faults.len()), (107, 107, 1));
        assert_accounted(&log, &reading);
    }
}

#[test]
fn a_size_that_passes_the_block_is_told_with_the_room_there_is() {
    let mut log = log_of(&[payload(1, BLOCK_SIZE - HEADER_SIZE), payload(2, 3)]);
    log[4..6].copy_from_slice(&40_000u16.to_le_bytes());

    let reading = read(&log);

    let room = (BLOCK_SIZE - HEADER_SIZE) as u64;
    assert_eq!(reading.faults, [Fault::new(BAD_LENGTH, 0, BLOCK_SIZE as u64).with_values(room, 40_000)]);
    assert_eq!(reading.payloads(), [payload(2, 3)]);
}

#[test]
fn a_damaged_size_of_the_last_record_is_not_a_torn_tail() {
    let mut log = log_of(&[payload(1, 100), payload(2, 100)]);
    log[107 + 4] ^= 0x80;

    let reading = read(&log);

    assert_eq!(reading.faults, [Fault::new(BAD_LENGTH, 107, 107).with_values(100, 228)]);
}

#[test]
fn an_unknown_type_costs_its_record_only() {
    for record_type in [0, 5, 9, 129, 255] {
        let mut log = log_of(&[payload(1, 3), payload(2, 4)]);
        set_type(&mut log, 0, record_type);

        let reading = read(&log);

        assert_eq!(reading.told(), [(UNKNOWN_TYPE, 0, 10)], "type {record_type}");
        assert_eq!(reading.faults[0].got, Some(u64::from(record_type)));
        assert_eq!(reading.payloads(), [payload(2, 4)]);
    }
}

#[test]
fn a_log_cut_anywhere_has_every_record_before_the_cut() {
    let payloads: Vec<_> = (0..7).map(|i| payload(i, 9_000)).collect();
    let whole = log_of(&payloads);
    let ends: Vec<_> = read(&whole).records.iter().map(|&(_, end, _)| end as usize).collect();
    for cut in (0..whole.len()).step_by(997).chain(ends.iter().flat_map(|&end| end - 8..(end + 8).min(whole.len()))) {
        let reading = read(&whole[..cut]);

        let count = ends.iter().filter(|&&end| end <= cut).count();
        let end = count.checked_sub(1).map_or(0, |last| ends[last]);
        assert_eq!(reading.payloads(), payloads[..count], "cut at {cut}");
        if cut - end < HEADER_SIZE && cut % BLOCK_SIZE == 0 || cut == end {
            assert!(reading.faults.is_empty());
        } else {
            assert_eq!(reading.told(), [(TORN_TAIL, end as u64, (cut - end) as u64)], "cut at {cut}");
        }
    }
}

#[test]
fn a_torn_tail_tells_what_it_needs_and_what_there_is() {
    let log = log_of(&[payload(1, 100)]);

    assert_eq!(read(&log[..60]).faults, [Fault::new(TORN_TAIL, 0, 60).with_values(107, 60)]);
    assert_eq!(read(&log[..5]).faults, [Fault::new(TORN_TAIL, 0, 5).with_values(7, 5)]);
}

#[test]
fn a_first_record_without_a_last_at_the_end_is_a_torn_tail() {
    let mut log = log_of(&[payload(1, 3), payload(2, 40_000)]);
    log.truncate(BLOCK_SIZE);

    assert_eq!(read(&log).told(), [(TORN_TAIL, 10, BLOCK_SIZE as u64 - 10)]);
}

#[test]
fn zeroes_at_the_end_are_no_fault() {
    for size in [1, 6, 7, 8, 1000, 65_397, 1 << 20] {
        let mut log = log_of(&[payload(1, 132)]);
        log.resize(139 + size, 0);

        let reading = read(&log);

        assert!(reading.faults.is_empty(), "{size} zeroes");
        assert_eq!(reading.zero_tail_size, size as u64);
        assert_eq!(reading.records.len(), 1);
    }
}

#[test]
fn a_log_of_nothing_but_zeroes_is_a_zero_tail() {
    let reading = read(&vec![0; 2 * BLOCK_SIZE + 5]);

    assert!(reading.faults.is_empty());
    assert_eq!(reading.zero_tail_size, 2 * BLOCK_SIZE as u64 + 5);
}

#[test]
fn zeroes_before_more_records_are_a_fault() {
    let mut log = log_of(&[payload(1, 100)]);
    log.resize(3 * BLOCK_SIZE, 0);
    append_record(&mut log, &payload(2, 100), 0);

    let reading = read(&log);

    assert_eq!(reading.told(), [(ZERO_HEADER, 107, 3 * BLOCK_SIZE as u64 - 107)]);
    assert_eq!(reading.records.len(), 2);
    assert_accounted(&log, &reading);
}

#[test]
fn zeroes_inside_a_block_cost_themselves_only() {
    let mut log = log_of(&(0..5).map(|i| payload(i, 100)).collect::<Vec<_>>());
    log[107..250].fill(0);

    let reading = read(&log);

    assert_eq!(reading.told(), [(ZERO_HEADER, 107, 214)]);
    assert_eq!(reading.payloads(), [payload(0, 100), payload(3, 100), payload(4, 100)]);
}

#[test]
fn a_torn_payload_before_a_zero_tail_ends_where_its_fragments_end() {
    let mut log = log_of(&[payload(1, 40_000)]);
    log.truncate(BLOCK_SIZE);
    log.resize(3 * BLOCK_SIZE, 0);

    let reading = read(&log);

    assert_eq!(reading.told(), [(TORN_TAIL, 0, BLOCK_SIZE as u64)]);
    assert_eq!(reading.zero_tail_size, 2 * BLOCK_SIZE as u64);
}

#[test]
fn fragments_without_their_first_are_one_fault() {
    for first in [TYPE_MIDDLE, TYPE_LAST] {
        let mut log = log_of(&[payload(1, 3), payload(2, 4), payload(3, 5)]);
        set_type(&mut log, 0, first);
        set_type(&mut log, 10, TYPE_LAST);

        let reading = read(&log);

        assert_eq!(reading.told(), [(ORPHAN_FRAGMENT, 0, 21)]);
        assert_eq!(reading.payloads(), [payload(3, 5)]);
    }
}

#[test]
fn fragments_without_their_last_are_unfinished() {
    for next in [TYPE_FULL, TYPE_FIRST] {
        let mut log = log_of(&[payload(1, 3), payload(2, 100_000)]);
        set_type(&mut log, 0, TYPE_FIRST);
        if next == TYPE_FULL {
            log = log_of(&[payload(1, 3), payload(2, 100)]);
            set_type(&mut log, 0, TYPE_FIRST);
        }

        let reading = read(&log);

        assert_eq!(reading.told(), [(UNFINISHED, 0, 10)]);
        assert_eq!(reading.records.len(), 1);
    }
}

#[test]
fn an_empty_first_record_that_is_never_continued_is_no_fault() {
    let mut log = log_of(&[vec![], payload(2, 5)]);
    set_type(&mut log, 0, TYPE_FIRST);

    let reading = read(&log);

    assert!(reading.faults.is_empty());
    assert_eq!(reading.payloads(), [payload(2, 5)]);
}

#[test]
fn a_payload_with_a_damaged_fragment_is_dropped_whole() {
    let payloads = [payload(1, 3), payload(2, 100_000), payload(3, 4)];
    let whole = log_of(&payloads);
    let block = BLOCK_SIZE as u64;
    let end = read(&whole).records[1].1;
    let cases: [(usize, Vec<Told>); 3] = [
        (20, vec![(CHECKSUM_MISMATCH, 10, block - 10), (ORPHAN_FRAGMENT, block, end - block)]),
        (
            BLOCK_SIZE + 50,
            vec![
                (UNFINISHED, 10, block - 10),
                (CHECKSUM_MISMATCH, block, block),
                (ORPHAN_FRAGMENT, 2 * block, end - 2 * block),
            ],
        ),
        (3 * BLOCK_SIZE + 50, vec![(UNFINISHED, 10, 3 * block - 10), (CHECKSUM_MISMATCH, 3 * block, end - 3 * block)]),
    ];
    for (position, told) in cases {
        let mut log = whole.clone();
        log[position] ^= 0x10;

        let reading = read(&log);

        assert_eq!(reading.told(), told);
        assert_eq!(reading.payloads(), [payload(1, 3), payload(3, 4)]);
        assert_accounted(&log, &reading);
    }
}

#[test]
fn two_payloads_are_never_joined_over_a_damaged_block() {
    let mut log = log_of(&[payload(1, 40_000), payload(2, 40_000)]);
    log[BLOCK_SIZE..2 * BLOCK_SIZE].fill(0xff);

    let reading = read(&log);

    assert!(reading.records.is_empty());
    assert_eq!(
        reading.faults.iter().map(|fault| fault.code).collect::<Vec<_>>(),
        [UNFINISHED, BAD_LENGTH, ORPHAN_FRAGMENT]
    );
    assert_accounted(&log, &reading);
}

#[test]
fn writes_after_a_torn_tail_are_found() {
    let mut log = log_of(&[payload(1, 100), payload(2, 500)]);
    log.truncate(300);
    for i in 3..23 {
        let position = log.len();
        append_record(&mut log, &payload(i, 100), position);
    }

    let reading = read(&log);

    assert_eq!(reading.records.len(), 21);
    assert_eq!(reading.told(), [(CHECKSUM_MISMATCH, 107, 193)]);
}

#[test]
fn hostile_bytes_are_accounted_for_and_never_records() {
    let mut state = 0x9e37_79b9_u32;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for round in 0..40 {
        let size = random() as usize % (3 * BLOCK_SIZE);
        let log: Vec<u8> = (0..size).map(|_| (random() >> 7) as u8 % if round % 2 == 0 { 255 } else { 5 }).collect();

        let reading = read(&log);

        assert!(reading.records.is_empty());
        assert_accounted(&log, &reading);
    }
}

#[test]
fn random_damage_to_a_log_loses_only_what_it_touches() {
    let mut state = 0x1234_5678_u32;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % below
    };
    let payloads: Vec<_> = (0..300).map(|i| payload(i, random(if i % 20 == 0 { 70_000 } else { 300 }))).collect();
    let whole = log_of(&payloads);
    let spans = read(&whole).records;
    for _ in 0..200 {
        let mut log = whole.clone();
        let at = random(log.len());
        let end = (at + 1 + random(2000)).min(log.len());
        for byte in &mut log[at..end] {
            *byte = byte.wrapping_add(1 + random(255) as u8);
        }

        let reading = read(&log);

        let untouched = spans.iter().filter(|&&(start, stop, _)| stop as usize <= at || start as usize >= end);
        for record in untouched {
            assert!(reading.records.contains(record), "{at}..{end} lost {}..{}", record.0, record.1);
        }
        assert!(reading.records.iter().all(|record| spans.contains(record)), "{at}..{end} invented a record");
        assert_accounted(&log, &reading);
    }
}

/// A log of which the third block cannot be read.
struct FailingDisk(Vec<u8>);

impl crate::ReadAt for FailingDisk {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        if offset / BLOCK_SIZE as u64 == 2 {
            return Err(std::io::Error::other("I/O error"));
        }
        self.0.read_at(buffer, offset)
    }
}

#[test]
fn a_block_that_cannot_be_read_costs_itself() {
    let log = log_of(&(0..40).map(|i| payload(i, 4_089)).collect::<Vec<_>>());
    let mut reader = LogReader::new(Arc::new(FailingDisk(log)));

    let mut count = 0;
    while reader.next_record().unwrap().is_some() {
        count += 1;
    }

    assert_eq!(count, 32);
    assert_eq!(reader.faults(), [Fault::new(READ_ERROR, 2 * BLOCK_SIZE as u64, BLOCK_SIZE as u64)]);
}
