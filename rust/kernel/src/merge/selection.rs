//! Which versions of a merge come out.
//!
//! Every entry of the merge belongs to a user key, and those of one key come newest first. An entry that comes after larger
//! ones (its source is out of order) cannot be held against the newer versions of its key, which have gone by. So it is told
//! as `merge.out-of-order` (once for each block), at the offset of its block, with its user key and the key it came after as
//! keys at risk. [`Mode::Versions`] gives it with an unknown state; the other modes pass over it, because it may have been
//! replaced or deleted.

use super::OUT_OF_ORDER;
use super::batch::{Facts, State, VersionBatch};
use super::look_back::LookBack;
use super::merging::MergingCursor;
use super::place::{LastEntry, Place};
use super::timeline::Timeline;
use super::view::View;
use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events, Origin};
use crate::fault::{Fault, Result};
use crate::internal_key::{self, MAX_SEQUENCE, TYPE_VALUE};

/// A batch is handed over when it has this many bytes, however few versions that is.
const BATCH_SIZE: usize = 8 << 20;

/// What an input counts for. In the order of preference where several hold the same version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It counts for what is live.
    Current,
    /// A manifest says that it was replaced.
    Superseded,
    /// Nothing proves what it counts for.
    Unproven,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every version once, with its state. The same internal key and value in several inputs is one version.
    Versions,
    /// For each key the newest version at or below the sequence number, if it is a put.
    Visible,
    /// For each key that is not visible at the sequence number, its newest put at or below it.
    Deleted,
    /// As [`Mode::Visible`], and for keys that are looked back at and are not visible as [`Mode::Deleted`].
    Undelete,
    /// As [`Mode::Visible`] for keys that are looked back at; for the others as of now.
    Rewind,
}

/// What is wanted of a merge.
///
/// Without a sequence number, or with one at or above the newest in the current inputs, only current inputs count for what is
/// visible; below it all inputs do, because what was current then may have been replaced since. Where the newest is not given,
/// current inputs are read, logs first, until a newer entry than the one asked for is met, which may be all of them; blocks
/// that need a repair do not count in that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What comes out.
    pub mode: Mode,
    /// The first user key.
    pub start: Option<Vec<u8>>,
    /// The user key before which to stop.
    pub stop: Option<Vec<u8>>,
    /// Where to look back to. Not for [`Mode::Versions`].
    pub sequence: Option<u64>,
    /// The newest sequence number in the current inputs, where it is known.
    pub newest_sequence: Option<u64>,
    /// For [`Mode::Deleted`], [`Mode::Undelete`] and [`Mode::Rewind`].
    pub look_back: LookBack,
    /// Of [`Mode::Versions`] give the deletions alone.
    pub deletions_only: bool,
    /// The first sequence number wanted of [`Mode::Versions`]; states are known before.
    pub from_sequence: u64,
    /// The last sequence number wanted of [`Mode::Versions`].
    pub to_sequence: u64,
}

impl Wanted {
    /// All keys and sequence numbers, as of now.
    #[must_use]
    pub fn all(mode: Mode) -> Self {
        Self {
            mode,
            start: None,
            stop: None,
            sequence: None,
            newest_sequence: None,
            look_back: LookBack::default(),
            deletions_only: false,
            from_sequence: 0,
            to_sequence: u64::MAX,
        }
    }
}

/// One source of a merge: an input, or several of one standing.
pub struct Source {
    /// Its entries.
    pub cursor: Box<dyn EntryCursor>,
    /// What it counts for.
    pub standing: Standing,
    /// Its numbers in [`Origin::input`].
    pub inputs: Vec<u32>,
    /// A log: it is likely to have the newest entries.
    pub is_log: bool,
}

/// An entry of the merge and what its input counts for.
pub(crate) struct Entry<'a> {
    pub(crate) user_key: &'a [u8],
    pub(crate) trailer: u64,
    pub(crate) value: &'a [u8],
    pub(crate) origin: Origin,
    pub(crate) standing: Standing,
}

impl Entry<'_> {
    #[inline]
    pub(crate) const fn sequence(&self) -> u64 {
        self.trailer >> 8
    }

    #[inline]
    pub(crate) const fn is_put(&self) -> bool {
        self.trailer & 0xff == TYPE_VALUE as u64
    }

    #[inline]
    pub(crate) const fn facts(&self, state: State) -> Facts {
        let [value_type, ..] = self.trailer.to_le_bytes();
        Facts { sequence: self.sequence(), value_type, state, origin: self.origin }
    }
}

enum Chooser {
    Timeline(Timeline),
    View(View),
}

impl Chooser {
    #[inline]
    fn take(&mut self, entry: &Entry<'_>, place: Place, batch: &mut VersionBatch) {
        match self {
            Self::Timeline(timeline) => timeline.take(entry, place, batch),
            Self::View(view) => view.take(entry, place, batch),
        }
    }

    fn finish(&mut self, batch: &mut VersionBatch) {
        match self {
            Self::Timeline(timeline) => timeline.finish(batch),
            Self::View(view) => view.finish(batch),
        }
    }

    fn pending(&mut self) -> Option<&mut super::batch::Version> {
        match self {
            Self::Timeline(timeline) => timeline.pending(),
            Self::View(view) => view.pending(),
        }
    }

    /// Whether a new key counts a version before it can be taken.
    #[inline]
    fn must_finish_first(&self) -> bool {
        matches!(self, Self::View(view) if view.is_pending())
    }
}

/// Gives the wanted versions, in key order, newest first within a key.
pub struct Selection {
    comparator: Comparator,
    wanted: Wanted,
    sources: Vec<Source>,
    /// By input number.
    standings: Vec<Standing>,
    merging: MergingCursor,
    chooser: Chooser,
    last: LastEntry,
    /// The block of the last entry told as out of order.
    told_late: Option<(u32, u64)>,
    carried: VersionBatch,
    begun: bool,
    ended: bool,
}

impl Selection {
    /// Select from `sources` what is `wanted`. Nothing is read before the first batch. Of several sources with the same
    /// version, the one with the better standing shows it, and the first of these.
    #[must_use]
    pub fn new(comparator: Comparator, mut sources: Vec<Source>, wanted: Wanted) -> Self {
        sources.sort_by_key(|source| source.standing);
        let mut standings = Vec::new();
        for source in &sources {
            for &input in &source.inputs {
                let index = usize::try_from(input).unwrap_or(usize::MAX);
                standings.resize(standings.len().max(index.saturating_add(1)), Standing::Unproven);
                if let Some(standing) = standings.get_mut(index) {
                    *standing = source.standing;
                }
            }
        }
        Self {
            merging: MergingCursor::new(comparator.clone(), Vec::new()),
            chooser: Chooser::View(View::new(&wanted, &comparator, false)),
            comparator,
            wanted,
            sources,
            standings,
            last: LastEntry::default(),
            told_late: None,
            carried: VersionBatch::default(),
            begun: false,
            ended: false,
        }
    }

    /// Whether all versions have been given.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Replace the contents of `batch` with the next versions, `count` at most. Fewer, even none, come where `effort` entries
    /// have been read or the batch has become large; [`ended`](Self::ended) says whether more may follow.
    ///
    /// # Errors
    /// What the operating system says where a source is opened. The selection is at its end then.
    pub fn fill(
        &mut self,
        batch: &mut VersionBatch,
        count: usize,
        effort: usize,
        events: &mut dyn Events,
    ) -> Result<()> {
        batch.clear();
        let filled = self.try_fill(batch, count, effort, events);
        self.ended |= filled.is_err();
        filled
    }

    fn try_fill(
        &mut self,
        batch: &mut VersionBatch,
        count: usize,
        effort: usize,
        events: &mut dyn Events,
    ) -> Result<()> {
        if !self.begun {
            self.begun = true;
            self.begin(events)?;
        }
        if let Some(version) = self.chooser.pending() {
            *version = batch.adopt(&self.carried, version);
        }
        for _ in 0..effort {
            // What is carried over may be larger than a batch by itself, and comes out with the next step only.
            let is_large = batch.byte_size() >= BATCH_SIZE && !batch.is_empty();
            if batch.len() >= count || is_large || self.ended {
                break;
            }
            self.step(batch, events)?;
        }
        self.carried.clear();
        if let Some(version) = self.chooser.pending() {
            *version = self.carried.adopt(batch, version);
        }
        Ok(())
    }

    /// Take one entry, or finish what is pending. Counts one version at most.
    #[inline]
    fn step(&mut self, batch: &mut VersionBatch, events: &mut dyn Events) -> Result<()> {
        let Some((user_key, trailer)) = internal_key::split(self.merging.key()) else {
            self.chooser.finish(batch);
            self.ended = true;
            return Ok(());
        };
        let rank = self.merging.rank();
        let place = self.last.place(&self.comparator, rank, user_key, trailer);
        if place == Place::NewKey {
            if self.chooser.must_finish_first() {
                self.chooser.finish(batch);
                return Ok(());
            }
            if self.wanted.stop.as_ref().is_some_and(|stop| self.comparator.compare(user_key, stop).is_ge()) {
                self.chooser.finish(batch);
                self.ended = true;
                return Ok(());
            }
        }
        let origin = self.merging.origin();
        let standing = usize::try_from(origin.input).ok().and_then(|input| self.standings.get(input));
        let standing = standing.copied().unwrap_or(Standing::Unproven);
        let entry = Entry { user_key, trailer, value: self.merging.value(), origin, standing };
        if place == Place::Late {
            if !self.wanted.start.as_ref().is_some_and(|start| self.comparator.compare(user_key, start).is_lt()) {
                tell_late(&mut self.told_late, &self.last, &entry, events);
                self.chooser.take(&entry, place, batch);
            }
        } else {
            self.chooser.take(&entry, place, batch);
            self.last.follow(place, rank, user_key, trailer);
        }
        self.merging.next(events)
    }

    fn begin(&mut self, events: &mut dyn Events) -> Result<()> {
        let past_counts = match self.wanted.sequence {
            Some(sequence) if self.wanted.mode != Mode::Versions => self.is_below_newest(sequence)?,
            _ => false,
        };
        let needs_past = match self.wanted.mode {
            Mode::Versions | Mode::Deleted | Mode::Undelete => true,
            Mode::Visible | Mode::Rewind => past_counts,
        };
        let sources = std::mem::take(&mut self.sources);
        let needed = sources.into_iter().filter(|source| needs_past || source.standing == Standing::Current);
        self.merging = MergingCursor::new(self.comparator.clone(), needed.map(|source| source.cursor).collect());
        self.chooser = match self.wanted.mode {
            Mode::Versions => Chooser::Timeline(Timeline::new(&self.wanted)),
            _ => Chooser::View(View::new(&self.wanted, &self.comparator, past_counts)),
        };
        let Some(start) = &self.wanted.start else { return self.merging.seek_to_first(events) };
        let mut target = Vec::new();
        internal_key::append(&mut target, start, MAX_SEQUENCE, TYPE_VALUE);
        self.merging.seek(&target, events)
    }

    /// Whether a current input has an entry newer than `sequence`.
    fn is_below_newest(&mut self, sequence: u64) -> Result<bool> {
        if let Some(newest) = self.wanted.newest_sequence {
            return Ok(sequence < newest);
        }
        let mut current: Vec<_> = self.sources.iter_mut().filter(|s| s.standing == Standing::Current).collect();
        current.sort_by_key(|source| !source.is_log);
        for source in current {
            let cursor = &mut source.cursor;
            cursor.seek_to_first(&mut Nobody)?;
            while let Some((_, trailer)) = internal_key::split(cursor.key()) {
                if trailer >> 8 > sequence {
                    return Ok(true);
                }
                cursor.next(&mut Nobody)?;
            }
        }
        Ok(false)
    }
}

/// Hears of faults that another pass will tell.
struct Nobody;

impl Events for Nobody {
    fn fault(&mut self, _input: u32, _fault: Fault) {}

    fn repair(&mut self, _input: u32, _fault: &Fault, _stored: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

fn tell_late(told: &mut Option<(u32, u64)>, last: &LastEntry, entry: &Entry<'_>, events: &mut dyn Events) {
    let Origin { input, offset, .. } = entry.origin;
    if told.replace((input, offset)) != Some((input, offset)) {
        let mut fault = Fault::new(OUT_OF_ORDER, offset, 0);
        fault.lower = Some(entry.user_key.to_vec());
        fault.upper = Some(last.user_key().to_vec());
        events.fault(input, fault);
    }
}
