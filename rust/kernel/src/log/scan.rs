//! Totals and faults of one log of write batches.

use super::batches::BatchReader;
use crate::comparator::Comparator;
use crate::fault::{Fault, Result};
use crate::internal_key::TYPE_VALUE;
use crate::read_at::ReadAt;
use std::sync::Arc;

/// What reading and verifying every record of a log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogScan {
    /// The size of the log when it was opened.
    pub file_size: u64,
    /// How many zero bytes end it.
    pub zero_tail_size: u64,
    /// Records that are whole.
    pub record_count: u64,
    /// Those of them that are whole batches.
    pub batch_count: u64,
    /// Puts in whole batches.
    pub put_count: u64,
    /// Deletions in whole batches.
    pub deletion_count: u64,
    /// Sum of the sizes of the user keys.
    pub key_size: u64,
    /// Sum of the sizes of the values.
    pub value_size: u64,
    /// The smallest user key.
    pub smallest: Option<Vec<u8>>,
    /// The largest user key.
    pub largest: Option<Vec<u8>>,
    /// The smallest sequence number of an operation.
    pub min_sequence: Option<u64>,
    /// The largest sequence number of an operation.
    pub max_sequence: Option<u64>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// Read and verify every record and batch of a log.
///
/// # Errors
/// What the operating system says. Never on content.
pub fn scan_log(source: Arc<dyn ReadAt>, comparator: &Comparator) -> Result<LogScan> {
    let mut reader = BatchReader::new(source);
    let mut scan = LogScan::default();
    while reader.next_batch(|placed| {
        scan.batch_count += 1;
        for operation in placed.batch.operations() {
            scan.count(operation.value_type, operation.key, operation.value);
            scan.widen(comparator, operation.key);
        }
        if placed.batch.count > 0 {
            let first = placed.batch.sequence;
            let last = placed.batch.next_sequence() - 1;
            scan.min_sequence = Some(scan.min_sequence.map_or(first, |least| least.min(first)));
            scan.max_sequence = Some(scan.max_sequence.map_or(last, |most| most.max(last)));
        }
        Ok(())
    })? {}
    scan.file_size = reader.file_size();
    scan.zero_tail_size = reader.zero_tail_size();
    scan.record_count = reader.record_count();
    scan.faults = reader.take_faults();
    Ok(scan)
}

impl LogScan {
    fn count(&mut self, value_type: u8, key: &[u8], value: &[u8]) {
        let counter = if value_type == TYPE_VALUE { &mut self.put_count } else { &mut self.deletion_count };
        *counter += 1;
        self.key_size += key.len() as u64;
        self.value_size += value.len() as u64;
    }

    fn widen(&mut self, comparator: &Comparator, key: &[u8]) {
        if self.smallest.as_ref().is_none_or(|smallest| comparator.compare(key, smallest).is_lt()) {
            replace(&mut self.smallest, key);
        }
        if self.largest.as_ref().is_none_or(|largest| comparator.compare(key, largest).is_gt()) {
            replace(&mut self.largest, key);
        }
    }
}

fn replace(bound: &mut Option<Vec<u8>>, key: &[u8]) {
    let buffer = bound.get_or_insert_default();
    buffer.clear();
    buffer.extend_from_slice(key);
}
