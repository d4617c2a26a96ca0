//! Records of more bytes than are to be looked at.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]

use super::format::HEADER_SIZE;
use super::samples::{batches_of, log_of};
use super::*;
use crate::batch;
use crate::read_at::Limited;
use std::sync::Arc;

#[test]
fn a_record_that_is_too_large_is_told_and_not_kept() {
    let payloads = [vec![1; 100], vec![2; 300_000], vec![3; 1000], vec![4; 1001]];
    let log = log_of(&payloads);
    let most = 1000;
    let mut reader = LogReader::new(Arc::new(Limited::new(Arc::new(log.clone()), most)));

    let mut found = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        found.push(record.payload.to_vec());
    }

    assert_eq!(found, [payloads[0].clone(), payloads[2].clone()]);
    let told: Vec<_> = reader.faults().iter().map(|fault| (fault.code, fault.expected, fault.got)).collect();
    assert_eq!(told, [(TOO_LARGE, Some(most), Some(300_000)), (TOO_LARGE, Some(most), Some(1001))]);
    let first = &reader.faults()[0];
    assert_eq!(first.offset, (HEADER_SIZE + 100) as u64);
    assert!(first.size > 300_000 && first.offset + first.size < log.len() as u64);
}

#[test]
fn of_a_batch_that_is_too_large_the_only_key_and_the_next_number_are_known() {
    let mut batches = Vec::new();
    for (sequence, keys) in [(1, &[b"a"][..]), (2, &[b"b"]), (3, &[b"c", b"d"]), (5, &[b"e"])] {
        let mut payload = Vec::new();
        batch::append_header(&mut payload, sequence, keys.len() as u32);
        let size = if sequence == 2 || sequence == 3 { 70_000 } else { 10 };
        keys.iter().for_each(|key| batch::append_put(&mut payload, *key, &vec![7; size]));
        batches.push(payload);
    }
    let source = Limited::new(Arc::new(log_of(&batches)), 1000);

    let (sequences, faults) = batches_of(Arc::new(source));

    assert_eq!(sequences, [1, 5]);
    let told: Vec<_> = faults.into_iter().map(|fault| (fault.code, fault.lower, fault.upper)).collect();
    assert_eq!(told, [(TOO_LARGE, Some(b"b".to_vec()), Some(b"b".to_vec())), (TOO_LARGE, None, None)]);
}
