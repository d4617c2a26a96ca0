//! Physical records: one block in memory, and what stands at each position of it.

use super::format::{self, BLOCK_SIZE, BLOCK_SIZE_U64, HEADER_SIZE, Header};
use super::resync::Resync;
use super::{BAD_LENGTH, CHECKSUM_MISMATCH, READ_ERROR, TORN_TAIL, UNKNOWN_TYPE, ZERO_HEADER};
use crate::fault::{Error, Fault, Result};
use crate::read_at::ReadAt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// What stands next in a log.
#[derive(Debug)]
pub enum Piece {
    /// A sound record of a known type. `payload` is within [`Blocks::bytes`].
    Record {
        /// The type, `TYPE_FULL` to `TYPE_LAST`.
        record_type: u8,
        /// Where its header begins in the file.
        offset: u64,
        /// Its payload in the block.
        payload: Range<usize>,
    },
    /// Bytes that cannot be used. A torn tail is the last piece, unless a [seek](Blocks::seek) goes back from it.
    Damage(Fault),
    /// Nothing more; the bytes from this offset to the end of the file are zero.
    End(u64),
}

/// Goes through a log, one block in memory.
pub struct Blocks {
    source: Arc<dyn ReadAt>,
    file_size: u64,
    block: Vec<u8>,
    block_offset: u64,
    position: usize,
    resync: Resync,
    /// Where zeroes began that reach to the end of the last block.
    zeroes: Option<u64>,
}

impl Blocks {
    /// Stand before the first record. Nothing is read yet.
    pub fn new(source: Arc<dyn ReadAt>) -> Self {
        let file_size = source.size();
        let block = Vec::new();
        Self { source, file_size, block, block_offset: 0, position: 0, resync: Resync::default(), zeroes: None }
    }

    /// The size of the log when it was opened.
    pub fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Bytes of the block in memory.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.block.get(range).unwrap_or_default()
    }

    /// The bytes of the block from this offset of the file on.
    pub fn range_from(&self, offset: u64) -> Range<usize> {
        let start = usize::try_from(offset.saturating_sub(self.block_offset)).unwrap_or(usize::MAX);
        start.min(self.block.len())..self.block.len()
    }

    /// Where the first record at or after this offset begins from which records follow one another to the end of the block.
    pub fn chained_from(&mut self, offset: u64) -> Option<u64> {
        let from = self.range_from(offset).start;
        self.resync.find(&self.block, from).map(|position| self.block_offset + position as u64)
    }

    /// Where the next piece begins, unless another block is to be read for it.
    pub fn offset(&self) -> u64 {
        self.block_offset + self.position as u64
    }

    /// Whether this offset of the file is in the block.
    pub fn has(&self, offset: u64) -> bool {
        (self.block_offset..self.block_offset + self.block.len() as u64).contains(&offset)
    }

    /// Go on at this offset of the file, which is in the block.
    pub fn seek(&mut self, offset: u64) {
        self.position = self.range_from(offset).start;
    }

    /// The next piece. After [`Piece::End`], that again.
    ///
    /// # Errors
    /// [`Error::Stopped`] where the source says that it was interrupted.
    pub fn next(&mut self) -> Result<Piece> {
        loop {
            let Some(header) = self.rest().first_chunk::<HEADER_SIZE>() else {
                if let Some(piece) = self.finish_block()? {
                    return Ok(piece);
                }
                continue;
            };
            if header != &[0; HEADER_SIZE] {
                return Ok(self.piece());
            }
            let nonzero = self.rest().iter().position(|&byte| byte != 0);
            let start = *self.zeroes.get_or_insert(self.offset());
            if nonzero.is_some() {
                return Ok(self.damage_from(start, ZERO_HEADER, None));
            }
            self.position = self.block.len();
        }
    }

    /// What stands at the position, where a header fits and is not all zeroes.
    fn piece(&mut self) -> Piece {
        if let Some(start) = self.zeroes.take() {
            return Piece::Damage(Fault::new(ZERO_HEADER, start, self.offset().saturating_sub(start)));
        }
        let Some(header) = Header::parse(self.rest()) else { return Piece::End(self.file_size) };
        if header.record_type == 0 && header.size == 0 {
            return self.damage_from(self.offset(), ZERO_HEADER, None);
        }
        let Some(covered) = format::covered(&self.block, self.position, header.size) else {
            return self.overlong(header);
        };
        let computed = format::checksum(covered);
        if computed != header.checksum {
            return self.mismatch(header, computed);
        }
        let offset = self.offset();
        let start = self.position + HEADER_SIZE;
        self.position = start + header.size;
        if header.has_known_type() {
            return Piece::Record { record_type: header.record_type, offset, payload: start..self.position };
        }
        let mut fault = Fault::new(UNKNOWN_TYPE, offset, self.offset() - offset);
        fault.got = Some(u64::from(header.record_type));
        Piece::Damage(fault)
    }

    /// A record that claims more bytes than the block has. Where the file ends it may be one that is cut.
    fn overlong(&mut self, header: Header) -> Piece {
        let room = self.rest().len() - HEADER_SIZE;
        let claims_a_crossing = self.position + HEADER_SIZE + header.size > BLOCK_SIZE;
        let fits_what_is_there = format::covered(&self.block, self.position, room).map(format::checksum);
        if self.is_last_block() && !claims_a_crossing && fits_what_is_there != Some(header.checksum) {
            return self.torn(HEADER_SIZE + header.size);
        }
        self.damage_from(self.offset(), BAD_LENGTH, Some((room as u64, header.size as u64)))
    }

    /// A record whose checksum does not fit. Its size is believed where something sound, or nothing, follows it.
    fn mismatch(&mut self, header: Header, computed: u32) -> Piece {
        let offset = self.offset();
        let values = (u64::from(header.checksum), u64::from(computed));
        let end = self.position + HEADER_SIZE + header.size;
        let after = self.block.get(end..).unwrap_or_default();
        if !is_sound_at(&self.block, end) && after.iter().any(|&byte| byte != 0) {
            return self.damage_from(offset, CHECKSUM_MISMATCH, Some(values));
        }
        self.position = end;
        Piece::Damage(Fault::new(CHECKSUM_MISMATCH, offset, self.offset() - offset).with_values(values.0, values.1))
    }

    /// Damage from `start` up to the next sound record after the position, or to the end of the block.
    fn damage_from(&mut self, start: u64, code: &'static str, values: Option<(u64, u64)>) -> Piece {
        self.zeroes = None;
        self.position = self.resync.find(&self.block, self.position + 1).unwrap_or(self.block.len());
        let fault = Fault::new(code, start, self.offset().saturating_sub(start));
        Piece::Damage(match values {
            Some((expected, got)) => fault.with_values(expected, got),
            None => fault,
        })
    }

    /// Too few bytes are left in the block for a header: go to the next one, or end.
    fn finish_block(&mut self) -> Result<Option<Piece>> {
        let rest = self.rest().len();
        if self.block_offset + (self.block.len() as u64) < self.file_size {
            return self.load_next();
        }
        if rest == 0 || self.block.len() == BLOCK_SIZE {
            return Ok(Some(Piece::End(self.zeroes.unwrap_or(self.file_size))));
        }
        if self.rest().iter().all(|&byte| byte == 0) {
            return Ok(Some(Piece::End(self.zeroes.unwrap_or(self.offset()))));
        }
        if let Some(start) = self.zeroes.take() {
            return Ok(Some(Piece::Damage(Fault::new(ZERO_HEADER, start, self.offset().saturating_sub(start)))));
        }
        Ok(Some(self.torn(HEADER_SIZE)))
    }

    /// The end of the file cuts a record that needs `needed` bytes.
    fn torn(&mut self, needed: usize) -> Piece {
        let size = self.rest().len() as u64;
        let fault = Fault::new(TORN_TAIL, self.offset(), size).with_values(needed as u64, size);
        self.position = self.block.len();
        Piece::Damage(fault)
    }

    /// Read the next block. One that cannot be read is damage; only what stops the work is an error.
    fn load_next(&mut self) -> Result<Option<Piece>> {
        self.block_offset += self.block.len() as u64;
        let size = self.file_size.saturating_sub(self.block_offset).min(BLOCK_SIZE_U64);
        self.block.resize(usize::try_from(size).unwrap_or(BLOCK_SIZE), 0);
        self.position = 0;
        self.resync.forget();
        match self.source.read_at(&mut self.block, self.block_offset) {
            Ok(count) if count < self.block.len() => {
                self.block.truncate(count);
                self.file_size = self.block_offset + count as u64;
                Ok(None)
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(Error::Stopped),
            Err(_) => {
                self.position = self.block.len();
                let start = self.zeroes.take().unwrap_or(self.block_offset);
                Ok(Some(Piece::Damage(Fault::new(READ_ERROR, start, self.offset().saturating_sub(start)))))
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.block.get(self.position..).unwrap_or_default()
    }

    fn is_last_block(&self) -> bool {
        self.block_offset + self.block.len() as u64 >= self.file_size
    }
}

/// Whether a sound record of a known type stands at `position`.
fn is_sound_at(block: &[u8], position: usize) -> bool {
    let Some(header) = block.get(position..).and_then(Header::parse) else { return false };
    let covered = format::covered(block, position, header.size);
    header.has_known_type() && covered.is_some_and(|covered| format::checksum(covered) == header.checksum)
}
