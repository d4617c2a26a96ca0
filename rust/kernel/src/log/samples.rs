//! Logs that the tests make, and what is read of them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;
use crate::batch::{append_header, append_put};
use crate::fault::Fault;
use crate::read_at::ReadAt;
use std::sync::Arc;

pub(super) fn log_of(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut log = Vec::new();
    for payload in payloads {
        let position = log.len();
        append_record(&mut log, payload, position);
    }
    log
}

/// A batch of one put.
pub(super) fn put(sequence: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    append_header(&mut out, sequence, 1);
    append_put(&mut out, format!("key{sequence}").as_bytes(), value);
    out
}

/// Where the record with this place begins in the log of these payloads.
pub(super) fn offset_of(payloads: &[Vec<u8>], place: usize) -> usize {
    log_of(&payloads[..place]).len()
}

/// The sequence numbers of the batches that are read, and what is wrong.
pub(super) fn batches_of(source: Arc<dyn ReadAt>) -> (Vec<u64>, Vec<Fault>) {
    let mut reader = BatchReader::new(source);
    let mut sequences = Vec::new();
    while reader
        .next_batch(|placed| {
            sequences.push(placed.batch.sequence);
            Ok(())
        })
        .unwrap()
    {}
    (sequences, reader.take_faults())
}
