//! Finding the blocks of a table without its index, each by its checksum.
//!
//! Blocks follow one another, so the end of one is the beginning of the next, and its size is the smallest at which a
//! checksum fits. Where none fits there is a hole, and from there on [`Resync`] finds the next beginning and end together.
//! A checksum that fits is not enough: the contents have to be those of a block or of a filter.
//!
//! Limits, so that no bytes can make it slow: blocks over 16 MiB are not looked for, blocks shorter than 4 bytes neither, no
//! more than 4 million are found, and only so many contents that turn out to be no block are decoded for each byte of the
//! stretch. What lies beyond these limits is a hole like any other. The work is linear in the stretch.

use super::end_search::EndSearch;
use super::faults::{self, Part};
use super::footer::MAGIC;
use super::reader::{Stored, decode};
use super::resync::Resync;
use super::tolerant::Tolerant;
use super::window::Window;
use super::{FOOTER_SIZE, Handle, TRAILER_SIZE};
use crate::block::{BlockCursor, RestartCheck, Step};
use crate::codec::{self, Codec, Decompressor};
use crate::fault::{Error, Fault, Result};
use crate::fault_log::FaultLog;
use crate::filter::FilterBlock;
use crate::read_at::ReadAt;

/// Blocks larger than this are not looked for.
pub const MAX_SIZE: u64 = 16 << 20;
/// No more blocks than this are found.
pub const MAX_BLOCKS: usize = 1 << 22;

const AHEAD: usize = 1 << 20;
/// How many bytes are searched at first for the end of a block; four times as many each time none is found.
const FIRST_LOOK: u64 = 64 << 10;
/// How much may be decoded in vain up to a place, at least and for each byte before it.
const VAIN_AT_LEAST: u64 = 64 << 20;
const VAIN_PER_BYTE: u64 = 4;
/// What looking at a block in vain costs at least, in bytes decoded.
const LEAST_VAIN: u64 = 2048;

/// A block that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub handle: Handle,
    /// Its type byte.
    pub block_type: u8,
}

/// What walking a stretch of a table found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// The blocks, in file order.
    pub blocks: Vec<Found>,
    /// The holes between them (`table.gap`), and what could not be read (`table.read-error`).
    pub faults: Vec<Fault>,
}

/// Find the blocks from `start` to `stop` (the end of the file, less the footer where there is one, if not given).
///
/// What cannot be read is a fault, and taken for zeroes.
///
/// # Errors
/// [`Error::Stopped`] where the source says that it was interrupted.
pub fn walk(source: &dyn ReadAt, start: u64, stop: Option<u64>) -> Result<Walk> {
    let source = Tolerant::new(source);
    let stop = stop.unwrap_or_else(|| end_of_blocks(&source)).min(source.size());
    let mut walker = Walker::new(&source, start, stop);
    walker.follow()?;
    walker.resync()?;
    let Walker { blocks, holes: mut faults, .. } = walker;
    for (offset, size, error) in source.finish() {
        faults.push(faults::read_error(&error, offset, size));
    }
    Ok(Walk { blocks, faults: faults.finish() })
}

/// The end of the file, or the beginning of its footer.
fn end_of_blocks(source: &dyn ReadAt) -> u64 {
    let size = source.size();
    let mut magic = [0; 8];
    let is_footer = size >= FOOTER_SIZE as u64
        && source.read_at(&mut magic, size - 8).is_ok_and(|count| count == 8)
        && u64::from_le_bytes(magic) == MAGIC;
    if is_footer { size - FOOTER_SIZE as u64 } else { size }
}

struct Walker<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    stop: u64,
    blocks: Vec<Found>,
    holes: FaultLog,
    judge: Judge<'a>,
}

impl<'a> Walker<'a> {
    fn new(source: &'a dyn ReadAt, start: u64, stop: u64) -> Self {
        let judge = Judge::new(source, start);
        Self { source, at: start, stop, blocks: Vec::new(), holes: FaultLog::default(), judge }
    }

    /// From block to block as long as one follows another.
    fn follow(&mut self) -> Result<()> {
        let mut window = Window::eager(AHEAD);
        while self.at < self.stop && self.blocks.len() < MAX_BLOCKS {
            let Some(found) = self.block_here(&mut window)? else { break };
            self.arrive(found);
        }
        Ok(())
    }

    fn block_here(&mut self, window: &mut Window) -> Result<Option<Found>> {
        let most = (self.stop - self.at).min(MAX_SIZE + TRAILER_SIZE as u64);
        let mut search = EndSearch::default();
        let mut look = FIRST_LOOK;
        loop {
            let size = usize::try_from(look.min(most)).unwrap_or(0);
            let bytes = window.bytes(self.source, self.at, size).map_err(|_| Error::Stopped)?;
            while let Some(size) = search.next(bytes) {
                let found = self.judge.judge(Handle { offset: self.at, size: size as u64 });
                if found.is_some() {
                    return Ok(found);
                }
            }
            if look >= most {
                return Ok(None);
            }
            look *= 4;
        }
    }

    /// From block to block wherever they are.
    fn resync(&mut self) -> Result<()> {
        let mut resync = Resync::new(self.source, self.at, self.stop, MAX_SIZE);
        while self.at < self.stop && self.blocks.len() < MAX_BLOCKS {
            let mut found = None;
            let judge = &mut self.judge;
            let accept = |offset, size| {
                found = judge.judge(Handle { offset, size });
                found.is_some()
            };
            resync.find(self.at, accept).map_err(|_| Error::Stopped)?;
            let Some(found) = found else { break };
            self.arrive(found);
        }
        self.hole_up_to(self.stop);
        Ok(())
    }

    fn arrive(&mut self, found: Found) {
        self.hole_up_to(found.handle.offset);
        self.at = found.handle.end().unwrap_or(u64::MAX);
        self.blocks.push(found);
    }

    fn hole_up_to(&mut self, offset: u64) {
        if self.at < offset {
            self.holes.push(Fault::new(faults::GAP, self.at, offset - self.at));
        }
    }
}

/// Tells blocks from bytes whose checksum fits by chance.
pub(crate) struct Judge<'a> {
    source: &'a dyn ReadAt,
    window: Window,
    decompressor: Decompressor,
    contents: Vec<u8>,
    start: u64,
    /// How much was decoded in vain.
    vain: u64,
}

impl<'a> Judge<'a> {
    /// Of a stretch of `source` that begins at `start`.
    pub(crate) fn new(source: &'a dyn ReadAt, start: u64) -> Self {
        let (window, decompressor) = (Window::new(AHEAD), Decompressor::within(source.most()));
        Self { source, window, decompressor, contents: Vec::new(), start, vain: 0 }
    }

    /// The block at `handle`, whose checksum fits, where its contents are a block's or a filter's.
    pub(crate) fn judge(&mut self, handle: Handle) -> Option<Found> {
        let passed = handle.offset.saturating_sub(self.start);
        if self.vain > VAIN_AT_LEAST + VAIN_PER_BYTE * passed || handle.size < LEAST_SIZE {
            return None;
        }
        self.contents.clear();
        let mut looked_at = 0;
        let found = self.decoded(handle, &mut looked_at);
        if found.is_none() {
            self.vain += LEAST_VAIN + looked_at + self.contents.len() as u64;
        }
        found
    }

    fn decoded(&mut self, handle: Handle, looked_at: &mut u64) -> Option<Found> {
        let [block_type] = self.peek::<1>(handle.offset.checked_add(handle.size)?)?;
        if !self.is_likely(handle, block_type) {
            return None;
        }
        *looked_at = handle.size;
        let size = usize::try_from(handle.size).ok()?;
        let bytes = self.window.bytes(self.source, handle.offset, size).ok()?;
        let stored = Stored { bytes, block_type };
        decode(Part::Data, handle, stored, &mut self.decompressor, &mut self.contents).ok()?;
        let good = is_block(&self.contents) || (block_type == codec::TYPE_NONE && is_filter(&self.contents));
        good.then_some(Found { handle, block_type })
    }

    /// A look at few bytes that spares decoding nearly all that is no block.
    fn is_likely(&mut self, handle: Handle, block_type: u8) -> bool {
        let head_size = usize::try_from(handle.size.min(HEAD_SIZE)).unwrap_or(0);
        if block_type == codec::TYPE_NONE {
            return self.is_likely_uncompressed(handle).unwrap_or(false);
        }
        let Ok(head) = self.window.bytes(self.source, handle.offset, head_size) else { return false };
        match Codec::of_block(block_type, head) {
            Some(Codec::Snappy) => codec::is_snappy_head(head, handle.size),
            Some(Codec::Zlib) => matches!(head, &[method, flags, ..] if is_zlib_header(method, flags)),
            Some(Codec::Deflate) => codec::is_deflate_head(head),
            known => known.is_some(),
        }
    }

    fn is_likely_uncompressed(&mut self, handle: Handle) -> Option<bool> {
        let Some(before_last) = handle.size.checked_sub(5) else { return Some(true) };
        let [a, b, c, d, last] = self.peek::<5>(handle.offset.checked_add(before_last)?)?;
        let array_offset = u64::from(u32::from_le_bytes([a, b, c, d]));
        let is_filter = last < 64 && array_offset <= before_last && (before_last - array_offset) % 4 == 0;
        let restart_count = u64::from(u32::from_le_bytes([b, c, d, last]));
        let array = handle.size.checked_sub(4 * restart_count + 4).filter(|_| restart_count > 0);
        Some(is_filter || array.is_some_and(|at| self.peek::<4>(handle.offset + at) == Some([0; 4])))
    }

    fn peek<const SIZE: usize>(&mut self, offset: u64) -> Option<[u8; SIZE]> {
        self.window.bytes(self.source, offset, SIZE).ok()?.first_chunk::<SIZE>().copied()
    }
}

/// How much of compressed bytes is looked at before all of them are.
const HEAD_SIZE: u64 = 1024;
/// The smallest block anybody writes: an empty one without restart points.
pub const LEAST_SIZE: u64 = 4;

/// The two bytes that begin every zlib stream. See RFC 1950.
fn is_zlib_header(method: u8, flags: u8) -> bool {
    method & 0x0f == 8 && method >> 4 <= 7 && (u16::from(method) << 8 | u16::from(flags)) % 31 == 0
}

/// Whether contents are those of a block: entries up to the restart array, and restart points that are entries.
#[must_use]
pub fn is_block(contents: &[u8]) -> bool {
    let mut cursor = BlockCursor::default();
    if !cursor.enter(contents) {
        return false;
    }
    let mut restarts = RestartCheck::new(cursor.layout(), contents);
    loop {
        match cursor.next(contents) {
            Step::Entry => restarts.entry(&cursor, contents),
            Step::End => return restarts.is_good(&cursor),
            Step::Bad => return false,
        }
    }
}

/// Whether contents are laid out as a filter block is, of whatever policy.
#[must_use]
pub fn is_filter(contents: &[u8]) -> bool {
    FilterBlock::new(contents.to_vec(), b"").is_some()
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
