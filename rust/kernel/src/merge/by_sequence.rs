//! Versions in the order of their sequence numbers, sorted outside memory where they do not fit.
//!
//! ```text
//! record of the sort:  sequence BE64 | rank of the file BE32 | offset BE64 | input BE32 | type | state | intact |
//!                      size of the key LE64 | key | value
//! ```
//! The first twenty bytes are the order; versions that agree in them keep theirs.

use super::batch::{Facts, State, Version, VersionBatch};
use crate::cursor::Origin;
use crate::fault::Result;
use crate::internal_key::TYPE_VALUE;
use crate::sort::{Order, Sorted, Sorter};
use std::cmp::Ordering;
use std::path::Path;

const ORDERED_SIZE: usize = 20;
const BATCH_SIZE: usize = 8 << 20;

struct BySequence;

impl Order for BySequence {
    fn rank(&self, record: &[u8]) -> u128 {
        record.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        a.get(..ORDERED_SIZE).cmp(&b.get(..ORDERED_SIZE))
    }
}

/// Takes versions in any order.
pub struct SequenceSorter {
    sorter: Sorter<BySequence>,
    /// By input number.
    file_ranks: Vec<u32>,
}

/// Gives versions in ascending sequence order; ties by the rank of the file, then offset, then as they were given.
pub struct SequenceCursor {
    sorted: Sorted<BySequence>,
}

impl SequenceSorter {
    /// Sort in memory, or in `directory` past `memory_limit` bytes. `file_ranks` orders the inputs, by input number.
    #[must_use]
    pub fn new(file_ranks: Vec<u32>, directory: &Path, memory_limit: usize) -> Self {
        Self { sorter: Sorter::new(BySequence, directory, memory_limit), file_ranks }
    }

    /// Take a batch of versions in.
    ///
    /// # Errors
    /// What the operating system says of the temporary files, with their directory.
    pub fn push(&mut self, batch: &VersionBatch) -> Result<()> {
        for version in batch.iter() {
            let Origin { input, offset, intact } = version.origin;
            let rank = usize::try_from(input).ok().and_then(|input| self.file_ranks.get(input)).copied();
            self.sorter.push(|out| {
                out.extend_from_slice(&version.sequence.to_be_bytes());
                out.extend_from_slice(&rank.unwrap_or(u32::MAX).to_be_bytes());
                out.extend_from_slice(&offset.to_be_bytes());
                out.extend_from_slice(&input.to_be_bytes());
                out.extend_from_slice(&[version.value_type, number_of(version.state), u8::from(intact)]);
                out.extend_from_slice(&(batch.key(version).len() as u64).to_le_bytes());
                out.extend_from_slice(batch.key(version));
                out.extend_from_slice(batch.value(version));
            })?;
        }
        Ok(())
    }

    /// All versions have come.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(self) -> Result<SequenceCursor> {
        Ok(SequenceCursor { sorted: self.sorter.finish()? })
    }
}

impl SequenceCursor {
    /// Replace the contents of `batch` with the next versions: `count` at most, none at the end only.
    ///
    /// # Errors
    /// What the operating system says of the temporary files.
    pub fn fill(&mut self, batch: &mut VersionBatch, count: usize) -> Result<()> {
        batch.clear();
        while batch.len() < count && batch.byte_size() < BATCH_SIZE {
            let Some((facts, key, value)) = self.sorted.record().and_then(decode) else { break };
            let version: Version = batch.place(key, value, facts);
            batch.push(version);
            self.sorted.advance()?;
        }
        Ok(())
    }
}

fn decode(record: &[u8]) -> Option<(Facts, &[u8], &[u8])> {
    let (sequence, rest) = record.split_first_chunk::<8>()?;
    let (_, rest) = rest.split_first_chunk::<4>()?;
    let (offset, rest) = rest.split_first_chunk::<8>()?;
    let (input, rest) = rest.split_first_chunk::<4>()?;
    let (&[value_type, state, intact], rest) = rest.split_first_chunk::<3>()?;
    let (key_size, rest) = rest.split_first_chunk::<8>()?;
    let (key, value) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*key_size)).ok()?)?;
    let origin = Origin { input: u32::from_be_bytes(*input), offset: u64::from_be_bytes(*offset), intact: intact == 1 };
    let facts = Facts {
        sequence: u64::from_be_bytes(*sequence),
        value_type: value_type.min(TYPE_VALUE),
        state: state_of(state),
        origin,
    };
    Some((facts, key, value))
}

const STATES: [State; 4] = [State::Live, State::Shadowed, State::Deleted, State::Unknown];

const fn number_of(state: State) -> u8 {
    match state {
        State::Live => 0,
        State::Shadowed => 1,
        State::Deleted => 2,
        State::Unknown => 3,
    }
}

fn state_of(number: u8) -> State {
    STATES.get(usize::from(number)).copied().unwrap_or(State::Unknown)
}
