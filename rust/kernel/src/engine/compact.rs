//! Merging runs of tables into new ones, leaving out what nobody can see any more.
//!
//! Strict: whatever is wrong with an input ends the work. Inputs are read ahead, past the block cache, and always verified.

use super::error::{EngineError, Result};
use super::open_table::{OpenTable, fault_or_io};
use super::syncing::Syncing;
use super::table::Table;
use super::table_source::TableSource;
use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events};
use crate::fault::Fault;
use crate::internal_key::{self, TYPE_DELETION, TYPE_VALUE};
use crate::level::{LevelCursor, LevelTable};
use crate::merge::MergingCursor;
use crate::rebuild::CONFLICT;
use crate::table::faults::{self, Flaw, Part};
use crate::table::{BuildError, BuildOptions, Handle, TableCursor, TableFile, TableMeta};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Work between two questions whether to stop: an entry counts as this many bytes and its own.
const ENTRY_WORK: u64 = 160;
/// So many bytes of work: about 100,000 small entries.
const WORK_BETWEEN_QUESTIONS: u64 = 100_000 * ENTRY_WORK;
/// How far inputs are read ahead.
const AHEAD: usize = 1 << 20;

/// What a compaction is to do.
#[derive(Debug)]
pub struct Compaction {
    /// The order of the user keys.
    pub comparator: Comparator,
    /// What is merged, each in order of its keys.
    pub runs: Vec<Vec<Arc<Table>>>,
    /// Versions hidden by a newer one that is not above this sequence number are left out.
    pub smallest_snapshot: u64,
    /// The levels below the output.
    pub deeper: Vec<Vec<Arc<Table>>>,
    /// The tables of the level below the output, in order.
    pub grandparents: Vec<Arc<Table>>,
    /// A table is cut where it would overlap more bytes of grandparents.
    pub grandparent_limit: u64,
    /// A table is cut at this many bytes.
    pub target_file_size: u64,
    /// How tables are built.
    pub options: BuildOptions,
}

/// Who wants the tables.
pub trait Customer {
    /// The path of the next table; nothing may be there.
    ///
    /// # Errors
    /// Any, to stop.
    fn next_path(&mut self) -> Result<PathBuf>;

    /// Asked now and then whether to go on.
    ///
    /// # Errors
    /// Any, to stop.
    fn go_on(&mut self) -> Result<()>;

    /// Whether a comparison has failed. Asked after each step in an order that the caller supplied.
    fn order_failed(&self) -> bool;
}

/// Merge, and give the tables made, each synced.
///
/// # Errors
/// Any fault of an input; what the operating system says; what `customer` gives. The tables made so far, the last perhaps
/// unfinished, are left where they are: the caller named them, and removes them.
pub fn compact(compaction: &Compaction, customer: &mut dyn Customer) -> Result<Vec<(PathBuf, TableMeta)>> {
    let mut inputs = Inputs::open(compaction);
    let mut filter = Filter::new(compaction);
    let mut output = Output::new(compaction);
    let is_supplied = matches!(compaction.comparator, Comparator::Custom(_));
    let keeps_values = compaction.runs.len() > 1;
    let mut last_value = Vec::new();
    let mut has_last = false;
    let mut work = 0_u64;
    inputs.start()?;
    while inputs.cursor.valid() {
        let (key, value) = (inputs.cursor.key(), inputs.cursor.value());
        work = work.saturating_add(ENTRY_WORK).saturating_add(value.len() as u64);
        if work >= WORK_BETWEEN_QUESTIONS {
            work = 0;
            customer.go_on()?;
        }
        let follows = if has_last { filter.follows(key) } else { Follows::NewKey };
        if is_supplied && customer.order_failed() {
            return Err(EngineError::Stopped);
        }
        match follows {
            Follows::Late => return Err(inputs.flaw(Flaw::KeyOrder)),
            Follows::Same if last_value != value => return Err(inputs.conflict()),
            Follows::Same => {}
            Follows::NewKey | Follows::Older => {
                let Some(keeps) = filter.keeps(key, follows) else { return Err(inputs.flaw(Flaw::BadInternalKey)) };
                if is_supplied && customer.order_failed() {
                    return Err(EngineError::Stopped);
                }
                if keeps {
                    output.add(key, value, follows, customer)?;
                }
            }
        }
        if keeps_values {
            last_value.clear();
            last_value.extend_from_slice(value);
        }
        has_last = true;
        inputs.next()?;
    }
    if is_supplied && customer.order_failed() {
        return Err(EngineError::Stopped);
    }
    output.finish()
}

/// What an entry is to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    NewKey,
    Older,
    Same,
    Late,
}

/// The entries of all inputs, in order.
struct Inputs {
    cursor: MergingCursor,
    paths: Vec<Arc<Path>>,
    events: FirstFault,
    /// What opening a table met: cursors know only what the operating system says.
    failed: Arc<Mutex<Option<EngineError>>>,
}

impl Inputs {
    fn open(compaction: &Compaction) -> Self {
        let failed = Arc::<Mutex<Option<EngineError>>>::default();
        let mut paths = Vec::new();
        let mut cursors: Vec<Box<dyn EntryCursor>> = Vec::new();
        for run in &compaction.runs {
            let tables = run.iter().map(|table| {
                let input = u32::try_from(paths.len()).unwrap_or(u32::MAX);
                paths.push(table.path().clone());
                level_table(input, table, &compaction.comparator, &failed)
            });
            cursors.push(Box::new(LevelCursor::new(compaction.comparator.clone(), tables.collect())));
        }
        let cursor = MergingCursor::new(compaction.comparator.clone(), cursors);
        Self { cursor, paths, events: FirstFault::default(), failed }
    }

    fn start(&mut self) -> Result<()> {
        let outcome = self.cursor.seek_to_first(&mut self.events);
        self.check(outcome)
    }

    #[inline]
    fn next(&mut self) -> Result<()> {
        let outcome = self.cursor.next(&mut self.events);
        if outcome.is_ok() && self.events.0.is_none() { Ok(()) } else { self.check(outcome) }
    }

    fn check(&mut self, outcome: crate::fault::Result<()>) -> Result<()> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(error) = failed {
            return Err(error);
        }
        if let Some((input, fault)) = self.events.0.take() {
            return Err(fault_or_io(self.path(input), fault));
        }
        outcome.map_err(|error| match error {
            crate::fault::Error::Io(error) => EngineError::Io(error),
            _ => EngineError::Stopped,
        })
    }

    fn path(&self, input: u32) -> &Arc<Path> {
        static NONE: std::sync::LazyLock<Arc<Path>> = std::sync::LazyLock::new(|| Path::new("").into());
        usize::try_from(input).ok().and_then(|input| self.paths.get(input)).unwrap_or(&NONE)
    }

    /// A flaw of the block that the present entry lies in.
    fn flaw(&self, flaw: Flaw) -> EngineError {
        let origin = self.cursor.origin();
        let handle = Handle { offset: origin.offset, size: 0 };
        self.at_key(Fault::new(faults::of_block(Part::Data, flaw, handle).code, origin.offset, 0))
    }

    /// The present entry is another one for the internal key of the last.
    fn conflict(&self) -> EngineError {
        self.at_key(Fault::new(CONFLICT, self.cursor.origin().offset, 0))
    }

    fn at_key(&self, mut fault: Fault) -> EngineError {
        let user_key = internal_key::user_key(self.cursor.key()).to_vec();
        (fault.lower, fault.upper) = (Some(user_key.clone()), Some(user_key));
        EngineError::fault(self.path(self.cursor.origin().input), fault)
    }
}

fn level_table(
    input: u32,
    table: &Arc<Table>,
    comparator: &Comparator,
    failed: &Arc<Mutex<Option<EngineError>>>,
) -> LevelTable {
    let largest = table.largest().to_vec();
    let (table, comparator, failed) = (table.clone(), comparator.clone(), failed.clone());
    let cursor = move || -> Box<dyn EntryCursor> {
        let (table, order, failed) = (table.clone(), comparator.clone(), failed.clone());
        let opener = move || match source_of(&table, &order) {
            Ok(source) => Ok(Arc::new(source) as Arc<dyn crate::ReadAt>),
            Err(error) => {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(std::io::ErrorKind::Other.into())
            }
        };
        Box::new(TableCursor::new(input, Box::new(opener), comparator.clone(), None).reading_ahead(AHEAD))
    };
    LevelTable { input, largest, cursor: Box::new(cursor) }
}

/// The bytes of a table that is the one its version means. What is damaged in it is told when the merge comes there.
fn source_of(table: &Table, comparator: &Comparator) -> Result<TableSource> {
    let open = || TableSource::open(table.path(), table.file_size());
    if !table.is_proved()
        && let Ok(opened) = OpenTable::new(open()?, table.number(), comparator)
    {
        table.prove(&opened)?;
    }
    open()
}

/// Keeps the first fault, and repairs nothing.
#[derive(Default)]
struct FirstFault(Option<(u32, Fault)>);

impl Events for FirstFault {
    fn fault(&mut self, input: u32, fault: Fault) {
        self.0.get_or_insert((input, fault));
    }

    fn repair(&mut self, _input: u32, _fault: &Fault, _stored: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// Decides what is left out.
struct Filter<'a> {
    compaction: &'a Compaction,
    /// The levels below the output, and how far the entries have come in each.
    deeper: Vec<(&'a [Arc<Table>], usize)>,
    last_key: Vec<u8>,
    /// Of the user key at hand, whether a version that every snapshot sees has come.
    is_hidden: bool,
}

impl<'a> Filter<'a> {
    fn new(compaction: &'a Compaction) -> Self {
        let deeper = compaction.deeper.iter().map(|run| (run.as_slice(), 0)).collect();
        Self { compaction, deeper, last_key: Vec::new(), is_hidden: false }
    }

    #[inline]
    fn follows(&self, key: &[u8]) -> Follows {
        let (Some((last, last_trailer)), Some((user_key, trailer))) =
            (internal_key::split(&self.last_key), internal_key::split(key))
        else {
            return Follows::Late;
        };
        match (self.compaction.comparator.compare(last, user_key), last_trailer.cmp(&trailer)) {
            (Ordering::Less, _) => Follows::NewKey,
            (Ordering::Equal, Ordering::Greater) => Follows::Older,
            (Ordering::Equal, Ordering::Equal) => Follows::Same,
            (Ordering::Equal, Ordering::Less) | (Ordering::Greater, _) => Follows::Late,
        }
    }

    /// Whether to keep the next entry; `None` where its key is no internal key.
    #[inline]
    fn keeps(&mut self, key: &[u8], follows: Follows) -> Option<bool> {
        let (user_key, trailer) =
            internal_key::split(key).filter(|(_, trailer)| trailer & 0xff <= u64::from(TYPE_VALUE))?;
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        if follows == Follows::NewKey {
            self.is_hidden = false;
        }
        if self.is_hidden {
            return Some(false);
        }
        self.is_hidden = trailer >> 8 <= self.compaction.smallest_snapshot;
        let is_deletion = trailer & 0xff == u64::from(TYPE_DELETION);
        Some(!(is_deletion && self.is_hidden && !self.may_be_deeper(user_key)))
    }

    /// Whether a level below the output may have the user key. They come in order.
    fn may_be_deeper(&mut self, user_key: &[u8]) -> bool {
        let comparator = &self.compaction.comparator;
        self.deeper.iter_mut().any(|(tables, at)| {
            while let Some(table) = tables.get(*at) {
                if comparator.compare(internal_key::user_key(table.largest()), user_key).is_ge() {
                    return comparator.compare(internal_key::user_key(table.smallest()), user_key).is_le();
                }
                *at += 1;
            }
            false
        })
    }
}

/// Writes tables, and cuts them between user keys.
struct Output<'a> {
    compaction: &'a Compaction,
    finished: Vec<(PathBuf, TableMeta)>,
    syncing: Syncing,
    table: Option<TableFile>,
    /// How many grandparents the entries have passed, and how many bytes of them since the last cut.
    passed: usize,
    overlapped: u64,
}

impl<'a> Output<'a> {
    fn new(compaction: &'a Compaction) -> Self {
        let syncing = Syncing::default();
        Self { compaction, finished: Vec::new(), syncing, table: None, passed: 0, overlapped: 0 }
    }

    #[inline]
    fn add(&mut self, key: &[u8], value: &[u8], follows: Follows, customer: &mut dyn Customer) -> Result<()> {
        let overlaps_enough = self.overlaps_enough(key);
        if follows == Follows::NewKey {
            let is_large = |table: &TableFile| table.file_size() >= self.compaction.target_file_size;
            if overlaps_enough || self.table.as_ref().is_some_and(is_large) {
                self.end_table()?;
            }
        }
        let table = match &mut self.table {
            Some(table) => table,
            none => {
                let Compaction { comparator, options, .. } = self.compaction;
                let file = TableFile::create(&customer.next_path()?, comparator.clone(), options.clone());
                none.insert(file.map_err(EngineError::Io)?)
            }
        };
        table.add(key, value).map_err(to_error)
    }

    /// Whether a table that goes on to this key would overlap more of the grandparents than it may.
    fn overlaps_enough(&mut self, key: &[u8]) -> bool {
        while let Some(grandparent) = self.compaction.grandparents.get(self.passed) {
            if internal_key::compare(&self.compaction.comparator, key, grandparent.largest()).is_le() {
                break;
            }
            if self.table.is_some() {
                self.overlapped = self.overlapped.saturating_add(grandparent.file_size());
            }
            self.passed += 1;
        }
        self.table.is_some() && self.overlapped > self.compaction.grandparent_limit
    }

    fn end_table(&mut self) -> Result<()> {
        self.overlapped = 0;
        if let Some(table) = self.table.take() {
            let path = table.path().to_path_buf();
            let (file, meta) = table.finish_unsynced().map_err(to_error)?;
            self.syncing.add(path.clone(), file).map_err(EngineError::Io)?;
            self.finished.push((path, meta));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<(PathBuf, TableMeta)>> {
        self.end_table()?;
        self.syncing.finish().map_err(EngineError::Io)?;
        Ok(self.finished)
    }
}

fn to_error(error: BuildError) -> EngineError {
    match crate::fault::Error::from(error) {
        crate::fault::Error::Io(error) => EngineError::Io(error),
        _ => EngineError::Stopped,
    }
}

#[cfg(test)]
#[path = "compact_tests.rs"]
mod tests;
