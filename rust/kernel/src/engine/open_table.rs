//! One open table: its index laid out for searching, its filter, and its data blocks one at a time.

use super::block::{Block, BlockPosition, Wrong};
use super::error::{EngineError, Result};
use super::key_index::KeyIndex;
use super::table_source::{TableSource, Waiting};
use crate::block::{BlockCursor, Step};
use crate::codec::Decompressor;
use crate::comparator::Comparator;
use crate::fault::Fault;
use crate::filter::{BLOOM_NAME, FilterBlock, OLD_BLOOM_NAME};
use crate::internal_key;
use crate::read_at::ReadAt;
use crate::table::faults::{self, Flaw, Part};
use crate::table::reader::{self, BlockReader, Stored};
use crate::table::{FOOTER_SIZE, Handle, MAX_BLOCK_SIZE, TRAILER_SIZE};
use std::io;
use std::sync::Arc;

/// What a metaindex key of a filter begins with. Part of the file format.
const FILTER_PREFIX: &[u8] = b"filter.";

/// An end of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// An open table whose footer, index and filter are good.
#[derive(Debug)]
pub struct OpenTable {
    source: Arc<TableSource>,
    number: u64,
    keys: KeyIndex,
    handles: Vec<Handle>,
    filter: Option<FilterBlock>,
}

impl OpenTable {
    /// Read and verify footer, index and filter. `number` is what its blocks are cached under.
    ///
    /// # Errors
    /// Any fault of them; what the operating system says.
    pub fn new(source: TableSource, number: u64, comparator: &Comparator) -> Result<Self> {
        let source = Arc::new(source);
        let path = source.path().clone();
        Self::read(&source, number, comparator).map_err(|fault| fault_or_io(&path, fault))
    }

    fn read(source: &Arc<TableSource>, number: u64, comparator: &Comparator) -> std::result::Result<Self, Fault> {
        let mut reader = BlockReader::new(source.clone(), 0);
        let footer = reader.checked_footer()?;
        let mut contents = Vec::new();
        reader.load(Part::Index, footer.index, &mut contents)?;
        let (keys, handles) = decode_index(footer.index, &contents, comparator)?;
        reader.load(Part::Metaindex, footer.metaindex, &mut contents)?;
        let filter = match find_filter(footer.metaindex, &contents)? {
            None => None,
            Some((name, handle)) => {
                let mut contents = Vec::new();
                reader.load(Part::Filter, handle, &mut contents)?;
                let filter = FilterBlock::new(contents, name);
                Some(filter.ok_or_else(|| faults::of_block(Part::Filter, Flaw::BadEntry, handle))?)
            }
        };
        Ok(Self { source: source.clone(), number, keys, handles, filter })
    }

    /// The file number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Where the data blocks are, in the order of their keys.
    #[must_use]
    pub fn handles(&self) -> &[Handle] {
        &self.handles
    }

    /// The index keys: each at or after the last key of its block, and before the first of the next.
    #[must_use]
    pub const fn keys(&self) -> &KeyIndex {
        &self.keys
    }

    /// The bytes.
    #[must_use]
    pub fn source(&self) -> &TableSource {
        &self.source
    }

    /// Whether the filter allows that the data block at `offset` holds the user key.
    #[inline]
    #[must_use]
    pub fn may_hold(&self, offset: u64, user_key: &[u8]) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.of_block(offset).may_match(user_key))
    }

    /// Where the data of an internal key begins or would.
    #[must_use]
    pub fn approximate_offset(&self, comparator: &Comparator, target: &[u8]) -> u64 {
        let at = self.keys.first_at_or_after(comparator, target);
        let end = || self.handles.last().and_then(|handle| handle.end()).unwrap_or_else(|| self.source.size());
        self.handles.get(at).map_or_else(end, |handle| handle.offset)
    }

    /// How many bytes data block `at` takes on disk, trailer included.
    ///
    /// # Errors
    /// A handle that points outside the file.
    pub fn stored_size(&self, at: usize) -> Result<(Handle, usize)> {
        let handle = self.handles.get(at).copied().unwrap_or_default();
        let most = self.source.size().saturating_sub(FOOTER_SIZE as u64);
        let end = handle.end().filter(|end| *end <= most && handle.size <= MAX_BLOCK_SIZE);
        match end.and_then(|end| usize::try_from(end - handle.offset).ok()) {
            Some(size) => Ok((handle, size)),
            None => {
                let fault = faults::of_block(Part::Data, Flaw::BadHandle, handle);
                Err(self.fault(at, fault.with_values(most, handle.end().unwrap_or(u64::MAX))))
            }
        }
    }

    /// The contents of data block `at`, from its bytes as they lie on disk.
    ///
    /// # Errors
    /// Any fault: truncated, with `verify` a checksum that does not fit, of an unknown codec, not decompressible.
    pub fn decode(
        &self,
        at: usize,
        stored: &[u8],
        verify: bool,
        decompressor: &mut Decompressor,
    ) -> Result<Arc<Block>> {
        let handle = self.handles.get(at).copied().unwrap_or_default();
        let contents = decode_block(handle, stored, verify, decompressor);
        let block = contents.and_then(|contents| {
            Block::new(contents).ok_or_else(|| faults::of_block(Part::Data, Flaw::BadRestarts, handle))
        });
        block.map(Arc::new).map_err(|fault| self.fault(at, fault))
    }

    /// Hold the first and the last key against `smallest` and `largest`, internal keys that the version knows. A block that
    /// cannot be read tells nothing here, and is told of to whoever reads it.
    ///
    /// # Errors
    /// `table.replaced`: one of them differs, or there is no key at all.
    pub fn verify_ends(&self, smallest: &[u8], largest: &[u8]) -> Result<()> {
        let mut scratch = Scratch::default();
        let last = self.handles.len().saturating_sub(1);
        let is_another = self.handles.is_empty()
            || self.key_in(0, End::First, &mut scratch).is_some_and(|key| key != smallest)
            || self.key_in(last, End::Last, &mut scratch).is_some_and(|key| key != largest);
        if !is_another {
            return Ok(());
        }
        let user_key = |key| internal_key::split(key).map(|(user_key, _)| user_key.to_vec());
        let mut fault = Fault::new(faults::REPLACED, 0, self.source.size());
        (fault.lower, fault.upper) = (user_key(smallest), user_key(largest));
        Err(EngineError::fault(self.source.path(), fault))
    }

    /// The first or the last key of data block `at`; `None` where the block cannot be read to there.
    fn key_in(&self, at: usize, end: End, scratch: &mut Scratch) -> Option<Vec<u8>> {
        let mut position = BlockPosition::default();
        position.enter(self.load(at, true, Waiting::Allowed, scratch).ok()?);
        let moved = if end == End::First { position.first() } else { position.last() };
        (moved == Ok(true)).then(|| position.key().to_vec())
    }

    /// Read data block `at` past all caches. `stored` and the decompressor are memory to be used again.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); what the operating system says.
    pub fn load(&self, at: usize, verify: bool, waiting: Waiting, scratch: &mut Scratch) -> Result<Arc<Block>> {
        let (handle, size) = self.stored_size(at)?;
        if scratch.stored.len() < size {
            scratch.stored.resize(size, 0);
        }
        let room = scratch.stored.get_mut(..size).unwrap_or_default();
        let got = self.source.read(room, handle.offset, waiting).map_err(|error| self.io(error))?;
        let stored = scratch.stored.get(..got).unwrap_or_default();
        let block = self.decode(at, stored, verify, &mut scratch.decompressor);
        if scratch.stored.len() > MOST_SCRATCH {
            scratch.stored = Vec::new();
        }
        block
    }

    /// What a position met in data block `at`.
    #[must_use]
    pub fn wrong(&self, at: usize, wrong: Wrong) -> EngineError {
        self.flaw(at, if wrong == Wrong::Entry { Flaw::BadEntry } else { Flaw::BadRestarts })
    }

    /// A flaw of data block `at`.
    #[must_use]
    pub fn flaw(&self, at: usize, flaw: Flaw) -> EngineError {
        let handle = self.handles.get(at).copied().unwrap_or_default();
        self.fault(at, faults::of_block(Part::Data, flaw, handle))
    }

    /// A fault of data block `at`, with the user keys at risk.
    fn fault(&self, at: usize, mut fault: Fault) -> EngineError {
        let bound = |key: &[u8]| internal_key::split(key).map(|(user_key, _)| user_key.to_vec());
        fault.lower = at.checked_sub(1).and_then(|before| bound(self.keys.key(before)));
        fault.upper = bound(self.keys.key(at));
        EngineError::fault(self.source.path(), fault)
    }

    /// What the operating system said, or that it would have had to wait.
    #[must_use]
    pub fn io(&self, error: io::Error) -> EngineError {
        if error.kind() == io::ErrorKind::WouldBlock {
            EngineError::WouldBlock
        } else {
            EngineError::io(self.source.path(), error)
        }
    }
}

/// Memory that is kept from one look-up to the next is at most this much.
const MOST_SCRATCH: usize = 1 << 20;

/// Memory for reading and decoding blocks.
#[derive(Debug, Default)]
pub struct Scratch {
    stored: Vec<u8>,
    decompressor: Decompressor,
    /// A position in a block, and with it memory for its key.
    pub cursor: BlockCursor,
    /// The internal key looked for.
    pub target: Vec<u8>,
}

/// A fault, or the error of the system that it stands for.
#[must_use]
pub fn fault_or_io(path: &Arc<std::path::Path>, fault: Fault) -> EngineError {
    if fault.code != faults::READ_ERROR {
        return EngineError::fault(path, fault);
    }
    let number = fault.got.and_then(|number| i32::try_from(number).ok());
    EngineError::io(path, number.map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error))
}

fn decode_block(
    handle: Handle,
    stored: &[u8],
    verify: bool,
    decompressor: &mut Decompressor,
) -> std::result::Result<Vec<u8>, Fault> {
    let expected = handle.size.saturating_add(TRAILER_SIZE as u64);
    let parts = stored.split_last_chunk::<4>().and_then(|(covered, _)| covered.split_last());
    let Some((block_type, bytes)) = parts.filter(|_| stored.len() as u64 == expected) else {
        let fault = faults::of_block(Part::Data, Flaw::Truncated, handle);
        return Err(fault.with_values(expected, stored.len() as u64));
    };
    let stored =
        if verify { reader::verify(Part::Data, handle, stored)? } else { Stored { bytes, block_type: *block_type } };
    let mut contents = Vec::new();
    reader::decode(Part::Data, handle, stored, decompressor, &mut contents)?;
    Ok(contents)
}

fn decode_index(
    handle: Handle,
    contents: &[u8],
    comparator: &Comparator,
) -> std::result::Result<(KeyIndex, Vec<Handle>), Fault> {
    let mut cursor = BlockCursor::default();
    if !cursor.enter(contents) {
        return Err(faults::of_block(Part::Index, Flaw::BadRestarts, handle));
    }
    let (mut keys, mut handles) = (KeyIndex::default(), Vec::new());
    loop {
        match cursor.next(contents) {
            Step::End => break,
            Step::Bad => return Err(faults::of_block(Part::Index, Flaw::BadEntry, handle)),
            Step::Entry => {}
        }
        if internal_key::split(cursor.key()).is_none() {
            return Err(faults::of_block(Part::Index, Flaw::BadInternalKey, handle));
        }
        let block = Handle::decode_value(cursor.value(contents));
        handles.push(block.ok_or_else(|| faults::of_block(Part::Index, Flaw::BadEntry, handle))?);
        keys.push(cursor.key());
    }
    keys.finish(comparator);
    Ok((keys, handles))
}

/// The name and handle of the filter that is known.
fn find_filter(handle: Handle, contents: &[u8]) -> std::result::Result<Option<(&'static [u8], Handle)>, Fault> {
    let mut cursor = BlockCursor::default();
    if !cursor.enter(contents) {
        return Err(faults::of_block(Part::Metaindex, Flaw::BadRestarts, handle));
    }
    let mut found = None;
    loop {
        match cursor.next(contents) {
            Step::End => return Ok(found),
            Step::Bad => return Err(faults::of_block(Part::Metaindex, Flaw::BadEntry, handle)),
            Step::Entry => {}
        }
        let name = cursor.key().strip_prefix(FILTER_PREFIX);
        if let Some(name) = [BLOOM_NAME, OLD_BLOOM_NAME].into_iter().find(|known| Some(*known) == name) {
            let filter = Handle::decode_value(cursor.value(contents));
            let filter = filter.ok_or_else(|| faults::of_block(Part::Metaindex, Flaw::BadEntry, handle))?;
            found = found.or(Some((name, filter)));
        }
    }
}
