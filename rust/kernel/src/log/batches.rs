//! The write batches of a log, in file order: those that are whole, and faults for the rest.

use super::reader::{LogReader, Record};
use super::{ORPHAN_FRAGMENT, SEQUENCE_BACK, SEQUENCE_GAP, torn};
use crate::batch::{Batch, Head};
use crate::fault::{Fault, Result};
use crate::fault_log::FaultLog;
use crate::read_at::ReadAt;
use std::sync::Arc;

/// Reads the batches of a log, and holds them against each other: each continues the sequence numbers of the one before.
pub struct BatchReader {
    reader: LogReader,
    faults: FaultLog,
    record_count: u64,
    /// What the next batch should begin with; `None` before the first.
    due: Option<u64>,
    /// Where the last batch ends, and further on by the records left out behind it.
    lost_from: u64,
}

/// A whole batch and the span of its record.
#[derive(Debug, Clone, Copy)]
pub struct PlacedBatch<'a> {
    /// Where the first physical record of the batch begins.
    pub offset: u64,
    /// Where its last physical record ends.
    pub end_offset: u64,
    /// The batch.
    pub batch: Batch<'a>,
}

impl BatchReader {
    /// Stand before the first batch of `source`. Nothing is read yet.
    #[must_use]
    pub fn new(source: Arc<dyn ReadAt>) -> Self {
        Self {
            reader: LogReader::of_batches(source),
            faults: FaultLog::default(),
            record_count: 0,
            due: None,
            lost_from: 0,
        }
    }

    /// Give the next whole batch to `use_batch`; false at the end.
    ///
    /// # Errors
    /// As [`LogReader::next_record`], and what `use_batch` gives.
    pub fn next_batch(&mut self, use_batch: impl FnOnce(PlacedBatch<'_>) -> Result<()>) -> Result<bool> {
        loop {
            let most = self.reader.most();
            let Some((record, is_doubtful)) = self.reader.next_perhaps_cut(self.due)? else {
                self.faults.extend(self.reader.take_faults());
                return Ok(false);
            };
            if is_doubtful && !continues(record, self.due, self.lost_from) {
                let Record { offset, end_offset, .. } = record;
                self.faults.extend(self.reader.take_faults());
                self.leave_out(offset, end_offset);
                continue;
            }
            self.record_count += 1;
            if let Some(fault) = record.too_large(most) {
                let head = Head::of(record.payload);
                let fault = with_key(fault, head.and_then(|head| head.only_key));
                self.due = head.map(|head| head.next_sequence());
                self.lost_from = record.end_offset;
                self.faults.extend(self.reader.take_faults());
                self.reader.trust();
                self.faults.push(fault);
                continue;
            }
            let decoded = place(record);
            match decoded {
                Ok(placed) => {
                    let due = self.due.replace(placed.batch.next_sequence());
                    let skip = due.and_then(|due| sequence_fault(due, placed));
                    self.lost_from = placed.end_offset;
                    let used = use_batch(placed);
                    self.faults.extend(self.reader.take_faults());
                    self.reader.trust();
                    self.faults.extend(skip);
                    return used.map(|()| true);
                }
                Err(fault) => {
                    self.faults.extend(self.reader.take_faults());
                    self.faults.push(fault);
                }
            }
        }
    }

    /// The damage reaches over this record too, which does not continue the log.
    fn leave_out(&mut self, offset: u64, end_offset: u64) {
        self.lost_from += end_offset.saturating_sub(offset);
        match self.faults.last_mut() {
            Some(damage) => damage.size = end_offset.saturating_sub(damage.offset),
            None => self.faults.push(Fault::new(ORPHAN_FRAGMENT, offset, end_offset.saturating_sub(offset))),
        }
    }

    /// Hand over the faults met so far and forget them.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        self.faults.take()
    }

    /// The records read so far, batches or not.
    #[must_use]
    pub fn record_count(&self) -> u64 {
        self.record_count
    }

    /// The size of the log when it was opened.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.reader.file_size()
    }

    /// How many zero bytes end the log; known at the end.
    #[must_use]
    pub fn zero_tail_size(&self) -> u64 {
        self.reader.zero_tail_size()
    }
}

/// Whether a batch behind damage can come after the last one before it: the bytes lost since `lost_from` have room for the operations
/// between. One of a log in a value that is hurt rarely can. What is no batch is not applied in any case.
fn continues(record: Record<'_>, due: Option<u64>, lost_from: u64) -> bool {
    let sequences = torn::sequences_within(due, record.offset.saturating_sub(lost_from));
    Head::of(record.payload).is_none_or(|head| sequences.contains(&head.sequence))
}

/// The fault of a record of which only the first bytes were looked at: where it is one operation, its key is at risk alone.
fn with_key(fault: Fault, key: Option<&[u8]>) -> Fault {
    let key = key.map(<[u8]>::to_vec);
    Fault { lower: key.clone(), upper: key, ..fault }
}

fn place(record: Record<'_>) -> std::result::Result<PlacedBatch<'_>, Fault> {
    let Record { offset, end_offset, payload, .. } = record;
    match Batch::decode(payload) {
        Ok(batch) => Ok(PlacedBatch { offset, end_offset, batch }),
        Err(fault) => Err(Fault { offset, size: end_offset - offset, ..fault }),
    }
}

fn sequence_fault(due: u64, placed: PlacedBatch<'_>) -> Option<Fault> {
    let found = placed.batch.sequence;
    let code = match found.cmp(&due) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Greater => SEQUENCE_GAP,
        std::cmp::Ordering::Less => SEQUENCE_BACK,
    };
    Some(Fault::new(code, placed.offset, 0).with_values(due, found))
}
