//! Salvage: what is certain of a block of which some bytes are known to be bad.
//!
//! Before the damage everything is. After it a compressed block is anchored at its end: the elements of snappy that lead exactly to
//! the last byte make the last bytes of the contents. A copy of bytes that are not known is not known either. Entries count whose
//! every byte is known: from the first on, and from restart points on, where a key is whole.

use super::Layout;
use crate::codec::Codec;
use crate::internal_key;
use crate::varint;
use std::ops::Range;

/// After a hole, elements of snappy may begin this far from its end: a literal that the hole cuts may go on.
const MOST_LITERAL_LEFT: usize = 4096;
/// Snappy copies from no further back.
const SNAPPY_REACH: usize = 1 << 16;
/// So many ways to the end are tried,
const MOST_WAYS: usize = 1024;
/// and so many more when one of them has given something.
const WAYS_AFTER_SUCCESS: usize = 64;

/// Bytes of which some are not known.
#[derive(Debug, Clone)]
struct Known {
    /// All of them; 0 where they are not known.
    bytes: Vec<u8>,
    /// Which are known.
    mask: Vec<bool>,
}

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

impl Known {
    /// Bytes that are there but for `bad` ranges of them.
    fn with_holes(bytes: &[u8], bad: &[Range<usize>]) -> Self {
        let mut known = Self { bytes: bytes.to_vec(), mask: vec![true; bytes.len()] };
        for range in bad {
            let range = range.start.min(bytes.len())..range.end.min(bytes.len());
            known.mask.get_mut(range.clone()).into_iter().flatten().for_each(|known| *known = false);
            known.bytes.get_mut(range).into_iter().flatten().for_each(|byte| *byte = 0);
        }
        known
    }

    fn with_size(size: usize) -> Self {
        Self { bytes: vec![0; size], mask: vec![false; size] }
    }

    /// The bytes of a range, if all of them are there and known.
    fn get(&self, range: Range<usize>) -> Option<&[u8]> {
        self.mask.get(range.clone())?.iter().all(|known| *known).then(|| self.bytes.get(range))?
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.get(at..at.checked_add(1)?)?.first().copied()
    }

    fn varint32(&self, at: usize) -> Option<(usize, usize)> {
        let room = self.mask.get(at..)?.iter().take(5).take_while(|known| **known).count();
        let (value, size) = varint::read_u32(self.get(at..at + room)?, 0)?;
        Some((usize::try_from(value).ok()?, at + size))
    }

    fn copy(&mut self, to: usize, byte: u8, is_known: bool) {
        if let (Some(target), Some(mask)) = (self.bytes.get_mut(to), self.mask.get_mut(to)) {
            *target = byte;
            *mask = is_known;
        }
    }
}

/// One element of snappy: bytes in the stream, or bytes of the contents once more.
#[derive(Debug, Clone, Copy)]
enum Element {
    Literal { from: usize, size: usize },
    Copy { distance: usize, size: usize },
}

impl Element {
    /// The element at `at`, and where the next one is; `None` where its head is not known or none.
    fn at(stored: &Known, at: usize) -> Option<(Self, usize)> {
        let tag = stored.byte(at)?;
        let number = |from: usize, width: usize| -> Option<usize> {
            let bytes = stored.get(from..from.checked_add(width)?)?;
            Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
        };
        let high = usize::from(tag >> 2);
        match tag & 3 {
            0 => {
                let width = high.saturating_sub(59);
                let size = if width == 0 { high } else { number(at + 1, width)? };
                let from = at + 1 + width;
                let end = from.checked_add(size)?.checked_add(1)?;
                (end <= stored.bytes.len()).then_some((Self::Literal { from, size: size + 1 }, end))
            }
            1 => {
                let distance = number(at + 1, 1)? | (high >> 3) << 8;
                Some((Self::Copy { distance, size: (high & 7) + 4 }, at + 2))
            }
            kind => {
                let width = if kind == 2 { 2 } else { 4 };
                Some((Self::Copy { distance: number(at + 1, width)?, size: high + 1 }, at + 1 + width))
            }
        }
    }

    const fn size(self) -> usize {
        match self {
            Self::Literal { size, .. } | Self::Copy { size, .. } => size,
        }
    }

    /// Write what it makes at `to`; false where it would copy from before the beginning or go past the end.
    fn apply(self, stored: &Known, contents: &mut Known, to: usize) -> bool {
        if to + self.size() > contents.bytes.len() {
            return false;
        }
        match self {
            Self::Literal { from, size } => {
                for at in 0..size {
                    let byte = stored.bytes.get(from + at).copied().unwrap_or_default();
                    contents.copy(to + at, byte, stored.mask.get(from + at).copied().unwrap_or_default());
                }
            }
            Self::Copy { distance, size } => {
                if distance == 0 || distance > to {
                    return false;
                }
                for at in to..to + size {
                    let byte = contents.bytes.get(at - distance).copied().unwrap_or_default();
                    contents.copy(at, byte, contents.mask.get(at - distance).copied().unwrap_or_default());
                }
            }
        }
        true
    }
}

/// What is certain of a block that holds `stored` bytes, `bad` ranges of them hurt. Of compressed blocks only snappy's are taken;
/// `most` is what one may decompress to.
#[must_use]
pub fn salvage(codec: Codec, stored: &[u8], bad: &[Range<usize>], most: usize) -> Salvaged {
    let known = Known::with_holes(stored, bad);
    match codec {
        Codec::None => entries(&known),
        Codec::Snappy => salvage_snappy(&known, most),
        Codec::Zstd | Codec::Zlib | Codec::Deflate => Salvaged::default(),
    }
}

fn salvage_snappy(stored: &Known, most: usize) -> Salvaged {
    let Some((size, start)) = stored.varint32(0) else {
        return best(heads(stored, 0), |way| of_unknown_size(stored, way, most));
    };
    if size > most {
        return Salvaged::default();
    }
    let mut contents = Known::with_size(size);
    let (at, to) = decode(stored, &mut contents, start, 0);
    if at >= stored.bytes.len() || to >= size {
        return entries(&contents);
    }
    let forward = entries(&contents);
    let with_tail = best(heads(stored, at), |Way { at, made }| {
        let Some(to) = size.checked_sub(made).filter(|begin| *begin >= to) else { return Salvaged::default() };
        let mut contents = contents.clone();
        decode(stored, &mut contents, at, to);
        entries(&contents)
    });
    if with_tail.entries.len() > forward.entries.len() { with_tail } else { forward }
}

/// Apply elements from `at` on, as long as they are known. Gives where it stopped in both.
fn decode(stored: &Known, contents: &mut Known, mut at: usize, mut to: usize) -> (usize, usize) {
    while let Some((element, next)) = Element::at(stored, at) {
        if !element.apply(stored, contents, to) {
            break;
        }
        at = next;
        to += element.size();
    }
    (at, to)
}

/// A place where elements may begin that lead exactly to the end, and how many bytes they make.
#[derive(Debug, Clone, Copy)]
struct Way {
    at: usize,
    made: usize,
}

/// The ways to the end from behind the hole that `stopped` is before or in, in order.
fn heads(stored: &Known, stopped: usize) -> Vec<Way> {
    let length = stored.bytes.len();
    let mask = stored.mask.get(stopped..).unwrap_or_default();
    let hole = stopped + mask.iter().take_while(|known| **known).count();
    let begin = hole + stored.mask.get(hole..).unwrap_or_default().iter().take_while(|known| !**known).count();
    let mut made: Vec<Option<usize>> = vec![None; length - begin];
    made.push(Some(0));
    for at in (begin..length).rev() {
        let way = Element::at(stored, at).and_then(|(element, next)| {
            let rest = (*made.get(next.checked_sub(begin)?)?)?;
            rest.checked_add(element.size())
        });
        if let Some(slot) = made.get_mut(at - begin) {
            *slot = way;
        }
    }
    let near = made.iter().take(MOST_LITERAL_LEFT.min(length - begin)).enumerate();
    near.filter_map(|(at, made)| Some(Way { at: begin + at, made: (*made)? })).collect()
}

/// The most that any way gives. Ways meet sooner or later: soon after one has given something the others give the same or less.
fn best(ways: Vec<Way>, salvage: impl Fn(Way) -> Salvaged) -> Salvaged {
    let mut best = Salvaged::default();
    let mut patience = MOST_WAYS;
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
fn of_unknown_size(stored: &Known, way: Way, most: usize) -> Salvaged {
    let mut frame = Known::with_size(SNAPPY_REACH + way.made);
    decode(stored, &mut frame, way.at, SNAPPY_REACH);
    let Some(layout) = layout(&frame).filter(|layout| layout.restart_count > 1) else { return Salvaged::default() };
    let point = |index| layout.restart_point(&frame.bytes, index).unwrap_or_default();
    let (last, before_last) = (point(layout.restart_count - 1), point(layout.restart_count - 2));
    let array_size = frame.bytes.len() - layout.entries_end;
    for start in (SNAPPY_REACH..layout.entries_end).rev() {
        let size = last + (layout.entries_end - start) + array_size;
        let gap = last.saturating_sub(before_last);
        let is_it = size <= most
            && size >= way.made
            && gap > 0
            && start >= gap
            && walk(&frame, start, layout.entries_end, &mut Vec::new()) == layout.entries_end
            && walk(&frame, start - gap, start, &mut Vec::new()) == start;
        if is_it {
            let mut contents = Known::with_size(size);
            let tail = frame.bytes.len() - way.made;
            for (from, to) in (tail..frame.bytes.len()).zip(size - way.made..) {
                let byte = frame.bytes.get(from).copied().unwrap_or_default();
                contents.copy(to, byte, frame.mask.get(from).copied().unwrap_or_default());
            }
            return entries(&contents);
        }
    }
    Salvaged::default()
}

/// The entries of block contents of which every byte is known.
fn entries(contents: &Known) -> Salvaged {
    let layout = layout(contents);
    let end = layout.map_or(contents.bytes.len(), |layout| layout.entries_end);
    let mut found = Vec::new();
    let stopped = walk(contents, 0, end, &mut found);
    let before = found.len();
    if let Some(layout) = layout {
        let after = after_hole(contents, layout, stopped);
        found.extend(after);
    }
    Salvaged { entries: found, before }
}

/// Where entries end and restart points are, if all of these are known.
fn layout(contents: &Known) -> Option<Layout> {
    let size = contents.bytes.len();
    contents.get(size.checked_sub(4)?..size)?;
    let layout = Layout::of(&contents.bytes)?;
    contents.get(layout.entries_end..size)?;
    Some(layout)
}

/// Entries from restart points on that come after `stopped`. Not before one stretch leads exactly from a restart point to the next:
/// that proves that what stands from there on is where it is taken to be. Nothing where one that is known leads elsewhere.
fn after_hole(contents: &Known, layout: Layout, stopped: usize) -> Vec<Entry> {
    let point = |index| layout.restart_point(&contents.bytes, index).unwrap_or(layout.entries_end);
    let mut found = Vec::new();
    let mut is_proved = false;
    for index in 0..layout.restart_count {
        let (start, end) = (point(index), point(index + 1));
        if start < stopped {
            continue;
        }
        if start >= end || end > layout.entries_end {
            return Vec::new();
        }
        let mut stretch = Vec::new();
        let reached = walk(contents, start, end, &mut stretch);
        let is_known = contents.get(start..end).is_some();
        if is_known && reached != end {
            return Vec::new();
        }
        is_proved |= is_known;
        if is_proved {
            found.append(&mut stretch);
        }
    }
    found
}

/// Append the entries from `start` on, where a key is whole, up to the first that is not known. Gives where that is.
fn walk(contents: &Known, start: usize, end: usize, found: &mut Vec<Entry>) -> usize {
    let mut at = start;
    let mut key: Vec<u8> = Vec::new();
    while at < end {
        let Some((value, next)) = entry(contents, at, end, &mut key) else { break };
        if internal_key::split(&key).is_none_or(|(_, trailer)| trailer & 0xff > 1) {
            break;
        }
        found.push((key.clone(), value));
        at = next;
    }
    at
}

fn entry(contents: &Known, at: usize, end: usize, key: &mut Vec<u8>) -> Option<(Vec<u8>, usize)> {
    let (shared, at) = contents.varint32(at)?;
    let (unshared, at) = contents.varint32(at)?;
    let (value_size, at) = contents.varint32(at)?;
    let value_start = at.checked_add(unshared)?;
    let next = value_start.checked_add(value_size)?;
    if shared > key.len() || next > end {
        return None;
    }
    let delta = contents.get(at..value_start)?;
    let value = contents.get(value_start..next)?.to_vec();
    key.truncate(shared);
    key.extend_from_slice(delta);
    Some((value, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockBuilder;
    use crate::codec::Compressor;

    fn noise(seed: u64, size: usize) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..size).map(|_| next()).collect()
    }

    fn block(seed: u64, count: u64) -> (Vec<Entry>, Vec<u8>) {
        let mut builder = BlockBuilder::new(16);
        let entries: Vec<Entry> = (0..count)
            .map(|number| {
                let mut key = Vec::new();
                internal_key::append(&mut key, format!("key{:06}", number * 7).as_bytes(), 1000 + number, 1);
                let half = noise(seed * 1000 + number, 30);
                (key, [half.clone(), half].concat())
            })
            .collect();
        for (key, value) in &entries {
            builder.add(key, value).unwrap();
        }
        (entries, builder.finish().to_vec())
    }

    fn stored(codec: Codec, contents: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match codec {
            Codec::None => out.extend_from_slice(contents),
            _ => Compressor::default().compress(codec, contents, &mut out).unwrap(),
        }
        out
    }

    #[test]
    fn what_is_not_hurt_is_had_whole() {
        for codec in [Codec::None, Codec::Snappy] {
            let (entries, contents) = block(1, 40);

            let found = salvage(codec, &stored(codec, &contents), &[], 1 << 20);

            assert_eq!(found, Salvaged { before: 40, entries });
        }
    }

    #[test]
    fn whatever_is_hurt_nothing_is_invented_and_both_sides_come_back() {
        for (codec, least) in [(Codec::None, 55), (Codec::Snappy, 40)] {
            let mut total = 0;
            let mut rounds = 0;
            for seed in 0..5 {
                let (entries, contents) = block(seed, 60);
                let stored = stored(codec, &contents);
                for start in (0..stored.len()).step_by(97) {
                    let hole = start..(start + 256).min(stored.len());
                    let mut hurt = stored.clone();
                    hurt.get_mut(hole.clone()).unwrap().fill(0);

                    let found = salvage(codec, &hurt, &[hole.clone()], 1 << 20);

                    assert!(found.entries.iter().all(|entry| entries.contains(entry)), "{codec:?} {seed} {hole:?}");
                    assert!(found.entries.is_sorted(), "{codec:?} {seed} {hole:?}");
                    total += found.entries.len();
                    rounds += 60;
                }
            }
            assert!(total * 100 / rounds > least, "{codec:?}: {total} of {rounds}");
        }
    }

    #[test]
    fn hostile_bytes_end() {
        for seed in 0..300 {
            let bytes = noise(seed, 600);
            for codec in Codec::ALL {
                assert!(salvage(codec, &bytes, &[100..200, 5000..9000, 300..250], 1 << 16).entries.len() < 600);
            }
        }
        assert_eq!(salvage(Codec::None, &[], &[0..5], 1 << 16), Salvaged::default());
        assert_eq!(salvage(Codec::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2], &[], 1 << 16), Salvaged::default());
    }
}
