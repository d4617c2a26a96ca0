//! Every version of every user key, once, with its state.
//!
//! The versions of a key come newest first, so a state depends only on what has come:
//!
//! | held by | newer versions | state |
//! |---|---|---|
//! | a current input | none in a current input | live if a put, else deleted |
//! | a current or superseded one | the next newer is a put | shadowed |
//! | a current or superseded one | the next newer is a deletion | deleted |
//! | superseded inputs only | none | deleted if a deletion, else unknown: the deletion may have been dropped |
//! | unproven inputs only | any | unknown |
//! | two different values, any input | any | unknown |
//!
//! "Newer" counts current and superseded versions; those that only unproven inputs hold change no other's state. A version
//! with two values counts as one version of its type.
//!
//! In memory: one version, and of the others with the same internal key a number of eight bytes each, up to 65536. Past
//! that, the same internal key and value may come out twice.

use super::batch::{Facts, State, Version, VersionBatch};
use super::place::Place;
use super::selection::{Entry, Standing, Wanted};
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::RangeInclusive;

const MOST_HASHES: usize = 1 << 16;

/// Gives the versions of a merge their states.
#[derive(Debug)]
pub struct Timeline {
    sequences: RangeInclusive<u64>,
    deletions_only: bool,
    pending: Option<Pending>,
    /// A version of the present key is held by a current input.
    has_current: bool,
    /// Whether the newer version of the present key, the nearest one that counts, is a put.
    newer_is_put: Option<bool>,
    /// Of the values that came before `pending` with the same internal key.
    hashes: HashSet<u64>,
    hasher: RandomState,
}

/// A version whose state is not known before the next one has come.
#[derive(Debug)]
struct Pending {
    standing: Standing,
    is_put: bool,
    conflicts: bool,
    /// `None` where its sequence number is not wanted.
    version: Option<Version>,
}

impl Timeline {
    /// Give out only versions with the sequence numbers wanted.
    pub fn new(wanted: &Wanted) -> Self {
        let (hashes, hasher) = (HashSet::new(), RandomState::new());
        let (sequences, deletions_only) = (wanted.from_sequence..=wanted.to_sequence, wanted.deletions_only);
        Self { sequences, deletions_only, pending: None, has_current: false, newer_is_put: None, hashes, hasher }
    }

    /// The version that is placed but not counted yet, to be carried to another batch.
    pub fn pending(&mut self) -> Option<&mut Version> {
        self.pending.as_mut()?.version.as_mut()
    }

    /// Take the next entry. Counts one version at most.
    #[inline]
    pub fn take(&mut self, entry: &Entry<'_>, place: Place, batch: &mut VersionBatch) {
        match place {
            Place::Same => return self.take_same(entry, batch),
            Place::Late => {
                if let Some(version) = self.place(entry, batch) {
                    batch.push(version);
                }
                return;
            }
            Place::NewKey => {
                self.finish(batch);
                (self.has_current, self.newer_is_put) = (false, None);
            }
            Place::Older => self.finish(batch),
        }
        let version = self.place(entry, batch);
        self.pending = Some(Pending { standing: entry.standing, is_put: entry.is_put(), conflicts: false, version });
    }

    /// The pending version has no equal to come: count it. Counts one version at most.
    #[inline]
    pub fn finish(&mut self, batch: &mut VersionBatch) {
        let Some(pending) = self.pending.take() else { return };
        let state = self.judge(&pending);
        if let Some(version) = pending.version {
            batch.push(version.with_state(if pending.conflicts { State::Unknown } else { state }));
        }
        if !self.hashes.is_empty() {
            self.hashes.clear();
        }
    }

    fn judge(&mut self, pending: &Pending) -> State {
        if pending.standing == Standing::Unproven {
            return State::Unknown;
        }
        let newer_is_put = self.newer_is_put.replace(pending.is_put);
        if pending.standing == Standing::Current && !self.has_current {
            self.has_current = true;
            return if pending.is_put { State::Live } else { State::Deleted };
        }
        match newer_is_put {
            Some(true) => State::Shadowed,
            None if pending.is_put => State::Unknown,
            Some(false) | None => State::Deleted,
        }
    }

    /// An entry with the internal key of the pending one: the same version again, or another value for it.
    fn take_same(&mut self, entry: &Entry<'_>, batch: &mut VersionBatch) {
        let Some(pending) = &mut self.pending else { return };
        pending.standing = pending.standing.min(entry.standing);
        let Some(version) = pending.version else { return };
        let first = (batch.key(&version), batch.value(&version));
        let other = (entry.user_key, entry.value);
        if first == other {
            return;
        }
        let hashes = [first, other].map(|bytes| self.hasher.hash_one(bytes));
        if self.hashes.contains(&hashes[1]) {
            return;
        }
        if self.hashes.len() < MOST_HASHES {
            self.hashes.insert(hashes[0]);
        }
        pending.conflicts = true;
        batch.push(version);
        pending.version = Some(batch.place(entry.user_key, entry.value, entry.facts(State::Unknown)));
    }

    fn place(&self, entry: &Entry<'_>, batch: &mut VersionBatch) -> Option<Version> {
        let facts: Facts = entry.facts(State::Unknown);
        let is_wanted = self.sequences.contains(&facts.sequence) && !(self.deletions_only && entry.is_put());
        is_wanted.then(|| batch.place(entry.user_key, entry.value, facts))
    }
}
