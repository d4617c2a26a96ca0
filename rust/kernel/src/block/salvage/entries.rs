//! Entries of contents of which not every byte is known.
//!
//! Before the damage every byte is certain. Behind it bytes are only as certain as the place where they are taken to stand, and one
//! stretch from a restart point to the next that reads as LevelDB writes proves that: its lengths lead exactly to the next point, and
//! keys have the value types that there are.
//!
//! Order fills in unknown bytes: all user keys between two that begin alike begin so too. A byte that so becomes known is known wherever
//! snappy copied it.

use super::known::{Known, Learned};
use super::{Entry, Salvaged};
use crate::block::Layout;
use crate::internal_key;

const MOST_ROUNDS: usize = 8;
/// Value types that must be known in a stretch for it to prove anything.
const LEAST_TYPES: usize = 4;

/// The lengths of an entry, and where its key's own part and its value are.
#[derive(Debug, Clone, Copy)]
struct Head {
    shared: usize,
    delta: usize,
    value: usize,
    next: usize,
}

impl Head {
    fn at(contents: &Known, at: usize, end: usize) -> Option<Self> {
        let (shared, at) = contents.varint32(at)?;
        let (unshared, at) = contents.varint32(at)?;
        let (value_size, delta) = contents.varint32(at)?;
        let value = delta.checked_add(unshared)?;
        let next = value.checked_add(value_size)?;
        (next <= end).then_some(Self { shared, delta, value, next })
    }

    const fn key_size(self) -> usize {
        self.shared + self.value - self.delta
    }
}

/// The entries before the damage.
pub(super) fn before_hole(contents: &Known) -> Salvaged {
    let end = layout(contents).map_or(contents.len(), |layout| layout.entries_end);
    let mut entries = Vec::new();
    walk(contents, 0, end, &mut entries);
    Salvaged { before: entries.len(), entries }
}

/// How far it is known that bytes behind the damage are where they are taken to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// For certain.
    Certain,
    /// From the first stretch on that proves it, at `from` or behind.
    FirstProved { from: usize },
}

impl Place {
    const fn from(self) -> usize {
        match self {
            Self::Certain => 0,
            Self::FirstProved { from } => from,
        }
    }
}

/// The entries on both sides of the damage; and where the first stretch behind it begins that counts.
pub(super) fn both_sides(contents: &Known, prefix: &[u8], place: Place) -> (Salvaged, Option<usize>) {
    let mut found = before_hole(contents);
    let Some(layout) = layout(contents) else { return (found, None) };
    let mut contents = contents.clone();
    for _ in 0..MOST_ROUNDS {
        let Some(learned) = deduce(&contents, layout, prefix, place.from()) else { return (found, None) };
        if !contents.apply(&learned) {
            break;
        }
    }
    let stopped = walk(&contents, 0, layout.entries_end, &mut Vec::new());
    let (entries, proof) = after_hole(&contents, layout, stopped.max(place.from()), place);
    found.entries.extend(entries);
    (found, proof)
}

/// Where entries end and restart points are, if all of these are known.
pub(super) fn layout(contents: &Known) -> Option<Layout> {
    let size = contents.len();
    contents.get(size.checked_sub(4)?..size)?;
    let layout = Layout::of(contents.all())?;
    contents.get(layout.entries_end..size)?;
    Some(layout)
}

/// What follows for bytes that are not known, from stretches that begin at `from` or behind; `None` where it contradicts what is.
fn deduce(contents: &Known, layout: Layout, prefix: &[u8], from: usize) -> Option<Learned> {
    let mut learned = Learned::default();
    for (start, end) in stretches(contents, layout).filter(|(start, _)| *start >= from) {
        let mut at = start;
        while at < end
            && let Some(head) = Head::at(contents, at, end)
        {
            let user_key_size = head.key_size().checked_sub(internal_key::TRAILER_SIZE)?;
            for (place, byte) in prefix.iter().enumerate().take(user_key_size).skip(head.shared) {
                if !contents.learn(head.delta + place - head.shared, *byte, &mut learned) {
                    return None;
                }
            }
            at = head.next;
        }
    }
    Some(learned)
}

/// From each restart point to the next, or to the end of the entries.
fn stretches(contents: &Known, layout: Layout) -> impl Iterator<Item = (usize, usize)> {
    let point = move |index| layout.restart_point(contents.all(), index).unwrap_or(layout.entries_end);
    let all = (0..layout.restart_count).map(move |index| (point(index), point(index + 1)));
    all.filter(move |(start, end)| start < end && *end <= layout.entries_end)
}

/// Entries from the first stretch on, at `from` or behind, that proves its place; nothing where a later one leads elsewhere.
fn after_hole(contents: &Known, layout: Layout, from: usize, place: Place) -> (Vec<Entry>, Option<usize>) {
    let mut found = Vec::new();
    let mut proof = None;
    for (start, end) in stretches(contents, layout).filter(|(start, _)| *start >= from) {
        if leads_to(contents, start, end) == Some(false) {
            return (Vec::new(), None);
        }
        if proof.is_none() && (matches!(place, Place::Certain) || proves(contents, start, end)) {
            proof = Some(start);
        }
        if proof.is_some() {
            walk(contents, start, end, &mut found);
        }
    }
    (found, proof)
}

/// Whether the lengths of entries lead exactly from one place to another; `None` where they are not all known.
pub(super) fn leads_to(contents: &Known, start: usize, end: usize) -> Option<bool> {
    let mut at = start;
    while at < end {
        match Head::at(contents, at, end) {
            Some(head) => at = head.next,
            None if contents.skip(at, true) >= end.min(at + 15) => return Some(false),
            None => return None,
        }
    }
    Some(at == end)
}

/// Whether a stretch reads as LevelDB writes: its lengths lead exactly to its end, and what is known of its keys is as it must be.
/// The value types of some must be known: each is one of two, and chance makes any of 256.
pub(super) fn proves(contents: &Known, start: usize, end: usize) -> bool {
    let mut at = start;
    let mut key_size = 0;
    let mut known_types = 0;
    while at < end {
        let Some(head) = Head::at(contents, at, end) else { return false };
        if head.shared > key_size || (at == start && head.shared > 0) {
            return false;
        }
        key_size = head.key_size();
        let Some(type_at) = head.value.checked_sub(internal_key::TRAILER_SIZE).filter(|place| *place >= head.delta)
        else {
            return false;
        };
        match contents.byte(type_at) {
            Some(internal_key::TYPE_VALUE) => known_types += 1,
            Some(internal_key::TYPE_DELETION) if head.value == head.next => known_types += 1,
            Some(_) => return false,
            None => {}
        }
        at = head.next;
    }
    at == end && known_types >= LEAST_TYPES
}

/// Append the entries from `start` on, where a key is whole. One of which only the value is not known is passed over; the first
/// of which more is not known ends it. Gives where that is.
fn walk(contents: &Known, start: usize, end: usize, found: &mut Vec<Entry>) -> usize {
    let mut at = start;
    let mut key: Vec<u8> = Vec::new();
    while at < end
        && let Some(head) = Head::at(contents, at, end)
        && head.shared <= key.len()
        && let Some(delta) = contents.get(head.delta..head.value)
    {
        key.truncate(head.shared);
        key.extend_from_slice(delta);
        if internal_key::split(&key).is_none_or(|(_, trailer)| trailer & 0xff > 1) {
            break;
        }
        if let Some(value) = contents.get(head.value..head.next) {
            found.push((key.clone(), value.to_vec()));
        }
        at = head.next;
    }
    at
}
