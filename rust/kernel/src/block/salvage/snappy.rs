//! Snappy as far as it is known: forward to the damage, and behind it by the elements that lead exactly to the end.

use super::known::Known;

/// After a hole, elements may begin this far from its end: a literal that the hole cuts may go on.
const MOST_LITERAL_LEFT: usize = 4096;

/// One element: bytes in the stream, or bytes of the contents once more.
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
                (end <= stored.len()).then_some((Self::Literal { from, size: size + 1 }, end))
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

    /// Write what it makes at `to`, but nothing before `first`; false where it would copy from before the beginning or go past the end.
    fn apply(self, stored: &Known, contents: &mut Known, to: usize, first: usize) -> bool {
        if to + self.size() > contents.len() {
            return false;
        }
        let skipped = first.saturating_sub(to);
        match self {
            Self::Literal { from, size } => (skipped..size).for_each(|at| contents.take(to + at, stored, from + at)),
            Self::Copy { distance, size } => {
                if distance == 0 || distance > to {
                    return false;
                }
                (to + skipped..to + size).for_each(|at| contents.repeat(at, at - distance));
            }
        }
        true
    }
}

/// Apply elements from `at` on, as long as they are known. Gives where it stopped in both.
pub(super) fn decode(stored: &Known, contents: &mut Known, at: usize, to: usize) -> (usize, usize) {
    decode_trusting(stored, contents, (at, to), 0)
}

/// The same, and of what elements make before `trusted_from` only the length is believed: one that is none may end where the true
/// one does, and reach further back.
pub(super) fn decode_trusting(
    stored: &Known,
    contents: &mut Known,
    (mut at, mut to): (usize, usize),
    trusted_from: usize,
) -> (usize, usize) {
    while let Some((element, next)) = Element::at(stored, at) {
        let end = to + element.size();
        if end > trusted_from && !element.apply(stored, contents, to, trusted_from) {
            break;
        }
        at = next;
        to = end;
    }
    (at, to)
}

/// How far back the elements from `at` on copy from, before what the first of them makes.
pub(super) fn reach(stored: &Known, mut at: usize) -> usize {
    let (mut reach, mut made) = (0, 0_usize);
    while let Some((element, next)) = Element::at(stored, at) {
        if let Element::Copy { distance, .. } = element {
            reach = reach.max(distance.saturating_sub(made));
        }
        made = made.saturating_add(element.size());
        at = next;
    }
    reach
}

/// A place where elements may begin that lead exactly to the end, and how many bytes they make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) at: usize,
    pub(super) made: usize,
}

/// The ways to the end from behind the hole that `stopped` is before or in, in order.
pub(super) fn ways(stored: &Known, stopped: usize) -> Vec<Way> {
    let length = stored.len();
    let begin = stored.skip(stored.skip(stopped, true), false);
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
