//! Tables and logs found in bytes that have no names: an image of a disk, a dump of memory, nameless files. At any alignment.
//!
//! ```text
//! sift      every position a look, many at a time: may a footer or a log begin here?
//! records   is it the first record of a log, or of a manifest? The checksum says
//! chain     from record to record to the log's end
//! head      is it the first block of a table? Asked where sectors begin; from block to block as long as checksums fit
//! sample    which operation had which sequence number, so that two databases can be told apart
//! ```
//! What is found is told as it lies there; what belongs together, and what is worth keeping, is for the caller to decide.
//! Bytes inside a log or a run of blocks are not looked at again: what they hold is content.

pub mod chain;
pub mod head;
pub mod records;
pub mod sample;
pub mod sift;

use crate::fault::{Error, Fault, Result};
use crate::read_at::ReadAt;
use crate::table::faults::read_error;
use crate::table::footer::Footer;
use crate::table::tolerant::Tolerant;
use crate::table::{FOOTER_SIZE, Handle};
pub use chain::{Chain, Content};
pub use head::Run;
use records::Records;
use std::sync::Arc;

/// Where a table may begin, in an image and in a file: the sectors of disks.
pub const SECTOR: usize = 512;
/// How many bytes are looked at before more are read.
const CHUNK: usize = 1 << 20;
/// How many bytes are there behind those that are looked at: a record and its header, and the first block of a table.
const AHEAD: usize = 64 << 10;
/// How many bytes may be searched in vain for the end of a first block up to a place, at least and for each byte before it, so
/// that no bytes can make it slow.
const VAIN_AT_LEAST: u64 = 64 << 20;
const VAIN_PER_BYTE: u64 = 4;
/// The part of a footer before its magic number.
const BEHIND: usize = FOOTER_SIZE - 8;

/// Something that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find {
    /// 48 bytes that are a footer whose metaindex and index follow one another. Nothing of what it points to is proved.
    Footer {
        /// Where it begins.
        offset: u64,
        /// What it says.
        footer: Footer,
    },
    /// Blocks that follow one another, the first of them in a sector's first byte.
    Blocks(Run),
    /// Records that follow one another.
    Log(Chain),
}

/// Goes through an image once. In memory: little more than a chunk, and a log's or a table's next megabyte.
pub struct Carver {
    source: Arc<dyn ReadAt>,
    at: u64,
    buffer: Vec<u8>,
    /// Where in the image the buffer begins.
    start: u64,
    /// Bytes of the image in the buffer; zeroes follow.
    filled: usize,
    faults: Vec<Fault>,
    /// How many bytes were searched in vain for the end of a first block.
    vain: u64,
}

impl Carver {
    /// Stand before the first byte.
    #[must_use]
    pub fn new(source: Arc<dyn ReadAt>) -> Self {
        Self { source, at: 0, buffer: Vec::new(), start: 0, filled: 0, faults: Vec::new(), vain: 0 }
    }

    /// How far the image has been looked at.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.at.min(self.source.size())
    }

    /// Hand over what could not be read (`table.read-error`); it is taken for zeroes.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }

    /// Look at the next chunk, and at all of what begins in it. Gives what was found, in order of offsets; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Stopped`] where the source says that it was interrupted. Never on content.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<Find>>> {
        if self.at >= self.source.size() {
            return Ok(None);
        }
        let source = self.source.clone();
        let tolerant = Tolerant::new(&*source);
        self.fill(&tolerant)?;
        let mut finds = Vec::new();
        let chunk_end = (self.at + CHUNK as u64).min(source.size());
        let mut records = Records::default();
        while self.at < chunk_end {
            let sector_end = (self.at / SECTOR as u64 + 1) * SECTOR as u64;
            self.look_at_sector(&tolerant, sector_end.min(chunk_end), &mut records, &mut finds)?;
        }
        self.faults.extend(tolerant.finish().iter().map(|(offset, size, error)| read_error(error, *offset, *size)));
        Ok(Some(finds))
    }

    /// Have the chunk in the buffer, and what stands before and behind it.
    fn fill(&mut self, source: &dyn ReadAt) -> Result<()> {
        self.start = self.at.saturating_sub(BEHIND as u64);
        self.buffer.resize(BEHIND + CHUNK + AHEAD + sift::REACH, 0);
        let room = self.buffer.len() - sift::REACH;
        let bytes = self.buffer.get_mut(..room).unwrap_or_default();
        self.filled = source.read_at(bytes, self.start).map_err(|_| Error::Stopped)?;
        self.buffer.get_mut(self.filled..).unwrap_or_default().fill(0);
        Ok(())
    }

    fn look_at_sector(
        &mut self,
        source: &dyn ReadAt,
        end: u64,
        records: &mut Records,
        finds: &mut Vec<Find>,
    ) -> Result<()> {
        if self.is_head() {
            if let Some(run) = head::follow(source, self.at)? {
                self.at = run.end;
                finds.push(Find::Blocks(run));
                return Ok(());
            }
            self.vain += head::LEAST_LOOK;
        }
        let (mut from, to) = (self.position(self.at), self.position(end));
        while let Some(position) = sift::next(&self.buffer, from, to) {
            let offset = self.start + position as u64;
            from = position + 1;
            if let Some(find) = self.footer_at(position) {
                finds.push(find);
            } else if let Some(content) = records.first_of_log(self.data(), position) {
                let chain = chain::follow(source, offset, content)?;
                // Nothing follows where the source does not read any more what it has read a moment ago.
                if chain.end > offset {
                    self.at = chain.end;
                    finds.push(Find::Log(chain));
                    return Ok(());
                }
            }
        }
        self.at = end;
        Ok(())
    }

    /// Whether a table may begin here.
    fn is_head(&self) -> bool {
        let is_worth_it = self.vain <= VAIN_AT_LEAST.saturating_add(self.at.saturating_mul(VAIN_PER_BYTE));
        self.at % SECTOR as u64 == 0 && is_worth_it && head::is_likely(self.bytes_from(self.at))
    }

    /// The footer whose magic number stands at a position of the buffer.
    fn footer_at(&self, position: usize) -> Option<Find> {
        let begin = position.checked_sub(BEHIND)?;
        let bytes = self.data().get(begin..)?.first_chunk::<FOOTER_SIZE>()?;
        let offset = self.start + begin as u64;
        let footer = Footer::decode(bytes, offset).ok()?;
        is_possible(&footer).then_some(Find::Footer { offset, footer })
    }

    fn data(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    fn bytes_from(&self, offset: u64) -> &[u8] {
        self.data().get(self.position(offset)..).unwrap_or_default()
    }

    fn position(&self, offset: u64) -> usize {
        usize::try_from(offset - self.start).unwrap_or(usize::MAX)
    }
}

/// Whether the metaindex stands right before the index, as every writer puts it.
fn is_possible(footer: &Footer) -> bool {
    let Footer { metaindex, index } = footer;
    metaindex.end() == Some(index.offset) && Handle::end(*index).is_some()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
