//! A log from its first record to the last that follows it without damage.
//!
//! Where its blocks begin is not known at first, for the log may have lost its beginning. A First or Middle record tells: it
//! reaches to the end of its block. So do the zeroes at the end of a block in which no header fits. From then on records have to
//! keep to the blocks.
//!
//! Sequence numbers are given out without a gap, so a batch that does not go on where the last one ended belongs to another log.
//! goleveldb leaves one out where it replays a log; where LevelDB leaves out those that a full disk refused, a log comes in two.

use super::records::batch_header;
use crate::fault::{Error, Result};
use crate::log::format::{
    BLOCK_SIZE, BLOCK_SIZE_U64, HEADER_SIZE, Header, TYPE_FIRST, TYPE_FULL, TYPE_MIDDLE, checksum, covered,
};
use crate::read_at::ReadAt;
use crate::table::window::Window;

const AHEAD: usize = 1 << 20;
const SLACK: u64 = 1;
/// The tag of the comparator's name, with which every manifest begins. Part of the file format.
const COMPARATOR: u8 = 1;

/// What the records of a log hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Write batches.
    Batches,
    /// Version edits: it is a manifest.
    Edits,
}

/// Records that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Where the first record begins.
    pub start: u64,
    /// Where the last one ends.
    pub end: u64,
    /// What they hold.
    pub content: Content,
    /// A place where a block begins, where one is known.
    pub boundary: Option<u64>,
    /// Payloads that are whole.
    pub record_count: u64,
    /// The first sequence number of batches.
    pub first_sequence: u64,
    /// The sequence number that a next batch would have.
    pub next_sequence: u64,
}

/// A sound record.
struct Sound {
    record_type: u8,
    /// Where it begins: after the zeroes that end a block.
    start: u64,
    end: u64,
    /// Sequence number and count, where it begins a batch.
    batch: Option<(u64, u32)>,
    first_byte: Option<u8>,
}

/// Follow the log whose first record begins at `start` and is sound.
///
/// # Errors
/// [`Error::Stopped`] where the source says that it was interrupted.
pub fn follow(source: &dyn ReadAt, start: u64, content: Content) -> Result<Chain> {
    let chain =
        Chain { start, end: start, content, boundary: None, record_count: 0, first_sequence: 0, next_sequence: 0 };
    let mut follower = Follower { source, window: Window::eager(AHEAD), chain, due: None, is_open: false };
    while let Some(sound) = follower.next()? {
        if !follower.take(&sound) {
            break;
        }
    }
    Ok(follower.chain)
}

struct Follower<'a> {
    source: &'a dyn ReadAt,
    window: Window,
    chain: Chain,
    /// What the next batch has to begin with.
    due: Option<u64>,
    /// Whether a First record has come and its Last has not.
    is_open: bool,
}

impl Follower<'_> {
    /// The sound record that follows, at the end of the last or behind the zeroes that end its block.
    fn next(&mut self) -> Result<Option<Sound>> {
        let at = self.chain.end;
        if let Some(boundary) = self.chain.boundary {
            let room = BLOCK_SIZE_U64 - (at - boundary) % BLOCK_SIZE_U64;
            return if room < HEADER_SIZE as u64 {
                self.sound(at + room, BLOCK_SIZE)
            } else {
                self.sound(at, room_of(room))
            };
        }
        if let Some(sound) = self.sound(at, BLOCK_SIZE)? {
            return Ok(Some(sound));
        }
        let zeroes = self.bytes(at, HEADER_SIZE)?.iter().take_while(|byte| **byte == 0).count();
        for skipped in 1..=zeroes.min(HEADER_SIZE - 1) {
            if let Some(sound) = self.sound(at + skipped as u64, BLOCK_SIZE)? {
                return Ok(Some(sound));
            }
        }
        Ok(None)
    }

    /// The record at `at`, if it is sound and has no more bytes than `room`.
    fn sound(&mut self, at: u64, room: usize) -> Result<Option<Sound>> {
        let bytes = self.bytes(at, room)?;
        let Some(header) = Header::parse(bytes).filter(Header::has_known_type) else { return Ok(None) };
        let Some(stretch) = covered(bytes, 0, header.size) else { return Ok(None) };
        if checksum(stretch) != header.checksum {
            return Ok(None);
        }
        let payload = stretch.get(1..).unwrap_or_default();
        let (batch, first_byte) = (batch_header(payload), payload.first().copied());
        let end = at + (HEADER_SIZE + header.size) as u64;
        Ok(Some(Sound { record_type: header.record_type, start: at, end, batch, first_byte }))
    }

    fn bytes(&mut self, at: u64, size: usize) -> Result<&[u8]> {
        self.window.bytes(self.source, at, size).map_err(|_| Error::Stopped)
    }

    /// Add a record; false where it belongs to another log.
    fn take(&mut self, sound: &Sound) -> bool {
        let begins = matches!(sound.record_type, TYPE_FULL | TYPE_FIRST);
        let goes_on = matches!(sound.record_type, TYPE_FIRST | TYPE_MIDDLE);
        if begins && !self.is_continued_by(sound) || !begins && !self.is_open || !self.fits_blocks(sound, goes_on) {
            return false;
        }
        if sound.start != self.chain.end {
            self.chain.boundary = Some(sound.start);
        }
        if goes_on {
            self.chain.boundary = Some(sound.end);
        }
        if begins && self.chain.content == Content::Batches {
            self.count_batch(sound);
        }
        self.is_open = goes_on;
        self.chain.record_count += u64::from(!goes_on);
        self.chain.end = sound.end;
        true
    }

    /// Whether a record that begins a payload begins the next one of this log.
    fn is_continued_by(&self, sound: &Sound) -> bool {
        if self.chain.end == self.chain.start {
            return true;
        }
        match self.chain.content {
            Content::Edits => sound.first_byte != Some(COMPARATOR),
            Content::Batches => match (self.due, sound.batch) {
                (Some(due), Some((sequence, _))) => (due..=due + SLACK).contains(&sequence),
                _ => true,
            },
        }
    }

    /// Whether a record that goes on in the next block ends with its own.
    fn fits_blocks(&self, sound: &Sound, goes_on: bool) -> bool {
        let ends_block = |boundary: u64| (sound.end - boundary) % BLOCK_SIZE_U64 == 0;
        !goes_on || self.chain.boundary.is_none_or(ends_block)
    }

    fn count_batch(&mut self, sound: &Sound) {
        if let Some((sequence, count)) = sound.batch {
            if self.chain.record_count == 0 && self.due.is_none() {
                self.chain.first_sequence = sequence;
            }
            self.chain.next_sequence = sequence + u64::from(count);
        }
        self.due = sound.batch.map(|(sequence, count)| sequence + u64::from(count));
    }
}

fn room_of(room: u64) -> usize {
    usize::try_from(room).unwrap_or(BLOCK_SIZE)
}
