//! Every data block: checksum, codec, entries, order, index keys, filter.

use super::Scanner;
use super::frame::{Plan, Planned, part_of};
use super::reading::{Denied, Reading};
use crate::codec::Codec;
use crate::fault::{Fault, Result};
use crate::filter::{BlockFilter, FilterBlock};
use crate::internal_key;
use crate::table::faults::{self, Flaw, Part};
use std::cmp::Ordering;

/// How many blocks at the end of a list are looked at for being no data blocks: filter, metaindex and index.
const FRAME_BLOCKS: usize = 3;

impl Scanner<'_> {
    pub(super) fn scan_data(&mut self, plan: &Plan) -> Result<()> {
        let mut reading = Reading::new(self.given_blocks);
        let mut contents = Vec::new();
        let mut read_to = 0;
        let frame_from = plan.blocks.len().saturating_sub(FRAME_BLOCKS);
        for (index, planned) in plan.blocks.iter().enumerate() {
            let handle = planned.handle;
            reading.separator_before =
                index.checked_sub(1).and_then(|last| plan.blocks.get(last)).map(separator).unwrap_or_default();
            if handle.offset < read_to {
                let place = faults::of_block(Part::Data, Flaw::BadHandle, handle);
                self.lose(planned, &reading, Fault { code: faults::OVERLAP, ..place });
                continue;
            }
            match self.reader.load(Part::Data, handle, &mut contents) {
                Err(fault) => {
                    self.reader.check()?;
                    self.lose(planned, &reading, fault);
                    self.report(Part::Data, handle, None, 0);
                }
                Ok(codec) => {
                    read_to = handle.end().unwrap_or(u64::MAX);
                    let may_be_frame = self.given_blocks && index >= frame_from;
                    match if may_be_frame { part_of(handle, &contents) } else { Part::Data } {
                        Part::Data => self.scan_block(planned, codec, &contents, plan.filter.as_ref(), &mut reading),
                        part => self.report(part, handle, Some(codec), 0),
                    }
                }
            }
        }
        reading.finish(&mut self.scan);
        self.edges = reading.edges;
        Ok(())
    }

    fn scan_block(
        &mut self,
        planned: &Planned,
        codec: Codec,
        contents: &[u8],
        filter: Option<&FilterBlock>,
        reading: &mut Reading,
    ) {
        let handle = planned.handle;
        self.scan.block_count += 1;
        self.scan.count_codec(codec);
        let filter = filter.map_or(BlockFilter::NONE, |filter| filter.of_block(handle.offset));
        let block = reading.read_block(handle.offset, contents, self.comparator, filter);
        for flaw in &block.flaws {
            self.tell(planned, reading, faults::of_block(Part::Data, *flaw, handle));
        }
        let intact = block.flaws.is_empty();
        self.scan.intact_block_count += u64::from(intact);
        self.report(Part::Data, handle, Some(codec).filter(|_| intact), block.entry_count);
        if let Some(denied) = block.denied {
            self.tell_denied(denied);
        }
        if !block.first_key.is_empty() {
            self.verify_separators(planned, &block.first_key, reading);
        }
    }

    /// A data block cannot be read.
    fn lose(&mut self, planned: &Planned, reading: &Reading, fault: Fault) {
        self.scan.block_count += 1;
        self.tell(planned, reading, fault);
    }

    /// Tell of a fault of a data block, with the keys at risk as the index has them.
    fn tell(&mut self, planned: &Planned, reading: &Reading, mut fault: Fault) {
        let user_key = |key: &[u8]| internal_key::user_key(key).to_vec();
        fault.lower = reading.separator_before.as_deref().map(user_key);
        fault.upper = separator(planned).as_deref().map(user_key);
        self.faults.push(fault);
    }

    fn tell_denied(&mut self, denied: Denied) {
        let place = faults::of_block(Part::Filter, Flaw::BadEntry, self.scan.filter_handle.unwrap_or_default());
        let (lower, upper) = (Some(denied.first), Some(denied.last));
        let fault = Fault { code: faults::FILTER_FALSE_NEGATIVE, lower, upper, ..place };
        self.faults.push(fault.with_values(0, denied.count));
    }

    /// Hold the index keys before and after a block against its first and last key. LevelDB does not find the keys between.
    fn verify_separators(&mut self, planned: &Planned, first_key: &[u8], reading: &Reading) {
        if let Some(before) = &reading.separator_before {
            if internal_key::compare(self.comparator, before, first_key) != Ordering::Less {
                self.tell_separator(first_key, before);
            }
        }
        if let Some(after) = separator(planned) {
            if internal_key::compare(self.comparator, &after, &reading.previous) == Ordering::Less {
                self.tell_separator(&after, &reading.previous);
            }
        }
    }

    fn tell_separator(&mut self, lower: &[u8], upper: &[u8]) {
        let place = faults::of_block(Part::Index, Flaw::KeyOrder, self.scan.index_handle.unwrap_or_default());
        let user_key = |key: &[u8]| Some(internal_key::user_key(key).to_vec());
        let fault = Fault { code: faults::INDEX_SEPARATOR, lower: user_key(lower), upper: user_key(upper), ..place };
        self.faults.push(fault);
    }
}

/// The index key of a block, where it was found through the index.
fn separator(planned: &Planned) -> Option<Vec<u8>> {
    (!planned.separator.is_empty()).then(|| planned.separator.clone())
}
