//! A log in a value of a log whose record is hurt: its batches are no part of the log around it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::format::{BLOCK_SIZE, HEADER_SIZE};
use super::samples::{batches_of, log_of, offset_of, put};
use super::*;
use std::ops::Range;
use std::sync::Arc;

/// What is done to the header of a record.
type Hurt = fn(&mut [u8]);

/// The place of the record whose value holds a log.
const HOLDER: usize = 10;

fn puts(sequences: Range<u64>) -> Vec<Vec<u8>> {
    sequences.map(|sequence| put(sequence, &[1; 40])).collect()
}

/// Batches 1 to 10, one that holds `value`, and `behind` more.
fn holding(value: &[u8], behind: u64) -> Vec<Vec<u8>> {
    [puts(1..11), vec![put(11, value)], puts(12..12 + behind)].concat()
}

/// Batches whose numbers lie before what is due, around it, and beyond what there is room for.
fn inner_logs() -> [Vec<u8>; 3] {
    [log_of(&[puts(1..6), puts(100..101)].concat()), log_of(&puts(1..32)), log_of(&puts(100..131))]
}

/// The sequence numbers of the batches that are read, and where damage is.
fn read(log: &[u8]) -> (Vec<u64>, Vec<(&'static str, Range<usize>)>) {
    let (found, faults) = batches_of(Arc::new(log.to_vec()));
    let place = |offset: u64| usize::try_from(offset).unwrap();
    let faults = faults.into_iter().filter(|fault| !SEQUENCE_CODES.contains(&fault.code));
    (found, faults.map(|fault| (fault.code, place(fault.offset)..place(fault.offset + fault.size))).collect())
}

/// The numbers 1 to 10 and those behind the record that is hurt.
fn without_holder(behind: u64) -> Vec<u64> {
    (1..11).chain(12..12 + behind).collect()
}

#[test]
fn behind_a_header_that_is_hurt_the_log_goes_on_where_its_batch_ends() {
    let hurt: [(&str, Hurt); 3] = [
        (ZERO_HEADER, |header| header.fill(0)),
        (BAD_LENGTH, |header| header[4..6].fill(0xff)),
        (BAD_LENGTH, |header| header[5] ^= 0x83),
    ];
    for inner in inner_logs() {
        for (code, hurt) in hurt {
            for behind in [0, 5] {
                let batches = holding(&inner, behind);
                let (mut log, start) = (log_of(&batches), offset_of(&batches, HOLDER));
                hurt(&mut log[start..start + HEADER_SIZE]);

                let told = vec![(code, start..offset_of(&batches, HOLDER + 1))];
                assert_eq!(read(&log), (without_holder(behind), told));
            }
        }
    }
}

#[test]
fn behind_noise_in_place_of_a_header_the_log_goes_on_where_its_batch_ends() {
    for inner in inner_logs() {
        for noise in [[9, 9, 9, 9, 0xff, 0x7f, 9], [9, 9, 9, 9, 0, 0x70, 4], [9, 9, 9, 9, 3, 0, 0x80]] {
            for behind in [0, 5] {
                let batches = holding(&inner, behind);
                let (mut log, start) = (log_of(&batches), offset_of(&batches, HOLDER));
                log[start..start + HEADER_SIZE].copy_from_slice(&noise);

                let (found, faults) = read(&log);
                assert_eq!(found, without_holder(behind), "{noise:?}");
                assert_eq!(faults[0].1, start..offset_of(&batches, HOLDER + 1));
            }
        }
    }
}

#[test]
fn where_the_operations_are_hurt_too_batches_that_cannot_continue_the_log_are_left_out() {
    let [before_and_beyond, _, beyond] = inner_logs();
    for inner in [before_and_beyond, beyond] {
        for noise in [0, 0xa5] {
            for behind in [0, 5] {
                let batches = holding(&inner, behind);
                let (mut log, start) = (log_of(&batches), offset_of(&batches, HOLDER));
                log[start - 3..start + 30].fill(noise);

                let (found, faults) = read(&log);
                let expected: Vec<_> = without_holder(behind).into_iter().filter(|&sequence| sequence != 10).collect();
                assert_eq!(found, expected);
                let (first, last) = (faults.first().unwrap(), faults.last().unwrap());
                assert_eq!((first.1.start, last.1.end), (offset_of(&batches, 9), offset_of(&batches, HOLDER + 1)));
            }
        }
    }
}

#[test]
fn of_a_first_record_whose_header_is_hurt_the_batch_is_passed_too() {
    for inner in inner_logs() {
        let batches = [vec![put(1, &inner)], puts(2..6)].concat();
        let mut log = log_of(&batches);
        log[..HEADER_SIZE].fill(0);

        assert_eq!(read(&log), (vec![2, 3, 4, 5], vec![(ZERO_HEADER, 0..offset_of(&batches, 1))]));
    }
}

#[test]
fn a_log_in_a_fragment_whose_header_is_hurt_is_no_part_of_the_log() {
    for inner in inner_logs() {
        let value = [vec![1; 2 * BLOCK_SIZE], inner].concat();
        let batches = holding(&value, 5);
        let whole = log_of(&batches);
        for block in [1, 2] {
            let mut log = whole.clone();
            log[block * BLOCK_SIZE..block * BLOCK_SIZE + HEADER_SIZE].fill(0);

            assert_eq!(read(&log).0, without_holder(5), "block {block}");
        }
    }
}

#[test]
fn behind_a_header_that_is_hurt_the_log_goes_on_though_its_end_is_cut() {
    let batches = puts(1..21);
    let mut log = log_of(&batches);
    let start = offset_of(&batches, HOLDER);
    log[start..start + HEADER_SIZE].fill(0);
    log.truncate(log.len() - 5);

    let (found, faults) = read(&log);
    assert_eq!(found, (1..11).chain(12..20).collect::<Vec<_>>());
    assert_eq!(faults.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [ZERO_HEADER, TORN_TAIL]);
}

#[test]
fn noise_between_batches_costs_what_it_touches() {
    let batches = puts(1..41);
    let whole = log_of(&batches);
    for start in (0..whole.len() - 100).step_by(53) {
        let mut log = whole.clone();
        log[start..start + 100].iter_mut().enumerate().for_each(|(i, byte)| *byte ^= [0x5a, 0xc3, 0x91][i % 3]);

        let touched = |place| offset_of(&batches, place) < start + 100 && start < offset_of(&batches, place + 1);
        let expected: Vec<_> = (0..40).filter(|&place| !touched(place)).map(|place| place as u64 + 1).collect();
        assert_eq!(read(&log).0, expected, "{start}");
    }
}
