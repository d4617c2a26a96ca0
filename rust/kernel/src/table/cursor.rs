//! The entries of one table in order, tolerant: what is damaged is told and passed over.
//!
//! Nothing is read before the first move. Blocks must ascend in the file: a handle that goes back is a fault and passed
//! over, so that no index can make a cursor read a block twice.

use super::Handle;
use super::faults::{self, Flaw, Part};
use super::reader::BlockReader;
use super::route::{Route, Way, verify_index};
use crate::block::{BlockCursor, Step};
use crate::comparator::Comparator;
use crate::cursor::{EntryCursor, Events, Origin};
use crate::fault::{Fault, Result};
use crate::internal_key::{self, TYPE_VALUE};
use crate::read_at::ReadAt;
use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

/// Opens the bytes of a table when they are first needed.
pub type Opener = Box<dyn Fn() -> io::Result<Arc<dyn ReadAt>> + Send + Sync>;

/// How far a cursor reads ahead once it reads on and on, unless told otherwise.
pub const DEFAULT_AHEAD: usize = 256 << 10;

/// The entries of one table. See the module's description, and [`EntryCursor`] for the contract.
///
/// The bytes of a block that cannot be read are a fault too, not an error; only opening fails. Entries whose key is no
/// internal key, or is of a type nobody writes, are faults and passed over (told once for each block).
pub struct TableCursor {
    input: u32,
    comparator: Comparator,
    opener: Opener,
    most_ahead: usize,
    blocks: Option<Arc<[Handle]>>,
    reader: Option<BlockReader>,
    route: Option<Route>,
    handle: Handle,
    read_to: u64,
    contents: Vec<u8>,
    block: BlockCursor,
    intact: bool,
    bad_key_told: bool,
    valid: bool,
}

impl std::fmt::Debug for TableCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableCursor").field("input", &self.input).field("valid", &self.valid).finish_non_exhaustive()
    }
}

impl TableCursor {
    /// A cursor over the table that `opener` opens. `input` is the number that its events carry. `blocks` replaces the
    /// index: the handles of the data blocks, in file order.
    #[must_use]
    pub fn new(input: u32, opener: Opener, comparator: Comparator, blocks: Option<Arc<[Handle]>>) -> Self {
        Self {
            input,
            comparator,
            opener,
            most_ahead: DEFAULT_AHEAD,
            blocks,
            reader: None,
            route: None,
            handle: Handle::default(),
            read_to: 0,
            contents: Vec::new(),
            block: BlockCursor::default(),
            intact: false,
            bad_key_told: false,
            valid: false,
        }
    }

    /// A cursor over a table that is open already.
    #[must_use]
    pub fn over(input: u32, source: Arc<dyn ReadAt>, comparator: Comparator) -> Self {
        Self::new(input, Box::new(move || Ok(source.clone())), comparator, None)
    }

    /// Read ahead at most that many bytes.
    #[must_use]
    pub const fn reading_ahead(mut self, most_ahead: usize) -> Self {
        self.most_ahead = most_ahead;
        self
    }

    /// Close the file and give back the memory; the cursor is not positioned any more. A later move opens it again.
    pub fn close(&mut self) {
        (self.reader, self.route) = (None, None);
        (self.contents, self.block) = (Vec::new(), BlockCursor::default());
        self.valid = false;
    }

    /// Open the table where it is not open, and stand before its first block.
    fn rewind(&mut self, events: &mut dyn Events) -> Result<()> {
        if self.reader.is_none() {
            let mut reader = BlockReader::new((self.opener)()?, self.most_ahead);
            self.route = match &self.blocks {
                Some(handles) => Some(Route::by_list(handles.clone())),
                None => open_index(&mut reader, self.input, events)?,
            };
            self.reader = Some(reader);
        }
        if let Some(route) = &mut self.route {
            route.rewind();
        }
        let _ = self.block.enter(&[]);
        self.read_to = 0;
        self.valid = false;
        Ok(())
    }

    /// Go to the first usable block, from where the route leads, and stand before its first entry. False at the end.
    fn follow(&mut self, mut way: Way, events: &mut dyn Events) -> Result<bool> {
        loop {
            match way {
                Way::End => return Ok(false),
                Way::Block(handle) if handle.offset >= self.read_to => {
                    if self.enter_block(handle, events)? {
                        return Ok(true);
                    }
                }
                Way::Block(_) | Way::Lost => {
                    if let Some(route) = &self.route {
                        events.fault(self.input, route.lost());
                    }
                }
            }
            way = self.next_way();
        }
    }

    fn next_way(&mut self) -> Way {
        self.route.as_mut().map_or(Way::End, |route| route.next(self.block.key()))
    }

    /// Where to begin to look for `target`.
    fn seek_block(&mut self, target: &[u8]) -> Way {
        let Some(route) = &mut self.route else { return Way::End };
        let (Some(handles), Some(reader)) = (route.list(), &mut self.reader) else {
            return route.seek(&self.comparator, target);
        };
        let (contents, block) = (&mut self.contents, &mut self.block);
        let start = last_that_begins_before(handles.len(), |index| {
            reader.load(Part::Data, *handles.get(index)?, contents).ok()?;
            let found = block.enter(contents) && block.next(contents) == Step::Entry;
            found.then(|| internal_key::compare(&self.comparator, block.key(), target) == Ordering::Less)
        });
        let _ = self.block.enter(&[]);
        route.jump(start)
    }

    fn enter_block(&mut self, handle: Handle, events: &mut dyn Events) -> Result<bool> {
        let (Some(reader), Some(route)) = (&mut self.reader, &self.route) else { return Ok(false) };
        self.read_to = handle.end().unwrap_or(u64::MAX).min(reader.file_size()).max(self.read_to);
        self.handle = handle;
        self.intact = true;
        self.bad_key_told = false;
        let loaded = reader.load(Part::Data, handle, &mut self.contents);
        let fault = match loaded {
            Ok(_) if self.block.enter(&self.contents) => return Ok(true),
            Ok(_) => faults::of_block(Part::Data, Flaw::BadRestarts, handle),
            Err(fault) => fault,
        };
        reader.check()?;
        let fault = route.at_risk(fault);
        let Some(contents) = repaired(reader, self.input, Part::Data, handle, &fault, events) else {
            events.fault(self.input, fault);
            return Ok(false);
        };
        self.contents = contents;
        self.intact = false;
        let usable = self.block.enter(&self.contents);
        if !usable {
            events.fault(self.input, fault);
        }
        Ok(usable)
    }

    /// Stand on the entry that `step` has just moved to, or on the next good one.
    fn settle(&mut self, mut step: Step, events: &mut dyn Events) -> Result<()> {
        loop {
            match step {
                Step::Entry if is_usable(self.block.key()) => {
                    self.valid = true;
                    return Ok(());
                }
                Step::Entry => self.tell_bad_key(events),
                Step::Bad => self.tell(Flaw::BadEntry, events),
                Step::End => {}
            }
            if step != Step::Entry {
                self.valid = false;
                let way = self.next_way();
                if !self.follow(way, events)? {
                    return Ok(());
                }
            }
            step = self.block.next(&self.contents);
        }
    }

    fn tell_bad_key(&mut self, events: &mut dyn Events) {
        if !self.bad_key_told {
            self.bad_key_told = true;
            self.tell(Flaw::BadInternalKey, events);
        }
    }

    fn tell(&self, flaw: Flaw, events: &mut dyn Events) {
        let fault = faults::of_block(Part::Data, flaw, self.handle);
        events.fault(self.input, self.route.as_ref().map_or(fault.clone(), |route| route.at_risk(fault)));
    }
}

/// The last of `count` blocks that begins before a target, or the first one; blocks that cannot be asked are passed over.
fn last_that_begins_before(count: usize, mut begins_before: impl FnMut(usize) -> Option<bool>) -> usize {
    let (mut low, mut high) = (0, count);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let mut nearest = (low + 1..=middle).rev().chain(middle + 1..high);
        match nearest.find_map(|index| Some((index, begins_before(index)?))) {
            Some((index, true)) => low = index,
            Some((index, false)) if index <= middle => high = index,
            _ => return low,
        }
    }
    low
}

/// Whether a key has a trailer of a type that is written.
#[inline]
fn is_usable(key: &[u8]) -> bool {
    internal_key::split(key).is_some_and(|(_, trailer)| trailer & 0xff <= u64::from(TYPE_VALUE))
}

/// Ask the caller for the contents of a block that cannot be used as it is.
fn repaired(
    reader: &mut BlockReader,
    input: u32,
    part: Part,
    handle: Handle,
    fault: &Fault,
    events: &mut dyn Events,
) -> Option<Vec<u8>> {
    let stored = reader.stored(part, handle).ok()?;
    events.repair(input, fault, stored)
}

/// The way through the index block, as far as it can be used; `None` where it cannot be used at all.
fn open_index(reader: &mut BlockReader, input: u32, events: &mut dyn Events) -> Result<Option<Route>> {
    let footer = reader.checked_footer();
    reader.check()?;
    let handle = match footer {
        Ok(footer) => footer.index,
        Err(fault) => {
            events.fault(input, fault);
            return Ok(None);
        }
    };
    let mut contents = Vec::new();
    let loaded = reader.load(Part::Index, handle, &mut contents);
    reader.check()?;
    let Some(fault) = loaded.as_ref().err().cloned().or_else(|| verify_index(handle, &contents)) else {
        return Ok(Some(Route::by_index(handle, contents)));
    };
    if let Some(contents) = repaired(reader, input, Part::Index, handle, &fault, events) {
        return Ok(Some(Route::by_index(handle, contents)));
    }
    events.fault(input, fault);
    Ok(loaded.is_ok().then(|| Route::by_index(handle, contents)))
}

impl EntryCursor for TableCursor {
    fn valid(&self) -> bool {
        self.valid
    }

    fn key(&self) -> &[u8] {
        if self.valid { self.block.key() } else { &[] }
    }

    fn value(&self) -> &[u8] {
        if self.valid { self.block.value(&self.contents) } else { &[] }
    }

    fn origin(&self) -> Origin {
        Origin { input: self.input, offset: self.handle.offset, intact: self.intact }
    }

    fn seek_to_first(&mut self, events: &mut dyn Events) -> Result<()> {
        self.rewind(events)?;
        self.settle(Step::End, events)
    }

    fn seek(&mut self, target: &[u8], events: &mut dyn Events) -> Result<()> {
        self.rewind(events)?;
        let way = self.seek_block(target);
        if !self.follow(way, events)? {
            return Ok(());
        }
        let order = |key: &[u8]| internal_key::compare(&self.comparator, key, target);
        let step = self.block.seek(&self.contents, order);
        self.settle(step, events)?;
        while self.valid && internal_key::compare(&self.comparator, self.key(), target) == Ordering::Less {
            self.next(events)?;
        }
        Ok(())
    }

    #[inline]
    fn next(&mut self, events: &mut dyn Events) -> Result<()> {
        if self.valid {
            let step = self.block.next(&self.contents);
            if step == Step::Entry && is_usable(self.block.key()) {
                return Ok(());
            }
            return self.settle(step, events);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
mod tests;
