//! Versions handed over many at a time: their bytes one after another, without an allocation for each.

use crate::cursor::Origin;
use std::ops::Range;

/// What has become of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A read gives it now (or would have, at the sequence number looked back to).
    Live,
    /// A newer put has replaced it.
    Shadowed,
    /// A newer deletion has, or it is a deletion.
    Deleted,
    /// Nothing proves what has become of it.
    Unknown,
}

/// How many versions there are in each state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct StateCounts {
    /// [`State::Live`].
    pub live: u64,
    /// [`State::Shadowed`].
    pub shadowed: u64,
    /// [`State::Deleted`].
    pub deleted: u64,
    /// [`State::Unknown`].
    pub unknown: u64,
}

impl StateCounts {
    /// Count one version.
    #[inline]
    pub const fn count(&mut self, state: State) {
        let counter = match state {
            State::Live => &mut self.live,
            State::Shadowed => &mut self.shadowed,
            State::Deleted => &mut self.deleted,
            State::Unknown => &mut self.unknown,
        };
        *counter += 1;
    }
}

/// One version of a user key. Key and value are in the batch's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Its sequence number.
    pub sequence: u64,
    /// [`TYPE_VALUE`](crate::internal_key::TYPE_VALUE) or [`TYPE_DELETION`](crate::internal_key::TYPE_DELETION).
    pub value_type: u8,
    /// What has become of it.
    pub state: State,
    /// Where it lies.
    pub origin: Origin,
    start: usize,
    key_size: usize,
    value_size: usize,
}

impl Version {
    #[inline]
    pub(crate) const fn with_state(mut self, state: State) -> Self {
        self.state = state;
        self
    }
}

/// The most memory that is kept for the next versions.
const MOST_KEPT: usize = 64 << 20;

/// Versions in the order in which they come out.
#[derive(Debug, Default, Clone)]
pub struct VersionBatch {
    bytes: Vec<u8>,
    versions: Vec<Version>,
}

/// Everything of a version but its bytes.
pub(crate) struct Facts {
    pub(crate) sequence: u64,
    pub(crate) value_type: u8,
    pub(crate) state: State,
    pub(crate) origin: Origin,
}

impl VersionBatch {
    /// How many versions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// Bytes of all keys and values, those that were given up included.
    #[must_use]
    pub fn byte_size(&self) -> usize {
        self.bytes.len()
    }

    /// Forget the versions, and keep the memory, unless it is what a very large value took.
    pub fn clear(&mut self) {
        if self.bytes.capacity() > MOST_KEPT {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.versions.clear();
    }

    /// The versions in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Version> {
        self.versions.iter()
    }

    /// Those of the versions that are in `range`.
    #[must_use]
    pub fn versions(&self, range: Range<usize>) -> &[Version] {
        let end = range.end.min(self.versions.len());
        self.versions.get(range.start.min(end)..end).unwrap_or_default()
    }

    /// The user key of a version of this batch.
    #[inline]
    #[must_use]
    pub fn key(&self, version: &Version) -> &[u8] {
        self.slice(version.start..version.start + version.key_size)
    }

    /// The value of a version of this batch; empty for a deletion.
    #[inline]
    #[must_use]
    pub fn value(&self, version: &Version) -> &[u8] {
        let start = version.start + version.key_size;
        self.slice(start..start + version.value_size)
    }

    #[inline]
    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Copy the bytes of a version in, without counting it yet: [`push`](Self::push) or [`drop_last`](Self::drop_last) it.
    pub(crate) fn place(&mut self, key: &[u8], value: &[u8], facts: Facts) -> Version {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        let Facts { sequence, value_type, state, origin } = facts;
        Version { sequence, value_type, state, origin, start, key_size: key.len(), value_size: value.len() }
    }

    /// Count a placed version.
    #[inline]
    pub(crate) fn push(&mut self, version: Version) {
        self.versions.push(version);
    }

    /// Give up a placed version; its bytes go where they are the last ones.
    pub(crate) fn give_up(&mut self, version: &Version) {
        if version.start + version.key_size + version.value_size == self.bytes.len() {
            self.bytes.truncate(version.start);
        }
    }

    /// Copy a placed version over from another batch.
    pub(crate) fn adopt(&mut self, other: &Self, version: &Version) -> Version {
        let Version { sequence, value_type, state, origin, .. } = *version;
        self.place(other.key(version), other.value(version), Facts { sequence, value_type, state, origin })
    }
}
