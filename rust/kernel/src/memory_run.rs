//! The entries of a log in internal key order: sorted in memory, or in temporary files where they do not fit.
//!
//! ```text
//! record of the sort:  offset of the batch LE64 | size of the internal key LE64 | internal key | value
//! ```
//! Entries of batches that are not whole do not count; the reader's faults say where they lie.

use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events, Origin};
use crate::fault::{Fault, Result};
use crate::internal_key;
use crate::log::BatchReader;
use crate::sort::{Order, Sorted, Sorter};
use crate::table::Opener;
use std::cmp::Ordering;
use std::path::PathBuf;

/// User keys from the first up to, and without, the second; `None` is unbounded.
pub type Bounds = (Option<Vec<u8>>, Option<Vec<u8>>);

/// How the entries of a log are sorted.
#[derive(Debug, Clone)]
pub struct LogRunOptions {
    /// Where runs go that do not fit memory.
    pub temp_dir: PathBuf,
    /// How many bytes of entries are kept in memory.
    pub memory_limit: usize,
    /// Entries outside are not kept.
    pub bounds: Bounds,
}

/// The entries of one log. Nothing is read before the first move, and the log only once.
///
/// Of two entries with the same internal key, the one written later comes first, as in LevelDB's memtable.
pub struct LogRun {
    input: u32,
    opener: Opener,
    comparator: Comparator,
    options: LogRunOptions,
    sorted: Option<Sorted<EntryOrder>>,
    faults: Vec<Fault>,
}

impl LogRun {
    /// The entries of the log that `opener` opens. `input` is the number that its events carry.
    #[must_use]
    pub fn new(input: u32, opener: Opener, comparator: Comparator, options: LogRunOptions) -> Self {
        Self { input, opener, comparator, options, sorted: None, faults: Vec::new() }
    }

    /// The sorted entries. Every pass over them tells the log's faults anew, as a pass over a table does.
    fn sorted(&mut self, events: &mut dyn Events) -> Result<&mut Sorted<EntryOrder>> {
        let sorted = match self.sorted.take() {
            Some(sorted) => sorted,
            None => self.sort()?,
        };
        for fault in &self.faults {
            events.fault(self.input, fault.clone());
        }
        Ok(self.sorted.insert(sorted))
    }

    fn sort(&mut self) -> Result<Sorted<EntryOrder>> {
        let mut reader = BatchReader::new((self.opener)()?);
        let order = EntryOrder(self.comparator.clone());
        let mut sorter = Sorter::new(order, &self.options.temp_dir, self.options.memory_limit);
        while reader.next_batch(|placed| {
            for operation in placed.batch.operations() {
                if !is_within(&self.comparator, &self.options.bounds, operation.key) {
                    continue;
                }
                sorter.push(|out| {
                    let key_size = operation.key.len() + internal_key::TRAILER_SIZE;
                    out.extend_from_slice(&placed.offset.to_le_bytes());
                    out.extend_from_slice(&(key_size as u64).to_le_bytes());
                    internal_key::append(out, operation.key, operation.sequence, operation.value_type);
                    out.extend_from_slice(operation.value);
                })?;
            }
            Ok(())
        })? {}
        self.faults = reader.take_faults();
        sorter.finish()
    }

    fn entry(&self) -> Option<(u64, &[u8], &[u8])> {
        split(self.sorted.as_ref()?.record()?)
    }
}

fn is_within(comparator: &Comparator, (start, stop): &Bounds, key: &[u8]) -> bool {
    start.as_ref().is_none_or(|start| comparator.compare(key, start).is_ge())
        && stop.as_ref().is_none_or(|stop| comparator.compare(key, stop).is_lt())
}

/// Offset of the batch, internal key and value.
fn split(record: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (offset, rest) = record.split_first_chunk::<8>()?;
    let (key_size, rest) = rest.split_first_chunk::<8>()?;
    let key_size = usize::try_from(u64::from_le_bytes(*key_size)).ok()?;
    let (key, value) = rest.split_at_checked(key_size)?;
    Some((u64::from_le_bytes(*offset), key, value))
}

/// Internal keys ascend; where they are equal, offsets descend.
struct EntryOrder(Comparator);

impl Order for EntryOrder {
    fn rank(&self, record: &[u8]) -> u128 {
        let key = split(record).map_or(&[][..], |(_, key, _)| internal_key::user_key(key));
        crate::merge::rank(&self.0, key)
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        match (split(a), split(b)) {
            (Some((offset_a, key_a, _)), Some((offset_b, key_b, _))) => {
                internal_key::compare(&self.0, key_a, key_b).then(offset_b.cmp(&offset_a))
            }
            _ => Ordering::Equal,
        }
    }

    fn sort<T: Copy>(&self, items: &mut Vec<T>, compare: impl FnMut(&T, &T) -> Ordering) {
        self.0.sort_by(items, compare);
    }
}

impl EntryCursor for LogRun {
    fn valid(&self) -> bool {
        self.sorted.as_ref().is_some_and(|sorted| sorted.record().is_some())
    }

    fn key(&self) -> &[u8] {
        self.entry().map_or(&[], |(_, key, _)| key)
    }

    fn value(&self) -> &[u8] {
        self.entry().map_or(&[], |(_, _, value)| value)
    }

    fn origin(&self) -> Origin {
        Origin { input: self.input, offset: self.entry().map_or(0, |(offset, _, _)| offset), intact: true }
    }

    fn seek_to_first(&mut self, events: &mut dyn Events) -> Result<()> {
        self.sorted(events)?.rewind()
    }

    fn seek(&mut self, target: &[u8], events: &mut dyn Events) -> Result<()> {
        let comparator = self.comparator.clone();
        let before = |record: &[u8]| {
            split(record).is_some_and(|(_, key, _)| internal_key::compare(&comparator, key, target).is_lt())
        };
        self.sorted(events)?.seek(before)
    }

    fn next(&mut self, _events: &mut dyn Events) -> Result<()> {
        self.sorted.as_mut().map_or(Ok(()), Sorted::advance)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]
    use super::*;
    use crate::batch;
    use crate::internal_key::TYPE_VALUE;
    use crate::log::append_record;
    use crate::log::format::{BLOCK_SIZE, HEADER_SIZE};
    use crate::merge::model::Random;
    use std::sync::Arc;

    struct Written {
        log: Vec<u8>,
        /// Internal key, value and offset of the batch.
        entries: Vec<(Vec<u8>, Vec<u8>, u64)>,
    }

    fn write(count: u64) -> Written {
        let mut random = Random(99);
        let mut written = Written { log: Vec::new(), entries: Vec::new() };
        let mut sequence = 1;
        while sequence < count {
            let size = 1 + random.below(5) as u64;
            let left = BLOCK_SIZE - written.log.len() % BLOCK_SIZE;
            let padding = if left < HEADER_SIZE { left } else { 0 };
            let offset = (written.log.len() + padding) as u64;
            let mut payload = Vec::new();
            batch::append_header(&mut payload, sequence, size as u32);
            for i in 0..size {
                let key = format!("key{}", random.below(500)).into_bytes();
                let mut internal = Vec::new();
                if random.below(3) == 0 {
                    batch::append_deletion(&mut payload, &key);
                    internal_key::append(&mut internal, &key, sequence + i, internal_key::TYPE_DELETION);
                    written.entries.push((internal, Vec::new(), offset));
                } else {
                    let value = vec![b'v'; random.below(100)];
                    batch::append_put(&mut payload, &key, &value);
                    internal_key::append(&mut internal, &key, sequence + i, TYPE_VALUE);
                    written.entries.push((internal, value, offset));
                }
            }
            let position = written.log.len();
            append_record(&mut written.log, &payload, position);
            sequence += size;
        }
        written
    }

    fn run(log: &[u8], comparator: &Comparator, memory_limit: usize, bounds: Bounds) -> LogRun {
        let source: Arc<Vec<u8>> = Arc::new(log.to_vec());
        let options = LogRunOptions { temp_dir: std::env::temp_dir(), memory_limit, bounds };
        LogRun::new(3, Box::new(move || Ok(source.clone())), comparator.clone(), options)
    }

    fn rest(run: &mut LogRun) -> Vec<(Vec<u8>, Vec<u8>, u64)> {
        let mut entries = Vec::new();
        while run.valid() {
            assert!(run.origin().intact && run.origin().input == 3);
            entries.push((run.key().to_vec(), run.value().to_vec(), run.origin().offset));
            run.next(&mut Vec::new()).unwrap();
        }
        entries
    }

    fn backwards() -> Comparator {
        Comparator::Custom(Arc::new(|a, b| b.cmp(a)))
    }

    #[test]
    fn a_log_comes_out_in_internal_key_order_in_memory_and_spilled() {
        let written = write(20_000);
        for comparator in [Comparator::Bytewise, Comparator::ReverseBytewise, backwards()] {
            let mut expected = written.entries.clone();
            expected.sort_by(|a, b| internal_key::compare(&comparator, &a.0, &b.0));
            for memory_limit in [usize::MAX, 1] {
                let mut run = run(&written.log, &comparator, memory_limit, (None, None));
                let mut faults = Vec::new();

                run.seek_to_first(&mut faults).unwrap();
                assert!(rest(&mut run) == expected);
                assert!(faults.is_empty());

                let mut target = Vec::new();
                internal_key::append(&mut target, b"key250", 5_000, TYPE_VALUE);
                run.seek(&target, &mut faults).unwrap();
                let at = expected.partition_point(|e| internal_key::compare(&comparator, &e.0, &target).is_lt());
                assert!(rest(&mut run) == expected.get(at..).unwrap());
            }
        }
    }

    #[test]
    fn entries_outside_the_bounds_are_not_kept() {
        let written = write(2_000);
        let bounds = (Some(b"key1".to_vec()), Some(b"key3".to_vec()));
        let mut run = run(&written.log, &Comparator::Bytewise, usize::MAX, bounds);

        run.seek_to_first(&mut Vec::new()).unwrap();

        let within = |key: &[u8]| (&b"key1"[..]..&b"key3"[..]).contains(&key);
        let expected = written.entries.iter().filter(|entry| within(internal_key::user_key(&entry.0))).count();
        assert_eq!(rest(&mut run).len(), expected);
    }

    #[test]
    fn a_batch_that_is_not_whole_has_no_entries_and_is_told_by_each_pass() {
        let mut payload = Vec::new();
        batch::append_header(&mut payload, 1, 3);
        batch::append_put(&mut payload, b"a", b"1");
        batch::append_put(&mut payload, b"b", b"2");
        let mut log = Vec::new();
        append_record(&mut log, &payload, 0);
        let mut run = run(&log, &Comparator::Bytewise, usize::MAX, (None, None));

        for _ in 0..2 {
            let mut faults = Vec::new();
            run.seek_to_first(&mut faults).unwrap();

            assert!(!run.valid());
            assert_eq!(
                faults.iter().map(|(input, fault)| (*input, fault.code)).collect::<Vec<_>>(),
                [(3, batch::WRONG_COUNT)]
            );
        }
    }

    #[test]
    fn of_one_sequence_number_written_twice_the_later_write_comes_first() {
        let mut log = Vec::new();
        for value in [b"first", b"later"] {
            let mut payload = Vec::new();
            batch::append_header(&mut payload, 5, 1);
            batch::append_put(&mut payload, b"k", value);
            let position = log.len();
            append_record(&mut log, &payload, position);
        }
        let mut run = run(&log, &Comparator::Bytewise, usize::MAX, (None, None));

        run.seek_to_first(&mut Vec::new()).unwrap();

        assert_eq!(rest(&mut run).into_iter().map(|entry| entry.1).collect::<Vec<_>>(), [b"later", b"first"]);
    }
}
