//! Bytes that belong to no block, or to two; and which keys are lost where the blocks were given without an index.

use super::frame::part_of;
use super::{BlockReport, Scanner};
use crate::fault::{Fault, Result};
use crate::internal_key;
use crate::read_at::ReadAt;
use crate::table::Handle;
use crate::table::faults::{self, Flaw, Part};
use crate::table::walk::{self, Found};

impl Scanner<'_> {
    /// Hold the blocks found against the file: they must cover it up to the footer, each byte once.
    pub(super) fn verify_coverage(&mut self, source: &dyn ReadAt) -> Result<()> {
        self.leave_misplaced_frame_out();
        let mut handles: Vec<_> = self.scan.blocks.iter().map(|block| block.handle).collect();
        handles.sort_unstable();
        let stop = self.blocks_end();
        let mut covered_to = 0;
        for handle in handles {
            let end = handle.end().unwrap_or(u64::MAX).min(self.scan.file_size);
            self.uncovered(source, covered_to, handle.offset.min(stop))?;
            if handle.offset < covered_to {
                let overlap = covered_to.min(end) - handle.offset;
                self.faults.push(Fault::new(faults::OVERLAP, handle.offset, overlap));
            }
            covered_to = covered_to.max(end);
        }
        self.uncovered(source, covered_to, stop)?;
        if self.given_blocks {
            self.bound_losses();
        }
        Ok(())
    }

    /// What is said to be a metaindex, a filter or a damaged index cannot stand where other blocks do: then the handle is wrong
    /// that says so, and not they.
    fn leave_misplaced_frame_out(&mut self) {
        let is_certain = |block: &BlockReport| match block.part {
            Part::Data => true,
            Part::Index => block.codec.is_some(),
            Part::Metaindex | Part::Filter => false,
        };
        let (certain, mut others): (Vec<_>, Vec<_>) = self.scan.blocks.drain(..).partition(is_certain);
        self.scan.blocks = certain;
        others.sort_by_key(|block| block.codec.is_none());
        for block in others {
            if !self.scan.blocks.iter().any(|other| overlap(block.handle, other.handle)) {
                self.scan.blocks.push(block);
            } else if block.codec.is_some() {
                self.faults.push(faults::of_block(block.part, Flaw::BadHandle, block.handle));
            }
        }
    }

    /// No block covers these bytes. Where only data blocks were given, filter, metaindex and index may follow the last one.
    fn uncovered(&mut self, source: &dyn ReadAt, start: u64, stop: u64) -> Result<()> {
        let mut at = start;
        let after_data = self.edges.last().is_some_and(|edge| edge.offset < start);
        if self.given_blocks && after_data && start < stop {
            for found in walk::walk(source, start, Some(stop))?.blocks {
                if self.report_frame_block(found) {
                    self.gap(at, found.handle.offset);
                    at = found.handle.end().unwrap_or(stop);
                }
            }
        }
        self.gap(at, stop);
        Ok(())
    }

    fn gap(&mut self, start: u64, stop: u64) {
        if start < stop {
            self.faults.push(Fault::new(faults::GAP, start, stop - start));
        }
    }

    /// Report a block that was not given, where it is no data block.
    fn report_frame_block(&mut self, found: Found) -> bool {
        let mut contents = Vec::new();
        let Ok(codec) = self.reader.load(Part::Data, found.handle, &mut contents) else { return false };
        let part = part_of(found.handle, &contents);
        if part != Part::Data {
            self.report(part, found.handle, Some(codec), 0);
        }
        part != Part::Data
    }

    /// Bound the keys at risk in damaged blocks and gaps by the keys of the blocks around them.
    fn bound_losses(&mut self) {
        let edges = std::mem::take(&mut self.edges);
        self.faults.update(|fault| {
            if fault.code != faults::GAP && !fault.code.starts_with("table.block.") {
                return;
            }
            let end = fault.offset.saturating_add(fault.size);
            let before = edges.partition_point(|edge| edge.offset < fault.offset);
            let after = edges.partition_point(|edge| edge.offset < end);
            let last = before.checked_sub(1).and_then(|before| edges.get(before));
            fault.lower = last.map(|edge| internal_key::user_key(&edge.last).to_vec());
            fault.upper = edges.get(after).map(|edge| internal_key::user_key(&edge.first).to_vec());
        });
    }
}

fn overlap(a: Handle, b: Handle) -> bool {
    a.offset < b.end().unwrap_or(u64::MAX) && b.offset < a.end().unwrap_or(u64::MAX)
}
