//! A log read back into memtables.

use super::error::{EngineError, Result};
use super::memtable::{Draft, Memtable};
use crate::fault::{Error, Fault};
use crate::fault_log::FaultLog;
use crate::log::{BatchReader, SEQUENCE_CODES, SEQUENCE_LOST, SEQUENCE_OLD};
use crate::read_at::ReadAt;
use std::path::Path;
use std::sync::Arc;

/// The batches of one log, in file order. A batch is applied whole or not at all.
pub struct LogReplay {
    path: Arc<Path>,
    reader: BatchReader,
    place: Place,
    /// Whether a batch of another time has been told.
    has_told_old: bool,
    stop_at_fault: bool,
    stopped: bool,
    faults: FaultLog,
    batch_count: u64,
    max_sequence: u64,
    end_offset: u64,
}

/// What must be true of the sequence numbers of a log, by what is older than it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// Older files go so far: a batch that begins there or before is of another time, or of another database.
    pub newest: u64,
    /// The log begins with this number, or before it; `None` for the first log, or where what is older is damaged.
    pub due: Option<u64>,
}

/// A batch taken out of the reader.
struct Taken {
    body: Arc<[u8]>,
    sequence: u64,
    next_sequence: u64,
    offset: u64,
    end_offset: u64,
}

impl LogReplay {
    /// Stand before the first batch of the log at `path`, whose bytes `source` has. With `stop_at_fault` nothing behind the
    /// first bytes that cannot be used is applied; else they are passed over. Sequence numbers out of line are told, and the
    /// batches applied either way, with two exceptions. A first batch that comes later than `place` says is behind lost changes: with
    /// `stop_at_fault` it ends the replay. A batch that is not newer than what is older by its place ends it too, and without
    /// `stop_at_fault` is passed over.
    #[must_use]
    pub fn new(path: &Path, source: Arc<dyn ReadAt>, place: Place, stop_at_fault: bool) -> Self {
        Self {
            path: Arc::from(path),
            reader: BatchReader::new(source),
            place,
            has_told_old: false,
            stop_at_fault,
            stopped: false,
            faults: FaultLog::default(),
            batch_count: 0,
            max_sequence: 0,
            end_offset: 0,
        }
    }

    /// Apply batches until the memtable has `limit` bytes; false at the end of the log, or where it stopped at a fault.
    /// `order_failed` tells whether a supplied order failed.
    ///
    /// # Errors
    /// What the operating system says; [`EngineError::Stopped`] where the order failed: then the batch at hand is lost to this
    /// replay.
    pub fn fill(&mut self, memtable: &Memtable, limit: usize, order_failed: fn() -> bool) -> Result<bool> {
        while memtable.size() < limit {
            let Some(taken) = self.take()? else { return Ok(false) };
            let mut draft = Draft::default();
            memtable.place(&mut draft, taken.body, taken.sequence);
            if memtable.order_may_fail() && order_failed() {
                return Err(EngineError::Stopped);
            }
            memtable.insert(draft);
            self.batch_count += 1;
            self.max_sequence = self.max_sequence.max(taken.next_sequence.saturating_sub(1));
            self.end_offset = taken.end_offset;
        }
        Ok(true)
    }

    /// The next batch to be applied.
    fn take(&mut self) -> Result<Option<Taken>> {
        while !self.stopped {
            let Some(taken) = self.read()? else { return Ok(None) };
            if !self.stopped && taken.sequence > self.place.newest {
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }

    /// The next batch of the log. Tells the faults before it, and what is wrong with its number.
    fn read(&mut self) -> Result<Option<Taken>> {
        let mut taken = None;
        let more = self.reader.next_batch(|placed| {
            taken = Some(Taken {
                body: Arc::from(placed.batch.body()),
                sequence: placed.batch.sequence,
                next_sequence: placed.batch.next_sequence(),
                offset: placed.offset,
                end_offset: placed.end_offset,
            });
            Ok(())
        });
        let mut faults = self.reader.take_faults();
        let misplacement = taken.as_ref().and_then(|taken| self.misplacement(taken));
        let is_explained = faults.iter().any(|fault| !SEQUENCE_CODES.contains(&fault.code));
        faults.extend(misplacement.filter(|_| !is_explained));
        self.stopped = self.stop_at_fault && faults.iter().any(|fault| !SEQUENCE_CODES.contains(&fault.code));
        self.faults.extend(faults);
        more.map_err(|error| match error {
            Error::Corruption(fault) => EngineError::fault(&self.path, fault),
            Error::Io(error) => EngineError::io(&self.path, error),
            Error::Stopped => EngineError::Stopped,
        })?;
        Ok(taken)
    }

    /// The fault of a batch that is of another time, or the first and comes too late.
    fn misplacement(&mut self, taken: &Taken) -> Option<Fault> {
        let newest = self.place.newest;
        if taken.sequence <= newest {
            let is_told = std::mem::replace(&mut self.has_told_old, true);
            let fault = Fault::new(SEQUENCE_OLD, taken.offset, 0);
            return (!is_told).then(|| fault.with_values(newest.saturating_add(1), taken.sequence));
        }
        let due = self.place.due.filter(|due| self.batch_count == 0 && taken.sequence > *due)?;
        Some(Fault::new(SEQUENCE_LOST, taken.offset, 0).with_values(due, taken.sequence))
    }

    /// The faults met so far.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        self.faults.as_slice()
    }

    /// Batches applied so far.
    #[must_use]
    pub const fn batch_count(&self) -> u64 {
        self.batch_count
    }

    /// The largest sequence number of the operations applied; 0 where there are none.
    #[must_use]
    pub const fn max_sequence(&self) -> u64 {
        self.max_sequence
    }

    /// Where the last batch applied ends; 0 where there is none.
    #[must_use]
    pub const fn end_offset(&self) -> u64 {
        self.end_offset
    }

    /// Bytes of the log when it was opened.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        self.reader.file_size()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;
    use crate::batch::{append_deletion, append_header, append_put};
    use crate::comparator::Comparator;
    use crate::log::append_record;

    /// A log of batches with two operations each, and where each batch ends.
    fn log(sequences: &[u64]) -> (Vec<u8>, Vec<u64>) {
        let (mut log, mut ends) = (Vec::new(), Vec::new());
        for sequence in sequences {
            let mut payload = Vec::new();
            append_header(&mut payload, *sequence, 2);
            append_put(&mut payload, &sequence.to_be_bytes(), &[b'v'; 100]);
            append_deletion(&mut payload, b"gone");
            let position = log.len();
            append_record(&mut log, &payload, position);
            ends.push(log.len() as u64);
        }
        (log, ends)
    }

    fn replayed(log: Vec<u8>, stop_at_fault: bool) -> (LogReplay, Memtable) {
        let memtable = Memtable::new(Comparator::Bytewise);
        let mut replay = LogReplay::new(Path::new("db/000003.log"), Arc::new(log), Place::default(), stop_at_fault);
        assert!(!replay.fill(&memtable, usize::MAX, || false).unwrap());
        (replay, memtable)
    }

    fn codes(replay: &LogReplay) -> Vec<&'static str> {
        replay.faults().iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn a_log_fills_memtables_in_turn() {
        let (log, ends) = log(&[1, 3, 5, 7, 9]);
        let mut replay = LogReplay::new(Path::new("db/000003.log"), Arc::new(log), Place::default(), true);
        let mut counts = Vec::new();
        loop {
            let memtable = Memtable::new(Comparator::Bytewise);
            let more = replay.fill(&memtable, 300, || false).unwrap();
            counts.push(memtable.entry_count());
            if !more {
                break;
            }
        }

        assert_eq!(counts, [4, 4, 2]);
        assert_eq!((replay.batch_count(), replay.max_sequence()), (5, 10));
        assert_eq!(Some(&replay.end_offset()), ends.last());
        assert_eq!(codes(&replay), [""; 0]);
    }

    #[test]
    fn a_torn_tail_is_told_and_the_batches_before_it_are_applied() {
        let (mut log, ends) = log(&[1, 3]);
        log.truncate(log.len() - 1);

        let (replay, memtable) = replayed(log, true);

        assert_eq!((memtable.entry_count(), replay.end_offset()), (2, *ends.first().unwrap()));
        assert_eq!(codes(&replay), ["log.tail.torn"]);
    }

    #[test]
    fn a_damaged_batch_ends_a_replay_that_stops_and_is_passed_over_by_one_that_does_not() {
        let (mut log, ends) = log(&[1, 3, 5]);
        *log.get_mut(usize::try_from(*ends.first().unwrap()).unwrap() + 30).unwrap() ^= 1;

        let (stopping, kept) = replayed(log.clone(), true);
        let (tolerant, rest) = replayed(log, false);

        assert_eq!((kept.entry_count(), stopping.max_sequence()), (2, 2));
        assert_eq!(codes(&stopping).first(), Some(&"log.record.checksum-mismatch"));
        assert_eq!((rest.entry_count(), tolerant.max_sequence()), (4, 6));
        assert_eq!(codes(&tolerant), ["log.record.checksum-mismatch", "log.sequence.gap"]);
    }

    #[test]
    fn sequence_numbers_out_of_line_are_told_and_do_not_stop_a_replay() {
        let (log, _) = log(&[1, 9, 3]);

        let (replay, memtable) = replayed(log, true);

        assert_eq!((memtable.entry_count(), replay.max_sequence()), (6, 10));
        assert_eq!(codes(&replay), ["log.sequence.gap", "log.sequence.back"]);
    }

    fn kept_and_told(sequences: &[u64], place: Place, stops: bool) -> (u64, Vec<&'static str>) {
        let (log, _) = log(sequences);
        let memtable = Memtable::new(Comparator::Bytewise);
        let mut replay = LogReplay::new(Path::new("db/000003.log"), Arc::new(log), place, stops);
        assert!(!replay.fill(&memtable, usize::MAX, || false).unwrap());
        let told = codes(&replay).into_iter().filter(|code| !SEQUENCE_CODES.contains(code)).collect();
        (memtable.entry_count(), told)
    }

    #[test]
    fn a_log_behind_changes_that_are_nowhere_ends_a_replay_that_stops_and_is_applied_by_one_that_does_not() {
        for (due, kept) in [(None, 6), (Some(20), 0), (Some(21), 6), (Some(22), 6)] {
            let place = Place { newest: 19, due };
            let told = if kept < 6 { vec![SEQUENCE_LOST] } else { vec![] };

            assert_eq!(kept_and_told(&[21, 23, 27], place, true), (kept, told.clone()));
            assert_eq!(kept_and_told(&[21, 23, 27], place, false), (6, told));
        }
    }

    #[test]
    fn a_batch_of_another_time_ends_a_replay_that_stops_and_is_passed_over_by_one_that_does_not() {
        let place = Place { newest: 24, due: None };

        assert_eq!(kept_and_told(&[21, 23, 25], place, true), (0, vec![SEQUENCE_OLD]));
        assert_eq!(kept_and_told(&[21, 23, 25], place, false), (2, vec![SEQUENCE_OLD]));
        assert_eq!(kept_and_told(&[25, 23, 27], place, true), (2, vec![SEQUENCE_OLD]));
    }
}
