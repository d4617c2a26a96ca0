//! A sample of which operation had which sequence number, the same numbers from whatever file they are taken.
//!
//! A database gives each sequence number to one operation. So two files that have a number with different keys are of two
//! databases, and two that have many numbers with the same keys are of one. Kept are the numbers whose scrambled value is
//! smallest: of two files that share numbers, both samples have the smallest of the shared ones.

use crate::comparator::Comparator;
use crate::crc;
use crate::cursor::EntryCursor;
use crate::fault::{Fault, Result};
use crate::internal_key;
use crate::log::BatchReader;
use crate::read_at::ReadAt;
use crate::table::{Handle, TableCursor};
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The numbers kept so far: scrambled, number, and what tells its operation from others.
struct Sample {
    most: usize,
    kept: BinaryHeap<(u64, u64, u32)>,
}

impl Sample {
    fn add(&mut self, sequence: u64, key: &[u8], value_type: u64) {
        let rank = scramble(sequence);
        if self.kept.len() >= self.most && self.kept.peek().is_none_or(|(largest, ..)| rank >= *largest) {
            return;
        }
        self.kept.push((rank, sequence, crc::extend(crc::value(key), &value_type.to_le_bytes())));
        if self.kept.len() > self.most {
            self.kept.pop();
        }
    }

    fn finish(self) -> Vec<(u64, u32)> {
        self.kept.into_sorted_vec().into_iter().map(|(_, sequence, operation)| (sequence, operation)).collect()
    }
}

/// Spread numbers that follow one another over all 64 bits (the finalizer of SplitMix64).
const fn scramble(sequence: u64) -> u64 {
    let mixed = (sequence ^ (sequence >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// At most `most` sequence numbers of a table, and a checksum of each one's key and type. `blocks` replaces the index.
///
/// # Errors
/// [`Error::Stopped`](crate::Error::Stopped) where the source says that it was interrupted. Never on content.
pub fn of_table(source: Arc<dyn ReadAt>, blocks: Option<Vec<Handle>>, most: usize) -> Result<Vec<(u64, u32)>> {
    let mut sample = Sample { most, kept: BinaryHeap::new() };
    let mut events: Vec<(u32, Fault)> = Vec::new();
    let opener = Box::new(move || Ok(source.clone()));
    let mut cursor = TableCursor::new(0, opener, Comparator::Bytewise, blocks.map(Arc::from));
    cursor.seek_to_first(&mut events)?;
    while cursor.valid() {
        if let Some((key, trailer)) = internal_key::split(cursor.key()) {
            sample.add(trailer >> 8, key, trailer & 0xff);
        }
        events.clear();
        cursor.next(&mut events)?;
    }
    Ok(sample.finish())
}

/// At most `most` sequence numbers of a log of batches, and a checksum of each one's key and type.
///
/// # Errors
/// As [`of_table`].
pub fn of_log(source: Arc<dyn ReadAt>, most: usize) -> Result<Vec<(u64, u32)>> {
    let mut sample = Sample { most, kept: BinaryHeap::new() };
    let mut reader = BatchReader::new(source);
    while reader.next_batch(|placed| {
        for operation in placed.batch.operations() {
            sample.add(operation.sequence, operation.key, u64::from(operation.value_type));
        }
        Ok(())
    })? {}
    Ok(sample.finish())
}
