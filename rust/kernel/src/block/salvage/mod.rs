//! Salvage: what is certain of a block of which some bytes are known to be bad.
//!
//! ```text
//! known      bytes of which some are not known
//! snappy     a compressed block: forward to the damage, and behind it anchored at the end
//! entries    whole entries, once order and format have told what they can
//! ```
//! Before the damage everything is certain. After it a compressed block is anchored at its end: the elements of snappy that lead
//! exactly to the last byte make the last bytes of the contents. A copy of bytes that are not known is not known either. Entries
//! count whose every byte is known: from the first on, and from restart points on, where a key is whole.

mod entries;
mod known;
mod snappy;

use crate::codec::Codec;
use entries::{Place, before_hole, both_sides, layout, leads_to};
use known::Known;
use snappy::{Way, decode, decode_trusting, reach, ways};
use std::ops::Range;

/// Snappy copies from no further back.
const SNAPPY_REACH: usize = 1 << 16;
/// So many ways to the end are tried,
const MOST_WAYS: usize = 1024;
/// as long as they make no more than so many bytes altogether,
const MOST_WORK: usize = 16 << 20;
/// and so many more when one of them has given something.
const WAYS_AFTER_SUCCESS: usize = 64;

/// An entry: internal key and value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// What could be had of a block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Salvaged {
    /// Entries in the order of the block.
    pub entries: Vec<Entry>,
    /// How many of them stand before the damage.
    pub before: usize,
}

/// What is certain of a block that holds `stored` bytes, `bad` ranges of them hurt. Of compressed blocks only snappy's are taken;
/// `most` is what one may decompress to; `prefix` is how all user keys of the block begin, as far as the keys around it tell.
#[must_use]
pub fn salvage(codec: Codec, stored: &[u8], bad: &[Range<usize>], most: usize, prefix: &[u8]) -> Salvaged {
    let known = Known::with_holes(stored, bad);
    match codec {
        Codec::None => both_sides(&known, prefix, Place::Certain).0,
        Codec::Snappy => salvage_snappy(&known, most, prefix),
        Codec::Zstd | Codec::Zlib | Codec::Deflate => Salvaged::default(),
    }
}

fn salvage_snappy(stored: &Known, most: usize, prefix: &[u8]) -> Salvaged {
    let Some((size, start)) = stored.varint32(0) else {
        return best(ways(stored, 0), |way| of_unknown_size(stored, way, most, prefix));
    };
    if size > most {
        return Salvaged::default();
    }
    let mut contents = Known::unknown(size);
    let (at, to) = decode(stored, &mut contents, start, 0);
    let forward = before_hole(&contents);
    if at >= stored.len() || to >= size {
        return both_sides(&contents, prefix, Place::Certain).0;
    }
    let with_tail = best(ways(stored, at), |way| match size.checked_sub(way.made) {
        Some(begin) if begin >= to => with_tail(stored, &contents, (way.at, begin), prefix),
        _ => Salvaged::default(),
    });
    if with_tail.entries.len() > forward.entries.len() { with_tail } else { forward }
}

/// The entries of contents whose tail begins at `begin` and is made by the elements from `at` on.
///
/// The first elements may be none: a way that begins at a wrong place soon leads into the right one. What they make is not believed,
/// nor any copy of it. So what proves its place is looked for again with only those bytes believed that are in it or behind, until
/// that proves the same.
fn with_tail(stored: &Known, before: &Known, (at, begin): (usize, usize), prefix: &[u8]) -> Salvaged {
    let mut trusted_from = begin;
    loop {
        let mut contents = before.clone();
        decode_trusting(stored, &mut contents, (at, begin), trusted_from);
        match both_sides(&contents, prefix, Place::FirstProved { from: trusted_from }) {
            (found, Some(proof)) if proof == trusted_from => return found,
            (_, Some(proof)) => trusted_from = proof,
            (_, None) => return Salvaged::default(),
        }
    }
}

/// The most that any way gives. Ways meet sooner or later: soon after one has given something the others give the same or less.
fn best(ways: Vec<Way>, salvage: impl Fn(Way) -> Salvaged) -> Salvaged {
    let mut best = Salvaged::default();
    let longest = ways.iter().map(|way| way.made).max().unwrap_or_default();
    let mut patience = (MOST_WORK / (longest + 1)).clamp(1, MOST_WAYS);
    for way in ways {
        let found = salvage(way);
        if found.entries.len() > found.before {
            patience = patience.min(WAYS_AFTER_SUCCESS);
        }
        if found.entries.len() > best.entries.len() {
            best = found;
        }
        patience -= 1;
        if patience == 0 {
            break;
        }
    }
    best
}

/// The tail of a block whose length is lost: its restart points tell it, for from the last one entries lead exactly to the array.
fn of_unknown_size(stored: &Known, way: Way, most: usize, prefix: &[u8]) -> Salvaged {
    let before = reach(stored, way.at);
    if before > SNAPPY_REACH {
        return Salvaged::default();
    }
    let mut frame = Known::unknown(before + way.made);
    decode(stored, &mut frame, way.at, before);
    let Some(layout) = layout(&frame).filter(|layout| layout.restart_count > 1) else { return Salvaged::default() };
    let point = |index| layout.restart_point(frame.all(), index).unwrap_or_default();
    let (last, before_last) = (point(layout.restart_count - 1), point(layout.restart_count - 2));
    let Some(gap) = last.checked_sub(before_last).filter(|gap| *gap > 0) else { return Salvaged::default() };
    let array_size = frame.len() - layout.entries_end;
    for start in (before..layout.entries_end).rev() {
        let size = last + (layout.entries_end - start) + array_size;
        let is_it = (way.made..=most).contains(&size)
            && start >= gap
            && leads_to(&frame, start, layout.entries_end) == Some(true)
            && leads_to(&frame, start - gap, start) == Some(true);
        if is_it {
            return with_tail(stored, &Known::unknown(size), (way.at, size - way.made), prefix);
        }
    }
    Salvaged::default()
}

#[cfg(test)]
mod tests;
