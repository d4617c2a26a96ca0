//! The records of a log, in file order. Tolerant: what cannot be used is reported with its exact span, and reading goes on.
//!
//! Differs from LevelDB's reader where that loses data: after a bad record it goes on at the next sound one *inside* the
//! block, where LevelDB drops the rest of the block. A payload with a damaged fragment is dropped whole, as there.

use super::blocks::{Blocks, Piece};
use super::format::{BLOCK_SIZE_U64, HEADER_SIZE, Header, TYPE_FIRST, TYPE_FULL, TYPE_MIDDLE};
use super::{BAD_LENGTH, CHECKSUM_MISMATCH, ORPHAN_FRAGMENT, TOO_LARGE, TORN_TAIL, UNFINISHED, ZERO_HEADER, torn};
use crate::fault::{Fault, Result};
use crate::fault_log::FaultLog;
use crate::read_at::ReadAt;
use std::ops::Range;
use std::sync::Arc;

/// Damage that can hide a record whose value holds a log.
const RECORD_HURT: [&str; 3] = [CHECKSUM_MISMATCH, BAD_LENGTH, ZERO_HEADER];

/// One payload and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where its first physical record begins.
    pub offset: u64,
    /// Where its last physical record ends.
    pub end_offset: u64,
    /// The bytes that the writer was given; the first of them where they are more than are to be looked at.
    pub payload: &'a [u8],
    /// How many bytes the writer was given.
    pub size: u64,
}

impl Record<'_> {
    /// The fault of a record of which no more than `most` bytes are to be looked at; `None` where it is whole.
    #[must_use]
    pub fn too_large(&self, most: u64) -> Option<Fault> {
        let fault = Fault::new(TOO_LARGE, self.offset, self.end_offset - self.offset);
        (self.size > self.payload.len() as u64).then(|| fault.with_values(most, self.size))
    }
}

/// Reads a log. In memory: one block, one payload up to what its source [allows](ReadAt::most), and the faults met.
pub struct LogReader {
    blocks: Blocks,
    most: usize,
    /// The fragments read so far of a payload whose end has not come.
    open: Option<Open>,
    payload: Vec<u8>,
    /// Whether payloads are write batches.
    is_of_batches: bool,
    /// Where reading went on behind damage, inside a block.
    resumed: Option<u64>,
    faults: FaultLog,
    zero_tail_size: u64,
    ended: bool,
}

/// Where the fragments of an unfinished payload lie.
#[derive(Clone, Copy)]
struct Open {
    offset: u64,
    end_offset: u64,
    size: u64,
}

/// A payload that is whole, before it is borrowed.
struct Whole {
    offset: u64,
    end_offset: u64,
    size: u64,
    /// In the block; `None` where it was put together from fragments.
    in_block: Option<Range<usize>>,
}

impl LogReader {
    /// Stand before the first record of `source`. Nothing is read yet.
    #[must_use]
    pub fn new(source: Arc<dyn ReadAt>) -> Self {
        let most = usize::try_from(source.most()).unwrap_or(usize::MAX);
        Self {
            blocks: Blocks::new(source),
            most,
            open: None,
            payload: Vec::new(),
            is_of_batches: false,
            resumed: None,
            faults: FaultLog::default(),
            zero_tail_size: 0,
            ended: false,
        }
    }

    /// The same for a log whose payloads are write batches.
    pub(super) fn of_batches(source: Arc<dyn ReadAt>) -> Self {
        Self { is_of_batches: true, ..Self::new(source) }
    }

    /// The next record that is to be looked at; `None` at the end, and ever after. One that is too large is a fault.
    ///
    /// # Errors
    /// [`Error::Stopped`](crate::Error::Stopped) where the source says that it was interrupted.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        loop {
            let Some(whole) = self.next_whole(None)? else { return Ok(None) };
            let Some(fault) = self.record(&whole).too_large(self.most()) else { return Ok(Some(self.record(&whole))) };
            self.faults.push(fault);
        }
    }

    /// The next record, of which the payload is cut where it is [too large](Record::too_large), and whether it can be one of a
    /// log in the value of a record that is hurt: damage is before it in its block. `due` is the sequence number that the next
    /// batch should have, where that is known.
    ///
    /// # Errors
    /// As [`next_record`](Self::next_record).
    pub(super) fn next_perhaps_cut(&mut self, due: Option<u64>) -> Result<Option<(Record<'_>, bool)>> {
        let whole = self.next_whole(due)?;
        Ok(whole.map(|whole| (self.record(&whole), self.is_doubtful(whole.offset))))
    }

    fn is_doubtful(&self, offset: u64) -> bool {
        let is_behind = |resumed| resumed <= offset && resumed / BLOCK_SIZE_U64 == offset / BLOCK_SIZE_U64;
        self.resumed.is_some_and(|resumed| resumed % BLOCK_SIZE_U64 != 0 && is_behind(resumed))
    }

    /// Take the records from here on for those of the log itself, up to the next damage.
    pub(super) const fn trust(&mut self) {
        self.resumed = None;
    }

    /// How many bytes of a payload are to be looked at.
    #[must_use]
    pub const fn most(&self) -> u64 {
        self.most as u64
    }

    fn record(&self, whole: &Whole) -> Record<'_> {
        let payload = match &whole.in_block {
            Some(range) => self.blocks.bytes(range.clone()),
            None => &self.payload,
        };
        let payload = payload.get(..self.most).unwrap_or(payload);
        Record { offset: whole.offset, end_offset: whole.end_offset, payload, size: whole.size }
    }

    /// All faults met so far, in file order but for `log.record.unfinished`, which is known only where its end is missed.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        self.faults.as_slice()
    }

    /// Hand over the faults met so far and forget them.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        self.faults.take()
    }

    /// The size of the log when it was opened.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.blocks.file_size()
    }

    /// How many zero bytes end the log after its last record; known at the end, 0 before.
    #[must_use]
    pub fn zero_tail_size(&self) -> u64 {
        self.zero_tail_size
    }

    fn next_whole(&mut self, due: Option<u64>) -> Result<Option<Whole>> {
        while !self.ended {
            match self.blocks.next()? {
                Piece::Record { record_type, offset, payload } => {
                    if let Some(whole) = self.take_piece(record_type, offset, payload) {
                        return Ok(Some(whole));
                    }
                }
                Piece::Damage(fault) if fault.code == TORN_TAIL => self.tear(fault, due),
                Piece::Damage(fault) => self.pass_damage(fault, due),
                Piece::End(zeroes_from) => self.end(zeroes_from),
            }
        }
        Ok(None)
    }

    /// Take a physical record in; gives the payload that it completes.
    fn take_piece(&mut self, record_type: u8, offset: u64, payload: Range<usize>) -> Option<Whole> {
        let size = payload.len() as u64;
        let end_offset = offset + HEADER_SIZE as u64 + size;
        match (record_type, self.open) {
            (TYPE_FULL, _) => {
                self.drop_open();
                return Some(Whole { offset, end_offset, size, in_block: Some(payload) });
            }
            (TYPE_FIRST, _) => {
                self.drop_open();
                self.payload.clear();
                self.keep(payload);
                self.open = Some(Open { offset, end_offset, size });
            }
            (_, None) => self.report_orphan(offset, end_offset),
            (middle_or_last, Some(open)) => {
                self.keep(payload);
                let size = open.size + size;
                if middle_or_last != TYPE_MIDDLE {
                    self.open = None;
                    return Some(Whole { offset: open.offset, end_offset, size, in_block: None });
                }
                self.open = Some(Open { end_offset, size, ..open });
            }
        }
        None
    }

    /// Add a fragment to the payload under way, as far as it is to be looked at.
    fn keep(&mut self, fragment: Range<usize>) {
        let bytes = self.blocks.bytes(fragment);
        let room = self.most.saturating_sub(self.payload.len());
        self.payload.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The payload under way will not be finished: something else has come. An empty First before a block's end was
    /// written by old versions of LevelDB and is no fault.
    fn drop_open(&mut self) {
        if let Some(open) = self.open.take().filter(|_| !self.payload.is_empty()) {
            self.faults.push(Fault::new(UNFINISHED, open.offset, open.end_offset - open.offset));
        }
    }

    /// Fragments that follow one another are one fault.
    fn report_orphan(&mut self, offset: u64, end_offset: u64) {
        if let Some(last) = self.faults.last_mut().filter(|last| last.code == ORPHAN_FRAGMENT) {
            let end = last.offset + last.size;
            if offset == end || offset % BLOCK_SIZE_U64 == 0 && offset - end < HEADER_SIZE as u64 {
                last.size = end_offset - last.offset;
                return;
            }
        }
        self.faults.push(Fault::new(ORPHAN_FRAGMENT, offset, end_offset - offset));
    }

    /// Go on behind damage; in a log of batches behind the whole batch that is hurt, where its operations tell where that ends: a
    /// value of it can hold a log.
    fn pass_damage(&mut self, mut fault: Fault, due: Option<u64>) {
        if self.is_of_batches && RECORD_HURT.contains(&fault.code) {
            let end = if self.is_size_believed(&fault) { None } else { self.end_of_hurt_batch(fault.offset, due) };
            if let Some(end) = end {
                self.blocks.seek(end);
                fault.size = end.saturating_sub(fault.offset);
            }
            self.resumed = Some(self.blocks.offset());
        }
        self.drop_open();
        self.faults.push(fault);
    }

    /// Whether the damage ends where the header says, which something sound or nothing behind it bears out.
    fn is_size_believed(&self, fault: &Fault) -> bool {
        let header = Header::parse(self.blocks.bytes(self.blocks.range_from(fault.offset)));
        let size = header.map(|header| (HEADER_SIZE + header.size) as u64);
        fault.code == CHECKSUM_MISMATCH && size == Some(fault.size)
    }

    fn end_of_hurt_batch(&mut self, offset: u64, due: Option<u64>) -> Option<u64> {
        if !self.blocks.has(offset) {
            return None;
        }
        let is_whole = |open: Open| open.size == self.payload.len() as u64;
        let open = match self.open {
            Some(open) if is_whole(open) => Some(&mut self.payload),
            Some(_) => return None,
            None => None,
        };
        let rest = self.blocks.bytes(self.blocks.range_from(offset));
        torn::end_of_hurt_batch(open, rest, due, self.blocks.file_size()).map(|end| offset + end as u64)
    }

    /// The file ends inside a physical record, the last of its payload's fragments; or its size is hurt.
    fn tear(&mut self, mut fault: Fault, due: Option<u64>) {
        if let Some(offset) = self.resync_offset(fault.offset, due) {
            self.drop_open();
            self.blocks.seek(offset);
            self.resumed = Some(offset);
            // A torn tail tells sizes with the header, needed then left; a bad length tells them without, left then
            // claimed (mod.rs).
            let [needed, left] =
                [fault.expected, fault.got].map(|size| size.map(|size| size.saturating_sub(HEADER_SIZE as u64)));
            let (code, size) = (BAD_LENGTH, offset.saturating_sub(fault.offset));
            self.faults.push(Fault { code, size, expected: left, got: needed, ..fault });
            return;
        }
        if let Some(open) = self.open.take() {
            fault.size += fault.offset - open.offset;
            fault.offset = open.offset;
        }
        self.faults.push(fault);
    }

    /// Where to go on behind a record that claims more than is left; `None` where it was cut.
    ///
    /// Adds the cut fragment to the payload under way, of which nobody asks more after that than whether it is empty.
    fn resync_offset(&mut self, offset: u64, due: Option<u64>) -> Option<u64> {
        let range = self.blocks.range_from(offset);
        let header = Header::parse(self.blocks.bytes(range.clone()))?;
        let is_orphan = header.is_continuation() && self.open.is_none();
        if self.is_of_batches && (is_orphan || torn::is_noise(self.blocks.bytes(range.clone()))) {
            if let Some(end) = self.end_of_hurt_batch(offset, due) {
                return Some(end);
            }
        }
        if !self.is_of_batches || is_orphan {
            return self.blocks.chained_from(offset + 1);
        }
        let payload = range.start + HEADER_SIZE..range.end;
        let there = payload.len() as u64;
        let (bytes, before) = match self.open.filter(|_| header.is_continuation()) {
            Some(open) => {
                self.keep(payload);
                (self.payload.as_slice(), open.size)
            }
            None => (self.blocks.bytes(payload), 0),
        };
        let claimed = header.is_last_fragment().then_some(before + header.size as u64);
        let extent = torn::extent_of_batch(bytes, before + there, claimed).behind(before);
        torn::resync_offset(&mut self.blocks, offset, extent, due)
    }

    fn end(&mut self, zeroes_from: u64) {
        self.ended = true;
        self.zero_tail_size = self.file_size().saturating_sub(zeroes_from);
        if let Some(open) = self.open.take() {
            self.faults.push(Fault::new(TORN_TAIL, open.offset, open.end_offset - open.offset));
        }
    }
}
