//! Totals and faults of one log of write batches.

use super::batches::BatchReader;
use crate::comparator::Comparator;
use crate::fault::{Fault, Result};
use crate::internal_key::TYPE_VALUE;
use crate::read_at::ReadAt;
use crate::totals::{Totals, replace_bound};
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
    /// Of the operations in whole batches; keys are user keys.
    pub totals: Totals,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// Read and verify every record and batch of a log.
///
/// # Errors
/// [`Error::Stopped`](crate::Error::Stopped) where the source says that it was interrupted. Never on content.
pub fn scan_log(source: Arc<dyn ReadAt>, comparator: &Comparator) -> Result<LogScan> {
    let mut reader = BatchReader::new(source);
    let mut scan = LogScan::default();
    while reader.next_batch(|placed| {
        scan.batch_count += 1;
        for operation in placed.batch.operations() {
            scan.totals.count(operation.value_type == TYPE_VALUE, operation.key, operation.value);
            widen(&mut scan.totals, comparator, operation.key);
        }
        if placed.batch.count > 0 {
            scan.totals.widen_sequences(placed.batch.sequence, placed.batch.next_sequence() - 1);
        }
        Ok(())
    })? {}
    scan.file_size = reader.file_size();
    scan.zero_tail_size = reader.zero_tail_size();
    scan.record_count = reader.record_count();
    scan.faults = reader.take_faults();
    Ok(scan)
}

fn widen(totals: &mut Totals, comparator: &Comparator, key: &[u8]) {
    if totals.smallest.as_ref().is_none_or(|smallest| comparator.compare(key, smallest).is_lt()) {
        replace_bound(&mut totals.smallest, key);
    }
    if totals.largest.as_ref().is_none_or(|largest| comparator.compare(key, largest).is_gt()) {
        replace_bound(&mut totals.largest, key);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::batch;
    use crate::log::format::HEADER_SIZE;
    use crate::log::samples::log_of;
    use crate::log::{SEQUENCE_BACK, SEQUENCE_GAP};

    fn batch_of(sequence: u64, count: u32) -> Vec<u8> {
        let mut out = Vec::new();
        batch::append_header(&mut out, sequence, count);
        for i in 0..u64::from(count) {
            if (sequence + i) % 3 == 0 {
                batch::append_deletion(&mut out, format!("key{:04}", (sequence + i) % 50).as_bytes());
            } else {
                batch::append_put(&mut out, format!("key{:04}", (sequence + i) % 50).as_bytes(), b"value");
            }
        }
        out
    }

    fn scan(log: &[u8]) -> LogScan {
        scan_log(Arc::new(log.to_vec()), &Comparator::Bytewise).unwrap()
    }

    #[test]
    fn a_scan_counts_what_is_in_whole_batches() {
        let log = log_of(&[batch_of(1, 10), batch_of(11, 0), batch_of(11, 20)]);

        let scan = scan(&log);

        assert!(scan.faults.is_empty());
        assert_eq!(
            (scan.record_count, scan.batch_count, scan.totals.put_count, scan.totals.deletion_count),
            (3, 3, 20, 10)
        );
        assert_eq!((scan.totals.min_sequence, scan.totals.max_sequence), (Some(1), Some(30)));
        assert_eq!(
            (scan.totals.smallest.unwrap(), scan.totals.largest.unwrap()),
            (b"key0001".to_vec(), b"key0030".to_vec())
        );
        assert_eq!((scan.totals.key_size, scan.totals.value_size), (30 * 7, 20 * 5));
    }

    #[test]
    fn a_record_that_is_no_whole_batch_is_a_fault_over_its_span() {
        let mut bad = batch_of(3, 2);
        bad.truncate(bad.len() - 1);
        let log = log_of(&[batch_of(1, 2), bad.clone(), batch_of(5, 2)]);
        let first = HEADER_SIZE as u64 + batch_of(1, 2).len() as u64;

        let scan = scan(&log);

        let told: Vec<_> = scan.faults.iter().map(|fault| (fault.code, fault.offset, fault.size)).collect();
        let size = (HEADER_SIZE + bad.len()) as u64;
        assert_eq!(told, [(batch::BAD_OPERATION, first, size), (SEQUENCE_GAP, first + size, 0)]);
        assert_eq!((scan.record_count, scan.batch_count), (3, 2));
        assert_eq!((scan.faults[1].expected, scan.faults[1].got), (Some(3), Some(5)));
    }

    #[test]
    fn sequence_numbers_that_go_back_are_told_once() {
        let log = log_of(&[batch_of(10, 2), batch_of(5, 2), batch_of(7, 1)]);

        let told: Vec<_> = scan(&log).faults.iter().map(|fault| (fault.code, fault.expected, fault.got)).collect();

        assert_eq!(told, [(SEQUENCE_BACK, Some(12), Some(5))]);
    }
}
