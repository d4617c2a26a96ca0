//! Reading and verifying every byte of one table. Never fails on content: what is wrong is a fault, and reading goes on.
//!
//! ```text
//! frame     footer, index, metaindex, filter: where the data blocks are and what is said of them
//! data      every data block: checksum, codec, index keys, filter
//! reading   entries: sums, bounds, order
//! coverage  bytes that belong to no block, or to two
//! ```

mod coverage;
mod data;
mod frame;
mod reading;

use self::reading::Edge;
use super::faults::Part;
use super::reader::BlockReader;
use super::{FOOTER_SIZE, Handle};
use crate::codec::Codec;
use crate::comparator::Comparator;
use crate::fault::{Fault, Result};
use crate::fault_log::FaultLog;
use crate::read_at::ReadAt;
use crate::totals::Totals;
use std::sync::Arc;

/// How far a scan reads ahead.
const AHEAD: usize = 1 << 20;

/// What to scan by.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Replaces the index: the blocks as walked, in file order. Filter, metaindex and index may be among them.
    pub blocks: Option<Vec<Handle>>,
    /// Replaces the contents of the index block.
    pub index: Option<Vec<u8>>,
    /// Hold the filter against the keys.
    pub check_filter: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { blocks: None, index: None, check_filter: true }
    }
}

/// One block of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockReport {
    /// Where it is.
    pub handle: Handle,
    /// What it is for.
    pub part: Part,
    /// How it is compressed; `None` where it is damaged.
    pub codec: Option<Codec>,
    /// Entries that were read from it.
    pub entry_count: u64,
}

/// What was found. Sums and bounds are of the entries that were read, damaged blocks' readable ones included.
#[derive(Debug, Clone, Default)]
pub struct TableScan {
    /// The size of the file.
    pub file_size: u64,
    /// From the footer; `None` where it is unusable.
    pub index_handle: Option<Handle>,
    /// From the footer; `None` where it is unusable.
    pub metaindex_handle: Option<Handle>,
    /// From the metaindex; `None` where there is none.
    pub filter_handle: Option<Handle>,
    /// The metaindex key without its `filter.` prefix.
    pub filter_name: Option<Vec<u8>>,
    /// Data blocks that the index names.
    pub block_count: u64,
    /// Data blocks with which nothing is wrong.
    pub intact_block_count: u64,
    /// Data blocks that could be decoded, by codec, in the order of [`Codec::ALL`].
    pub codec_counts: [u64; 5],
    /// Of the entries; keys are internal keys.
    pub totals: Totals,
    /// What is wrong, in file order.
    pub faults: Vec<Fault>,
    /// Every block found, in file order.
    pub blocks: Vec<BlockReport>,
}

impl TableScan {
    fn count_codec(&mut self, codec: Codec) {
        let at = Codec::ALL.iter().position(|known| *known == codec);
        if let Some(count) = at.and_then(|at| self.codec_counts.get_mut(at)) {
            *count += 1;
        }
    }
}

/// Read and verify every block of a table. What cannot be read is a fault like what is wrong.
///
/// # Errors
/// [`Error::Stopped`](crate::Error::Stopped) where the source says that it was interrupted.
pub fn scan_table(source: Arc<dyn ReadAt>, comparator: &Comparator, options: ScanOptions) -> Result<TableScan> {
    let mut scanner = Scanner {
        reader: BlockReader::new(source.clone(), AHEAD),
        comparator,
        scan: TableScan { file_size: source.size(), ..TableScan::default() },
        faults: FaultLog::default(),
        given_blocks: options.blocks.is_some(),
        edges: Vec::new(),
    };
    if let Some(plan) = scanner.read_frame(options) {
        scanner.scan_data(&plan)?;
        scanner.verify_coverage(&*source)?;
    }
    scanner.reader.check()?;
    let Scanner { mut scan, faults, .. } = scanner;
    scan.blocks.sort_by_key(|block| block.handle);
    scan.faults = faults.finish();
    Ok(scan)
}

/// One scan under way.
struct Scanner<'a> {
    reader: BlockReader,
    comparator: &'a Comparator,
    scan: TableScan,
    faults: FaultLog,
    /// Whether the blocks were given without an index.
    given_blocks: bool,
    /// The keys of the data blocks that were given, to say which keys are lost between them.
    edges: Vec<Edge>,
}

impl Scanner<'_> {
    /// Where blocks end: before the footer, where there is one.
    const fn blocks_end(&self) -> u64 {
        match self.scan.index_handle {
            Some(_) => self.scan.file_size.saturating_sub(FOOTER_SIZE as u64),
            None => self.scan.file_size,
        }
    }

    /// Enter a block in the list, where it begins inside the file.
    fn report(&mut self, part: Part, handle: Handle, codec: Option<Codec>, entry_count: u64) {
        if handle.offset >= self.scan.file_size {
            return;
        }
        self.scan.blocks.push(BlockReport { handle, part, codec, entry_count });
    }

    /// Read a block; where it cannot be used, tell why.
    fn load(&mut self, part: Part, handle: Handle, contents: &mut Vec<u8>) -> Option<Codec> {
        match self.reader.load(part, handle, contents) {
            Ok(codec) => Some(codec),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
