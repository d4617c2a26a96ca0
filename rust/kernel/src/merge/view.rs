//! One version of each user key: the one that a read gives, or gave, and the last one of keys that are gone.
//!
//! The last put of a key that is gone has the state that the [timeline](super::timeline) gives it: deleted where a newer deletion
//! is on disk, unknown where none is, where only unproven inputs hold the put, or where it has two values.

use super::batch::{State, Version, VersionBatch};
use super::look_back::LookBack;
use super::place::Place;
use super::selection::{Entry, Mode, Standing, Wanted};
use crate::comparator::Comparator;
use crate::internal_key::MAX_SEQUENCE;

/// Chooses among the versions of each key, newest first. In memory: one version.
#[derive(Debug)]
pub struct View {
    mode: Mode,
    sequence: u64,
    /// Whether versions of superseded and unproven inputs count for what is visible at `sequence`.
    past_counts: bool,
    comparator: Comparator,
    look_back: LookBack,
    rule: Rule,
    verdict: Verdict,
    /// A deletion of the present key has come, from an input of which it is known what it counts for.
    has_deletion: bool,
    /// One of these deletions has a sequence number that is looked back at.
    is_gone_as_wanted: bool,
    /// The newest put of the present key.
    last_put: Option<Version>,
}

/// What is asked of the present key.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Newer versions do not exist.
    sequence: u64,
    past_counts: bool,
    gives_visible: bool,
    gives_last_put: bool,
}

/// What is known of the present key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// No version has come that counts.
    Open,
    /// It is not visible.
    Gone,
    /// All that is wanted of it has come.
    Settled,
}

impl View {
    /// Choose as `wanted` says. `past_counts`: its sequence number is below the newest of the current inputs.
    pub fn new(wanted: &Wanted, comparator: &Comparator, past_counts: bool) -> Self {
        let sequence = wanted.sequence.unwrap_or(MAX_SEQUENCE);
        let rule = Rule { sequence, past_counts, gives_visible: true, gives_last_put: false };
        Self {
            mode: wanted.mode,
            sequence,
            past_counts,
            comparator: comparator.clone(),
            look_back: wanted.look_back.clone(),
            rule,
            verdict: Verdict::Settled,
            has_deletion: false,
            is_gone_as_wanted: false,
            last_put: None,
        }
    }

    /// The version that is placed but not counted yet, to be carried to another batch.
    pub fn pending(&mut self) -> Option<&mut Version> {
        self.last_put.as_mut()
    }

    /// Whether there is such a version.
    #[inline]
    pub const fn is_pending(&self) -> bool {
        self.last_put.is_some()
    }

    /// Take the next entry. Counts one version at most, and with [`Place::NewKey`] only if nothing is pending.
    #[inline]
    pub fn take(&mut self, entry: &Entry<'_>, place: Place, batch: &mut VersionBatch) {
        match place {
            Place::Late => return,
            Place::NewKey => {
                self.finish(batch);
                self.verdict = Verdict::Open;
                self.has_deletion = false;
                self.is_gone_as_wanted = self.look_back.has_every_deletion();
                self.rule = self.rule_for(entry.user_key);
            }
            Place::Same => self.hold_against_last_put(entry, batch),
            Place::Older => {}
        }
        if self.verdict != Verdict::Settled && entry.sequence() <= self.rule.sequence {
            self.weigh(entry, batch);
        }
    }

    /// The present key has no more versions. Counts one version at most.
    pub fn finish(&mut self, batch: &mut VersionBatch) {
        if let Some(version) = self.last_put.take() {
            batch.push(version);
        }
        self.verdict = Verdict::Settled;
    }

    fn rule_for(&self, user_key: &[u8]) -> Rule {
        let (sequence, past_counts) = (self.sequence, self.past_counts);
        let at = Rule { sequence, past_counts, gives_visible: true, gives_last_put: false };
        let looks_back = || self.look_back.has(&self.comparator, user_key);
        match self.mode {
            Mode::Deleted => Rule { gives_visible: false, gives_last_put: looks_back(), ..at },
            Mode::Undelete => Rule { gives_last_put: looks_back(), ..at },
            Mode::Rewind if !looks_back() => Rule { sequence: MAX_SEQUENCE, past_counts: false, ..at },
            Mode::Rewind | Mode::Visible | Mode::Versions => at,
        }
    }

    fn weigh(&mut self, entry: &Entry<'_>, batch: &mut VersionBatch) {
        let counts = self.rule.past_counts || entry.standing == Standing::Current;
        if self.verdict == Verdict::Open && counts {
            if entry.is_put() {
                self.settle_visible(entry, batch);
                return;
            }
            self.verdict = Verdict::Gone;
        }
        let is_known = self.rule.past_counts || entry.standing != Standing::Unproven;
        if self.rule.gives_last_put && entry.is_put() && !self.is_gone_as_wanted {
            self.rule.gives_last_put = false;
        }
        if self.rule.gives_last_put && self.last_put.is_none() && entry.is_put() {
            let state = if is_known && self.has_deletion { State::Deleted } else { State::Unknown };
            self.last_put = Some(batch.place(entry.user_key, entry.value, entry.facts(state)));
        }
        if is_known && !entry.is_put() {
            self.has_deletion = true;
            self.is_gone_as_wanted |= self.look_back.gone.contains(&entry.sequence());
        }
        if self.verdict == Verdict::Gone && (self.last_put.is_some() || !self.rule.gives_last_put) {
            self.verdict = Verdict::Settled;
        }
    }

    /// The same internal key once more: with another value for it, nobody knows which was deleted.
    fn hold_against_last_put(&mut self, entry: &Entry<'_>, batch: &VersionBatch) {
        let Some(version) = &mut self.last_put else { return };
        if entry.is_put() && version.sequence == entry.sequence() && batch.value(version) != entry.value {
            *version = version.with_state(State::Unknown);
        }
    }

    fn settle_visible(&mut self, entry: &Entry<'_>, batch: &mut VersionBatch) {
        if let Some(version) = self.last_put.take() {
            batch.give_up(&version);
        }
        if self.rule.gives_visible {
            let version = batch.place(entry.user_key, entry.value, entry.facts(State::Live));
            batch.push(version);
        }
        self.verdict = Verdict::Settled;
    }
}
