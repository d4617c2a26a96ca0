//! Whether a table begins at a sector, and how far its blocks follow one another.
//!
//! The first entry of a block shares nothing with the one before it, so a block begins with a zero, the size of an internal key and
//! the size of a value; so do the bytes that a compressed block begins with, behind the codec's own head. Then the checksum
//! decides, and from there on the end of one block is the beginning of the next.

use crate::codec;
use crate::fault::{Error, Result};
use crate::internal_key;
use crate::read_at::ReadAt;
use crate::table::end_search::EndSearch;
use crate::table::footer::Footer;
use crate::table::walk::{Judge, MAX_BLOCKS, MAX_SIZE};
use crate::table::window::Window;
use crate::table::{FOOTER_SIZE, Handle, TRAILER_SIZE};
use crate::varint;

const AHEAD: usize = 1 << 20;
/// How many bytes are searched for the end of a block at least; more where the run is long, for an index grows with its table.
pub const LEAST_LOOK: u64 = 64 << 10;
const LOOK_PER_BYTE: u64 = 4;
/// The longest key and value that a first entry is believed to have.
const MOST_KEY: u32 = 64 << 10;
const MOST_VALUE: u32 = 64 << 20;

/// The restart array of a block with one entry. Part of the file format.
const ONE_RESTART: [u8; 8] = [0, 0, 0, 0, 1, 0, 0, 0];
/// The longest that the three sizes of an entry can be.
const LONGEST_HEAD: usize = 15;

/// Blocks that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where the first one begins.
    pub start: u64,
    /// Where the last one's trailer ends.
    pub end: u64,
    /// How many there are.
    pub block_count: u64,
}

/// Whether bytes may be those of a table's first block. Few others pass.
#[must_use]
pub fn is_likely(bytes: &[u8]) -> bool {
    match bytes {
        [0, ..] => is_first_entry(bytes),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => true,
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => true,
        _ => is_snappy(bytes) || is_deflate(bytes),
    }
}

/// Shares nothing and has an internal key; so has the entry that follows it, or the block has just one. What lies beyond the bytes
/// is not asked.
fn is_first_entry(bytes: &[u8]) -> bool {
    let Some((shared, key_size, value_size, at)) = entry_head(bytes, 0) else { return false };
    if shared != 0 || !(8..=MOST_KEY).contains(&key_size) || value_size > MOST_VALUE {
        return false;
    }
    let (key_end, end) = (at + size_of(key_size), at + size_of(key_size) + size_of(value_size));
    if !bytes.get(at..key_end).is_none_or(is_internal_key) {
        return false;
    }
    bytes.get(end..).is_none_or(|rest| rest.starts_with(&ONE_RESTART) || is_second_entry(rest, key_size))
}

/// Has a key of its own; where the last 8 bytes are not shared, they are looked at.
fn is_second_entry(bytes: &[u8], first_size: u32) -> bool {
    let Some((shared, key_size, value_size, at)) = entry_head(bytes, 0) else { return bytes.len() < LONGEST_HEAD };
    let is_sized = shared <= first_size && key_size > 0 && key_size <= MOST_KEY && value_size <= MOST_VALUE;
    let key = bytes.get(at..).and_then(|rest| rest.get(..size_of(key_size)));
    is_sized && shared + key_size >= 8 && key.is_none_or(|key| key.len() < 8 || is_internal_key(key))
}

/// The three sizes that an entry begins with, and where its key begins.
fn entry_head(bytes: &[u8], at: usize) -> Option<(u32, u32, u32, usize)> {
    let (shared, at) = varint::read_u32(bytes, at)?;
    let (key_size, at) = varint::read_u32(bytes, at)?;
    let (value_size, at) = varint::read_u32(bytes, at)?;
    Some((shared, key_size, value_size, at))
}

fn size_of(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// Whether the trailer has a type that is written and a sequence number that is given out.
fn is_internal_key(key: &[u8]) -> bool {
    let is_used = |sequence: u64| sequence > 0 && sequence < 1 << 48;
    internal_key::split(key).is_some_and(|(_, trailer)| trailer & 0xff <= 1 && is_used(trailer >> 8))
}

/// The size of the contents, then a literal that begins as a block does.
fn is_snappy(bytes: &[u8]) -> bool {
    let Some((size, at)) = varint::read_u32(bytes, 0).filter(|(size, _)| *size >= 16) else { return false };
    let Some(&tag) = bytes.get(at) else { return false };
    let long = usize::from(tag >> 2).saturating_sub(59);
    let literal = bytes.get(at + 1 + long..).unwrap_or_default();
    let known = if long == 0 { literal.get(..usize::from(tag >> 2) + 1).unwrap_or(literal) } else { literal };
    tag & 3 == 0 && size <= MOST_VALUE && known.len() >= 3 && is_first_entry(known)
}

/// One last block with codes of its own, which have to be complete. What zlib makes of a few bytes has none, and is not found.
fn is_deflate(bytes: &[u8]) -> bool {
    const LAST_WITH_CODES: u8 = 0b101;
    let Some(head) = bytes.first_chunk::<10>() else { return false };
    let [first, ..] = *head;
    if first & 7 != LAST_WITH_CODES {
        return false;
    }
    let bits = head.iter().rev().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
    let (literals, distances, lengths) = (bits >> 3 & 31, bits >> 8 & 31, bits >> 13 & 15);
    let shares = (0..lengths + 4).map(|index| match bits >> (17 + 3 * index) & 7 {
        0 => 0,
        length => 128u32 >> length,
    });
    literals < 30
        && distances < 30
        && shares.sum::<u32>() == 128
        && codec::is_deflate_head(bytes.get(..512).unwrap_or(bytes))
}

/// The blocks that follow one another from `start` on; `None` where not even one stands there.
///
/// # Errors
/// [`Error::Stopped`] where the source says that it was interrupted.
pub fn follow(source: &dyn ReadAt, start: u64) -> Result<Option<Run>> {
    let mut judge = Judge::new(source, start);
    let mut window = Window::eager(0);
    let (mut end, mut block_count) = (start, 0);
    while block_count < MAX_BLOCKS as u64 && !(block_count > 0 && is_footer(source, &mut window, start, end)?) {
        let Some(next) = block_at(source, &mut window, &mut judge, start, end)? else { break };
        if block_count == 0 {
            window = Window::eager(AHEAD);
        }
        (end, block_count) = (next, block_count + 1);
    }
    Ok((block_count > 0).then_some(Run { start, end, block_count }))
}

/// Where the block ends that begins at `at`. More and more bytes are asked for, as long as none is found.
fn block_at(
    source: &dyn ReadAt,
    window: &mut Window,
    judge: &mut Judge<'_>,
    start: u64,
    at: u64,
) -> Result<Option<u64>> {
    let most = LEAST_LOOK.max((at - start) / LOOK_PER_BYTE).min(MAX_SIZE);
    let mut search = EndSearch::default();
    let mut look = LEAST_LOOK;
    loop {
        let size = usize::try_from(look.min(most)).unwrap_or(usize::MAX) + TRAILER_SIZE;
        let bytes = window.bytes(source, at, size).map_err(|_| Error::Stopped)?;
        while let Some(size) = search.next(bytes) {
            if let Some(found) = judge.judge(Handle { offset: at, size: size as u64 }) {
                return Ok(found.handle.end());
            }
        }
        if look >= most {
            return Ok(None);
        }
        look *= 4;
    }
}

/// Whether the footer of the table that began at `start` stands at `at`.
fn is_footer(source: &dyn ReadAt, window: &mut Window, start: u64, at: u64) -> Result<bool> {
    let bytes = window.bytes(source, at, FOOTER_SIZE).map_err(|_| Error::Stopped)?;
    let footer = bytes.first_chunk::<FOOTER_SIZE>().and_then(|bytes| Footer::decode(bytes, at).ok());
    Ok(footer.is_some_and(|footer| footer.index.end() == Some(at - start)))
}
