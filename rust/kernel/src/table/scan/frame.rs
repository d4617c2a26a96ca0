//! Footer, index, metaindex and filter.

use super::{ScanOptions, Scanner};
use crate::block::{BlockCursor, Layout, RestartCheck, Step};
use crate::comparator::Comparator;
use crate::fault::Fault;
use crate::filter::FilterBlock;
use crate::internal_key;
use crate::table::faults::{self, Flaw, Part};
use crate::table::walk::MAX_BLOCKS;
use crate::table::{Footer, Handle};
use std::cmp::Ordering;

const FILTER_PREFIX: &[u8] = b"filter.";

/// A data block to read.
#[derive(Debug)]
pub(super) struct Planned {
    pub handle: Handle,
    /// Its index key; empty where the blocks were given without an index.
    pub separator: Vec<u8>,
}

/// What the frame of a table says of its data blocks.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub blocks: Vec<Planned>,
    pub filter: Option<FilterBlock>,
}

impl Scanner<'_> {
    /// Read everything but the data blocks. `None` where it does not become known where these are.
    pub(super) fn read_frame(&mut self, options: ScanOptions) -> Option<Plan> {
        let footer = match self.reader.checked_footer() {
            Ok(footer) => {
                self.faults.extend(self.reader.take_excess_fault());
                Some(footer)
            }
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        };
        self.scan.index_handle = footer.map(|footer| footer.index);
        self.scan.metaindex_handle = footer.map(|footer| footer.metaindex);
        let filter = footer.and_then(|footer| self.read_metaindex(footer.metaindex));
        let index = footer.and_then(|footer| self.read_index(footer.index, options.index.is_some()));
        let blocks = match (options.blocks, options.index.or(index)) {
            (Some(handles), _) => self.plan_given(handles, footer),
            (None, Some(index)) => self.plan_by_index(&index),
            (None, None) => return None,
        };
        Some(Plan { blocks, filter: filter.filter(|_| options.check_filter) })
    }

    fn plan_given(&self, handles: Vec<Handle>, footer: Option<Footer>) -> Vec<Planned> {
        let frame = [footer.map(|footer| footer.index), footer.map(|footer| footer.metaindex), self.scan.filter_handle];
        let data = handles.into_iter().filter(|handle| !frame.contains(&Some(*handle))).take(MAX_BLOCKS);
        data.map(|handle| Planned { handle, separator: Vec::new() }).collect()
    }

    /// Read the index block. Where `replaced`, its contents do not count, but it is read and verified all the same.
    fn read_index(&mut self, handle: Handle, replaced: bool) -> Option<Vec<u8>> {
        let mut contents = Vec::new();
        let codec = self.load(Part::Index, handle, &mut contents);
        let (entry_count, good) = match codec {
            Some(_) => self.verify_entries(Part::Index, handle, &contents),
            None => (0, false),
        };
        self.report(Part::Index, handle, codec.filter(|_| good), entry_count);
        codec.filter(|_| !replaced && Layout::of(&contents).is_some()).map(|_| contents)
    }

    /// Verify entries, restart array and order of an index or metaindex: how many entries there are, and whether all is good.
    fn verify_entries(&mut self, part: Part, handle: Handle, contents: &[u8]) -> (u64, bool) {
        let mut cursor = BlockCursor::default();
        if !cursor.enter(contents) {
            self.faults.push(faults::of_block(part, Flaw::BadRestarts, handle));
            return (0, false);
        }
        let mut restarts = RestartCheck::new(cursor.layout(), contents);
        let mut previous: Option<Vec<u8>> = None;
        let (mut entry_count, mut disordered, mut bad_key) = (0, false, false);
        let last = loop {
            let step = cursor.next(contents);
            if step != Step::Entry {
                break step;
            }
            entry_count += 1;
            restarts.entry(&cursor, contents);
            let key = cursor.key();
            bad_key |= part == Part::Index && internal_key::split(key).is_none();
            disordered |= previous.as_ref().is_some_and(|last| self.order(part, last, key) != Ordering::Less);
            previous = Some(key.to_vec());
        };
        let flaws = [
            (last == Step::Bad, Flaw::BadEntry),
            (last == Step::End && !restarts.is_good(&cursor), Flaw::BadRestarts),
            (bad_key, Flaw::BadInternalKey),
            (disordered, Flaw::KeyOrder),
        ];
        for (_, flaw) in flaws.iter().filter(|(met, _)| *met) {
            self.faults.push(faults::of_block(part, *flaw, handle));
        }
        (entry_count, !flaws.iter().any(|(met, _)| *met))
    }

    fn order(&self, part: Part, a: &[u8], b: &[u8]) -> Ordering {
        match part {
            Part::Index => internal_key::compare(self.comparator, a, b),
            _ => Comparator::Bytewise.compare(a, b),
        }
    }

    fn plan_by_index(&mut self, index: &[u8]) -> Vec<Planned> {
        let mut cursor = BlockCursor::default();
        let _ = cursor.enter(index);
        let mut blocks: Vec<Planned> = Vec::new();
        while cursor.next(index) == Step::Entry && blocks.len() < MAX_BLOCKS {
            let separator = cursor.key().to_vec();
            if let Some(handle) = Handle::decode_value(cursor.value(index)) {
                blocks.push(Planned { handle, separator });
                continue;
            }
            let place = faults::of_block(Part::Index, Flaw::BadEntry, self.scan.index_handle.unwrap_or_default());
            let lower = blocks.last().map(|block| internal_key::user_key(&block.separator).to_vec());
            let upper = Some(internal_key::user_key(&separator).to_vec());
            self.scan.block_count += 1;
            self.faults.push(Fault { code: faults::code(Part::Data, Flaw::BadHandle), lower, upper, ..place });
        }
        blocks
    }

    /// Read the metaindex and the filter that it names.
    fn read_metaindex(&mut self, handle: Handle) -> Option<FilterBlock> {
        let mut contents = Vec::new();
        let codec = self.load(Part::Metaindex, handle, &mut contents);
        let (entry_count, good) = match codec {
            Some(_) => self.verify_entries(Part::Metaindex, handle, &contents),
            None => (0, false),
        };
        self.report(Part::Metaindex, handle, codec.filter(|_| good), entry_count);
        codec?;
        let (name, value) = find_filter(&contents)?;
        let filter = Handle::decode_value(&value);
        self.scan.filter_name = Some(name);
        self.scan.filter_handle = filter;
        if filter.is_none() {
            let place = faults::of_block(Part::Metaindex, Flaw::BadEntry, handle);
            self.faults.push(Fault { code: faults::code(Part::Filter, Flaw::BadHandle), ..place });
        }
        self.read_filter(filter?)
    }

    fn read_filter(&mut self, handle: Handle) -> Option<FilterBlock> {
        let mut contents = Vec::new();
        let codec = self.load(Part::Filter, handle, &mut contents);
        let name = self.scan.filter_name.clone().unwrap_or_default();
        let filter = codec.and_then(|_| FilterBlock::new(contents, &name));
        if codec.is_some() && filter.is_none() {
            self.faults.push(faults::of_block(Part::Filter, Flaw::BadEntry, handle));
        }
        let filter_count = filter.as_ref().map_or(0, |filter| filter.filter_count() as u64);
        self.report(Part::Filter, handle, codec.filter(|_| filter.is_some()), filter_count);
        filter
    }
}

/// The name and the value of the first entry of a metaindex that names a filter.
fn find_filter(contents: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut cursor = BlockCursor::default();
    let _ = cursor.enter(contents);
    while cursor.next(contents) == Step::Entry {
        if let Some(name) = cursor.key().strip_prefix(FILTER_PREFIX) {
            return Some((name.to_vec(), cursor.value(contents).to_vec()));
        }
    }
    None
}

/// What a block that no footer or index speaks of is for, by its contents: a filter is no block, a metaindex names filters or
/// nothing, and the values of an index are handles that follow one another from offset 0, all before the index itself.
pub(super) fn part_of(handle: Handle, contents: &[u8]) -> Part {
    use crate::table::walk::{is_block, is_filter};
    if !is_block(contents) {
        return if is_filter(contents) { Part::Filter } else { Part::Data };
    }
    let mut cursor = BlockCursor::default();
    let _ = cursor.enter(contents);
    let (mut names, mut handles, mut read_to) = (true, true, 0);
    while (names || handles) && cursor.next(contents) == Step::Entry {
        names &= cursor.key().starts_with(FILTER_PREFIX) && cursor.key().len() > FILTER_PREFIX.len();
        let named = Handle::decode_alone(cursor.value(contents)).filter(|named| named.offset == read_to);
        read_to = named.and_then(Handle::end).unwrap_or(u64::MAX);
        handles &= read_to <= handle.offset && internal_key::split(cursor.key()).is_some();
    }
    match (names, handles) {
        (true, _) => Part::Metaindex,
        (false, true) => Part::Index,
        (false, false) => Part::Data,
    }
}
