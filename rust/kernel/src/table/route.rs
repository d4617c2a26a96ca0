//! The way to the data blocks of a table: its index, or a list of handles where the caller found the blocks without it.

use super::Handle;
use super::faults::{self, Flaw, Part};
use crate::block::{BlockCursor, Step};
use crate::comparator::Comparator;
use crate::fault::Fault;
use crate::internal_key;
use std::sync::Arc;

/// Where a route leads next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To this block.
    Block(Handle),
    /// To a block whose handle cannot be decoded.
    Lost,
    /// Nowhere.
    End,
}

#[derive(Debug)]
enum Kind {
    Index { handle: Handle, contents: Vec<u8>, cursor: BlockCursor },
    List { handles: Arc<[Handle]>, next: usize },
}

/// A position on the way through the data blocks, and the bounds of the user keys of the block it led to.
#[derive(Debug)]
pub struct Route {
    kind: Kind,
    lower: Option<Vec<u8>>,
    upper: Option<Vec<u8>>,
}

impl Route {
    /// By the contents of the index block, which is at `handle`.
    #[must_use]
    pub fn by_index(handle: Handle, contents: Vec<u8>) -> Self {
        let mut cursor = BlockCursor::default();
        // Without a layout there are no entries, and so no way.
        let _ = cursor.enter(&contents);
        Self { kind: Kind::Index { handle, contents, cursor }, lower: None, upper: None }
    }

    /// By a list of handles, in file order.
    #[must_use]
    pub const fn by_list(handles: Arc<[Handle]>) -> Self {
        Self { kind: Kind::List { handles, next: 0 }, lower: None, upper: None }
    }

    /// Stand before the first block.
    pub fn rewind(&mut self) {
        match &mut self.kind {
            Kind::Index { contents, cursor, .. } => {
                let _ = cursor.enter(contents);
            }
            Kind::List { next, .. } => *next = 0,
        }
        (self.lower, self.upper) = (None, None);
    }

    /// Go on. `last_key` is the last internal key read: where there is no index, it bounds the next block from below.
    pub fn next(&mut self, last_key: &[u8]) -> Way {
        match &mut self.kind {
            Kind::List { handles, next } => {
                if let Some((user_key, _)) = internal_key::split(last_key) {
                    set(&mut self.lower, user_key);
                }
                let way = handles.get(*next).map_or(Way::End, |handle| Way::Block(*handle));
                *next = next.saturating_add(1);
                way
            }
            Kind::Index { contents, cursor, .. } => {
                if self.upper.is_some() {
                    std::mem::swap(&mut self.lower, &mut self.upper);
                }
                let step = cursor.next(contents);
                self.arrive(step)
            }
        }
    }

    /// The list, where the route is one.
    #[must_use]
    pub fn list(&self) -> Option<Arc<[Handle]>> {
        match &self.kind {
            Kind::List { handles, .. } => Some(handles.clone()),
            Kind::Index { .. } => None,
        }
    }

    /// Go to block `index` of a list.
    pub fn jump(&mut self, index: usize) -> Way {
        if let Kind::List { next, .. } = &mut self.kind {
            *next = index;
        }
        self.next(&[])
    }

    /// Go to the first block that can hold `target` or an internal key after it, by the index; a list has no keys to search
    /// by, and leads to its first block.
    pub fn seek(&mut self, comparator: &Comparator, target: &[u8]) -> Way {
        self.rewind();
        match &mut self.kind {
            Kind::List { .. } => self.next(&[]),
            Kind::Index { contents, cursor, .. } => {
                let step = cursor.seek(contents, |key| internal_key::compare(comparator, key, target));
                self.arrive(step)
            }
        }
    }

    /// Read where the index entry leads that the cursor has just moved to.
    fn arrive(&mut self, step: Step) -> Way {
        let Kind::Index { contents, cursor, .. } = &self.kind else { return Way::End };
        if step != Step::Entry {
            return Way::End;
        }
        set(&mut self.upper, internal_key::user_key(cursor.key()));
        Handle::decode_value(cursor.value(contents)).map_or(Way::Lost, Way::Block)
    }

    /// Add the bounds of the keys at risk: those of the block that the route led to.
    #[must_use]
    pub fn at_risk(&self, mut fault: Fault) -> Fault {
        fault.lower.clone_from(&self.lower);
        fault.upper.clone_from(&self.upper);
        fault
    }

    /// The fault of a block whose handle cannot be decoded, or that goes back in the file.
    #[must_use]
    pub fn lost(&self) -> Fault {
        let handle = match &self.kind {
            Kind::Index { handle, .. } => *handle,
            Kind::List { .. } => Handle::default(),
        };
        self.at_risk(Fault {
            code: faults::code(Part::Data, Flaw::BadHandle),
            ..faults::of_block(Part::Index, Flaw::BadEntry, handle)
        })
    }
}

/// Set an optional key, using its memory again.
fn set(key: &mut Option<Vec<u8>>, bytes: &[u8]) {
    let key = key.get_or_insert_default();
    key.clear();
    key.extend_from_slice(bytes);
}

/// What is wrong with the contents of an index: an entry or handle that cannot be decoded, or an impossible restart array.
#[must_use]
pub fn verify_index(handle: Handle, contents: &[u8]) -> Option<Fault> {
    let mut cursor = BlockCursor::default();
    if !cursor.enter(contents) {
        return Some(faults::of_block(Part::Index, Flaw::BadRestarts, handle));
    }
    loop {
        match cursor.next(contents) {
            Step::End => return None,
            Step::Entry if Handle::decode_value(cursor.value(contents)).is_some() => {}
            _ => return Some(faults::of_block(Part::Index, Flaw::BadEntry, handle)),
        }
    }
}
