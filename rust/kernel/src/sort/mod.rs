//! Sorting more than fits memory: sorted runs in temporary files, merged.
//!
//! Records are bytes. They are collected up to a limit, sorted, and spilled; 64 runs of one generation are merged into one of
//! the next, so that a sort of any size has few files open and reads with little memory. What fits memory is never spilled.

mod run;

use crate::fault::Result;
use crate::merge::contest::Contest;
use run::{Run, RunReader, RunWriter};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};

/// How many runs of one generation are kept before they are merged.
const FAN_IN: usize = 64;
/// Limits below this are taken for this.
const LEAST_MEMORY: usize = 64 << 10;

/// An order of records.
pub trait Order: Send {
    /// A number that orders most records by itself: a record with a smaller one comes first.
    fn rank(&self, record: &[u8]) -> u128;

    /// The order of records of the same rank. Records that compare equal keep the order in which they came.
    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering;

    /// Sort stably by `compare`, which is made from this order; an order that may contradict itself must not panic.
    fn sort<T: Copy>(&self, items: &mut Vec<T>, compare: impl FnMut(&T, &T) -> Ordering) {
        items.sort_by(compare);
    }
}

/// Takes records in any order.
pub struct Sorter<O: Order> {
    order: O,
    directory: PathBuf,
    memory_limit: usize,
    memory: Memory,
    /// Oldest first; generations never ascend.
    runs: Vec<(u32, Run)>,
}

/// Gives records in order. Moves forward; may go back to the beginning.
pub struct Sorted<O: Order> {
    order: O,
    memory: Memory,
    runs: Vec<Run>,
    inputs: Vec<Input>,
    contest: Contest,
}

/// Records in memory: their bytes one after another, and where each is.
#[derive(Default)]
struct Memory {
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// The present record, once they are sorted.
    at: usize,
}

#[derive(Clone, Copy)]
struct Item {
    rank: u128,
    start: usize,
    size: usize,
}

impl Memory {
    fn size(&self) -> usize {
        self.bytes.len() + 3 * self.items.len() * size_of::<Item>() / 2
    }

    fn record(&self, item: Item) -> &[u8] {
        self.bytes.get(item.start..item.start + item.size).unwrap_or_default()
    }

    fn sort(&mut self, order: &impl Order) {
        let mut items = std::mem::take(&mut self.items);
        order
            .sort(&mut items, |&a, &b| a.rank.cmp(&b.rank).then_with(|| order.compare(self.record(a), self.record(b))));
        self.items = items;
    }
}

impl<O: Order> Sorter<O> {
    /// Sort by `order`, in `directory` where more than about `memory_limit` bytes come.
    #[must_use]
    pub fn new(order: O, directory: &Path, memory_limit: usize) -> Self {
        let memory_limit = memory_limit.max(LEAST_MEMORY);
        Self { order, directory: directory.to_path_buf(), memory_limit, memory: Memory::default(), runs: Vec::new() }
    }

    /// Add the record that `write` appends to the buffer it is given.
    ///
    /// # Errors
    /// What the operating system says of the temporary files, with their directory.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let start = self.memory.bytes.len();
        write(&mut self.memory.bytes);
        let record = self.memory.bytes.get(start..).unwrap_or_default();
        let (rank, size) = (self.order.rank(record), record.len());
        self.memory.items.push(Item { rank, start, size });
        if self.memory.size() >= self.memory_limit { self.spill() } else { Ok(()) }
    }

    /// All records have come.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(mut self) -> Result<Sorted<O>> {
        if self.runs.is_empty() {
            self.memory.sort(&self.order);
        } else {
            self.spill()?;
            self.memory = Memory::default();
        }
        let runs = self.runs.into_iter().map(|(_, run)| run).collect();
        let (order, memory) = (self.order, self.memory);
        let mut sorted = Sorted { order, memory, runs, inputs: Vec::new(), contest: Contest::default() };
        sorted.rewind()?;
        Ok(sorted)
    }

    fn spill(&mut self) -> Result<()> {
        if self.memory.items.is_empty() {
            return Ok(());
        }
        self.memory.sort(&self.order);
        let mut writer = RunWriter::create(&self.directory, self.frame_size())?;
        for &item in &self.memory.items {
            writer.push(self.memory.record(item))?;
        }
        self.runs.push((0, writer.finish()?));
        self.memory.bytes.clear();
        self.memory.items.clear();
        self.merge_generations()
    }

    fn merge_generations(&mut self) -> Result<()> {
        while let Some(&(generation, _)) = self.runs.last() {
            let count = self.runs.iter().rev().take_while(|(of_run, _)| *of_run == generation).count();
            if count < FAN_IN {
                return Ok(());
            }
            let merged = self.merge(self.runs.len() - count)?;
            self.runs.truncate(self.runs.len() - count);
            self.runs.push((generation + 1, merged));
        }
        Ok(())
    }

    /// The runs from `first` on as one.
    fn merge(&self, first: usize) -> Result<Run> {
        let mut writer = RunWriter::create(&self.directory, self.frame_size())?;
        let mut inputs = Vec::new();
        for (_, run) in self.runs.iter().skip(first) {
            inputs.push(Input::of_run(&self.order, run)?);
        }
        let mut contest = Contest::default();
        start(&mut contest, &inputs, &self.order);
        while let Some(input) = contest.winner().and_then(|winner| inputs.get(winner)) {
            writer.push(input.record().unwrap_or_default())?;
            advance(&mut contest, &mut inputs, &self.order)?;
        }
        Ok(writer.finish()?)
    }

    /// Frames are small enough for all inputs of a merge to have one in memory, compressed and not.
    fn frame_size(&self) -> usize {
        (self.memory_limit / (4 * FAN_IN)).clamp(4 << 10, 64 << 10)
    }
}

/// A run that is merged, and the rank of its present record.
struct Input {
    reader: RunReader,
    rank: u128,
}

impl Input {
    fn of_run(order: &impl Order, run: &Run) -> Result<Self> {
        let reader = run.reader()?;
        let rank = reader.record().map_or(0, |record| order.rank(record));
        Ok(Self { reader, rank })
    }

    fn record(&self) -> Option<&[u8]> {
        self.reader.record()
    }
}

fn start(contest: &mut Contest, inputs: &[Input], order: &impl Order) {
    let with_records = (0..inputs.len()).filter(|&i| inputs.get(i).is_some_and(|input| input.record().is_some()));
    contest.start(with_records, |a, b| comes_before(inputs, order, a, b));
}

fn advance(contest: &mut Contest, inputs: &mut [Input], order: &impl Order) -> Result<()> {
    let Some(input) = contest.winner().and_then(|winner| inputs.get_mut(winner)) else { return Ok(()) };
    input.reader.advance()?;
    if let Some(record) = input.reader.record() {
        input.rank = order.rank(record);
        contest.moved(|a, b| comes_before(inputs, order, a, b));
    } else {
        contest.spent(|a, b| comes_before(inputs, order, a, b));
    }
    Ok(())
}

fn comes_before(inputs: &[Input], order: &impl Order, a: usize, b: usize) -> bool {
    let (Some(left), Some(right)) = (inputs.get(a), inputs.get(b)) else { return false };
    let records = || (left.record().unwrap_or_default(), right.record().unwrap_or_default());
    let by_rank = left.rank.cmp(&right.rank);
    by_rank.then_with(|| order.compare(records().0, records().1)).then(a.cmp(&b)).is_lt()
}

impl<O: Order> Sorted<O> {
    /// Go back to the first record.
    ///
    /// # Errors
    /// What the operating system says of the temporary files.
    pub fn rewind(&mut self) -> Result<()> {
        self.memory.at = 0;
        self.inputs.clear();
        for run in &self.runs {
            self.inputs.push(Input::of_run(&self.order, run)?);
        }
        start(&mut self.contest, &self.inputs, &self.order);
        Ok(())
    }

    /// The present record; `None` at the end.
    #[inline]
    #[must_use]
    pub fn record(&self) -> Option<&[u8]> {
        if self.runs.is_empty() {
            return self.memory.items.get(self.memory.at).map(|&item| self.memory.record(item));
        }
        self.inputs.get(self.contest.winner()?)?.record()
    }

    /// Go to the next record.
    ///
    /// # Errors
    /// What the operating system says of the temporary files.
    pub fn advance(&mut self) -> Result<()> {
        if self.runs.is_empty() {
            self.memory.at += 1;
            return Ok(());
        }
        advance(&mut self.contest, &mut self.inputs, &self.order)
    }

    /// Go to the first record that is not `before` something. Records for which it holds must all come before the others.
    ///
    /// # Errors
    /// What the operating system says of the temporary files.
    pub fn seek(&mut self, before: impl Fn(&[u8]) -> bool) -> Result<()> {
        self.rewind()?;
        if self.runs.is_empty() {
            self.memory.at = self.memory.items.partition_point(|&item| before(self.memory.record(item)));
        }
        while self.record().is_some_and(&before) {
            self.advance()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// By the first byte; the rest is only there to be kept.
    struct FirstByte;

    impl Order for FirstByte {
        fn rank(&self, record: &[u8]) -> u128 {
            record.first().map_or(0, |&byte| u128::from(byte / 16))
        }

        fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
            a.first().cmp(&b.first())
        }
    }

    fn records(count: usize) -> Vec<Vec<u8>> {
        let mut state = 7_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let mut record = |i: usize| {
            let mut record = vec![u8::try_from(random() % 200).unwrap()];
            record.extend(i.to_le_bytes());
            record.resize(record.len() + random() as usize % 300, b'x');
            record
        };
        (0..count).map(&mut record).collect()
    }

    fn sorted(records: &[Vec<u8>], memory_limit: usize) -> Sorted<FirstByte> {
        let mut sorter = Sorter::new(FirstByte, &std::env::temp_dir(), memory_limit);
        for record in records {
            sorter.push(|out| out.extend_from_slice(record)).unwrap();
        }
        sorter.finish().unwrap()
    }

    fn read(sorted: &mut Sorted<FirstByte>) -> Vec<Vec<u8>> {
        let mut records = Vec::new();
        while let Some(record) = sorted.record() {
            records.push(record.to_vec());
            sorted.advance().unwrap();
        }
        records
    }

    #[test]
    fn a_sort_gives_the_same_in_memory_in_few_runs_and_in_many() {
        let records = records(40_000);
        let mut expected = records.clone();
        expected.sort_by_key(|record| record.first().copied());

        for (memory_limit, spilled) in [(usize::MAX, 0..1), (1 << 20, 2..64), (1, 2..2 * FAN_IN)] {
            let mut sorted = sorted(&records, memory_limit);

            assert!(spilled.contains(&sorted.runs.len()), "{} runs", sorted.runs.len());
            assert_eq!(read(&mut sorted), expected);
            sorted.rewind().unwrap();
            assert_eq!(sorted.record(), expected.first().map(Vec::as_slice));
        }
    }

    #[test]
    fn a_seek_finds_the_first_record_that_is_not_before() {
        let records = records(5_000);
        for memory_limit in [usize::MAX, 1] {
            let mut sorted = sorted(&records, memory_limit);
            for target in [0, 1, 77, 199, 200] {
                sorted.seek(|record| record.first().is_some_and(|&byte| byte < target)).unwrap();

                let found = sorted.record().and_then(|record| record.first().copied());
                assert_eq!(found, (target < 200).then_some(target));
            }
        }
    }

    #[test]
    fn a_sort_of_nothing_gives_nothing() {
        assert_eq!(sorted(&[], 1).record(), None);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error_that_names_it() {
        let directory = Path::new("/nonexistent/directory");
        let mut sorter = Sorter::new(FirstByte, directory, 1);

        let result = (0..LEAST_MEMORY).try_for_each(|_| sorter.push(|out| out.push(1)));

        assert!(result.unwrap_err().to_string().contains("/nonexistent/directory"));
    }
}
