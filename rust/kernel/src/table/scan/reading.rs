//! The entries of data blocks, one block after another: sums, bounds, order.

use super::TableScan;
use crate::block::{BlockCursor, RestartCheck, Step};
use crate::comparator::Comparator;
use crate::filter::BlockFilter;
use crate::internal_key::{self, TYPE_VALUE};
use crate::table::faults::Flaw;
use crate::totals::{Totals, replace_bound};
use std::cmp::Ordering;

/// The first and the last internal key of the data block at `offset`.
#[derive(Debug)]
pub(super) struct Edge {
    pub offset: u64,
    pub first: Vec<u8>,
    pub last: Vec<u8>,
}

/// What is known while entries are read.
#[derive(Debug)]
pub(super) struct Reading {
    /// The sequence numbers apart from the rest: entered at the end.
    totals: Totals,
    min_sequence: u64,
    max_sequence: u64,
    /// The last good internal key, of whichever block.
    pub previous: Vec<u8>,
    /// The index key before the block at hand.
    pub separator_before: Option<Vec<u8>>,
    /// Of every block with a good key, where they are kept.
    pub edges: Vec<Edge>,
    keeps_edges: bool,
    cursor: BlockCursor,
}

/// What reading one block met.
#[derive(Debug)]
pub(super) struct BlockRead {
    pub entry_count: u64,
    /// The first good internal key, where it comes after the last one of the block before; else empty.
    pub first_key: Vec<u8>,
    /// What is wrong.
    pub flaws: Vec<Flaw>,
    /// User keys that the filter denies.
    pub denied: Option<Denied>,
}

/// User keys that a filter denies: the first, the last, and how many.
#[derive(Debug)]
pub(super) struct Denied {
    pub first: Vec<u8>,
    pub last: Vec<u8>,
    pub count: u64,
}

impl Reading {
    /// Nothing is read yet.
    pub(super) fn new(keeps_edges: bool) -> Self {
        Self {
            totals: Totals::default(),
            min_sequence: u64::MAX,
            max_sequence: 0,
            previous: Vec::new(),
            separator_before: None,
            edges: Vec::new(),
            keeps_edges,
            cursor: BlockCursor::default(),
        }
    }

    /// Read the entries of the block at `offset`.
    pub(super) fn read_block(
        &mut self,
        offset: u64,
        contents: &[u8],
        comparator: &Comparator,
        filter: BlockFilter<'_>,
    ) -> BlockRead {
        let mut cursor = std::mem::take(&mut self.cursor);
        let mut read = BlockRead { entry_count: 0, first_key: Vec::new(), flaws: Vec::new(), denied: None };
        let entered = cursor.enter(contents);
        let mut restarts = RestartCheck::new(cursor.layout(), contents);
        let (mut disordered, mut bad_key) = (false, false);
        let last = loop {
            let step = cursor.next(contents);
            if step != Step::Entry {
                break step;
            }
            restarts.entry(&cursor, contents);
            let key = cursor.key();
            let good = internal_key::split(key).filter(|(_, trailer)| trailer & 0xff <= u64::from(TYPE_VALUE));
            let Some((user_key, trailer)) = good else {
                bad_key = true;
                continue;
            };
            if filter.is_some() && !filter.may_match(user_key) {
                deny(&mut read.denied, user_key);
            }
            if internal_key::compare(comparator, &self.previous, key) != Ordering::Less {
                disordered = true;
                self.note_disorder(comparator, key);
            } else if read.entry_count == 0 {
                read.first_key.extend_from_slice(key);
            }
            self.previous.clear();
            self.previous.extend_from_slice(key);
            self.count(key, cursor.value(contents), trailer);
            read.entry_count += 1;
        };
        self.end_block(offset, comparator, &read);
        let bad_restarts = !entered || (last == Step::End && !restarts.is_good(&cursor));
        let met = [
            (last == Step::Bad, Flaw::BadEntry),
            (bad_restarts, Flaw::BadRestarts),
            (bad_key, Flaw::BadInternalKey),
            (disordered, Flaw::KeyOrder),
        ];
        read.flaws.extend(met.into_iter().filter_map(|(met, flaw)| met.then_some(flaw)));
        self.cursor = cursor;
        read
    }

    #[inline]
    fn count(&mut self, key: &[u8], value: &[u8], trailer: u64) {
        if self.totals.version_count() == 0 {
            self.totals.smallest = Some(key.to_vec());
        }
        self.totals.count(trailer & 1 == 1, key, value);
        self.min_sequence = self.min_sequence.min(trailer >> 8);
        self.max_sequence = self.max_sequence.max(trailer >> 8);
    }

    /// A key is not in order: the bounds of all keys are not simply the first and the last.
    fn note_disorder(&mut self, comparator: &Comparator, key: &[u8]) {
        self.note_largest(comparator);
        let smaller = |smallest: &Vec<u8>| internal_key::compare(comparator, key, smallest) == Ordering::Less;
        if self.totals.smallest.as_ref().is_some_and(smaller) {
            self.totals.smallest = Some(key.to_vec());
        }
    }

    /// The last key read may be the largest so far.
    fn note_largest(&mut self, comparator: &Comparator) {
        if self.previous.is_empty() {
            return;
        }
        let larger = |largest: &Vec<u8>| internal_key::compare(comparator, largest, &self.previous) == Ordering::Less;
        if self.totals.largest.as_ref().is_none_or(larger) {
            replace_bound(&mut self.totals.largest, &self.previous);
        }
    }

    fn end_block(&mut self, offset: u64, comparator: &Comparator, read: &BlockRead) {
        self.note_largest(comparator);
        if self.keeps_edges && !read.first_key.is_empty() {
            self.edges.push(Edge { offset, first: read.first_key.clone(), last: self.previous.clone() });
        }
    }

    /// Enter sums and bounds in the scan.
    pub(super) fn finish(&mut self, scan: &mut TableScan) {
        scan.totals = std::mem::take(&mut self.totals);
        if scan.totals.version_count() > 0 {
            scan.totals.widen_sequences(self.min_sequence, self.max_sequence);
        }
    }
}

fn deny(denied: &mut Option<Denied>, user_key: &[u8]) {
    let denied = denied.get_or_insert_with(|| Denied { first: user_key.to_vec(), last: Vec::new(), count: 0 });
    denied.last.clear();
    denied.last.extend_from_slice(user_key);
    denied.count += 1;
}
