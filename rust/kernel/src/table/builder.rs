//! Writing a table, byte for byte as LevelDB does given the same entries and settings.

use super::footer::Footer;
use super::separator;
use super::{Handle, TRAILER_SIZE};
use crate::block::{BlockBuilder, TooLarge};
use crate::codec::{Codec, Compressor, TYPE_NONE};
use crate::comparator::Comparator;
use crate::crc;
use crate::fault::{Error, Fault};
use crate::filter::{self, FilterBuilder};
use crate::internal_key;
use crate::merge;
use std::cmp::Ordering;
use std::fmt;
use std::io::{self, Write};

/// How a table is written. The defaults are LevelDB's.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    /// How blocks are compressed; one that does not shrink by an eighth is stored as it is.
    pub codec: Codec,
    /// A data block ends with the entry that makes its contents this large.
    pub block_size: usize,
    /// Entries from restart point to restart point.
    pub restart_interval: usize,
    /// Bits of bloom filter for each key; 0 for no filter.
    pub bloom_bits_per_key: usize,
    /// The name of the filter policy.
    pub filter_name: Vec<u8>,
    /// Shorten index keys to the shortest that separates. Only the bytewise order knows how; others keep them whole.
    pub shorten_index_keys: bool,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self {
            codec: Codec::Snappy,
            block_size: 4096,
            restart_interval: 16,
            bloom_bits_per_key: 0,
            filter_name: filter::BLOOM_NAME.to_vec(),
            shorten_index_keys: true,
        }
    }
}

/// Why a table could not be written.
#[derive(Debug)]
pub enum BuildError {
    /// A key does not come after the one before.
    KeyOrder,
    /// A key is too short for a sequence number.
    NoInternalKey,
    /// A block would pass 4 GiB, or is too large for the codec.
    TooLarge,
    /// The operating system could not write.
    Io(io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyOrder => f.write_str("the key does not come after the one before"),
            Self::NoInternalKey => f.write_str("the key is shorter than the 8 bytes of sequence number and type"),
            Self::TooLarge => f.write_str("the entry is too large for a block"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for BuildError {}

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<TooLarge> for BuildError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Io(error) => Self::Io(error),
            // What is written is merged in order: only a comparator that contradicts itself can say that it is not.
            BuildError::KeyOrder => Self::Corruption(Fault::new(merge::OUT_OF_ORDER, 0, 0)),
            wrong => Self::Io(io::Error::new(io::ErrorKind::InvalidInput, wrong.to_string())),
        }
    }
}

/// One finished table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableMeta {
    /// Bytes of the file.
    pub file_size: u64,
    /// Entries in it.
    pub entry_count: u64,
    /// The first internal key; empty where there are no entries.
    pub smallest: Vec<u8>,
    /// The last internal key; empty where there are no entries.
    pub largest: Vec<u8>,
    /// The smallest sequence number; 0 where there are no entries.
    pub min_sequence: u64,
    /// The largest sequence number; 0 where there are no entries.
    pub max_sequence: u64,
}

/// Writes one table to `W`, which should be buffered. After an error the table is unusable.
#[derive(Debug)]
pub struct TableBuilder<W> {
    out: W,
    offset: u64,
    comparator: Comparator,
    options: BuildOptions,
    data: BlockBuilder,
    index: BlockBuilder,
    filter: Option<FilterBuilder>,
    /// The data block written last, until the first key of the next one tells what its index key shall be.
    pending: Option<Handle>,
    meta: TableMeta,
    compressor: Compressor,
    compressed: Vec<u8>,
}

impl<W: Write> TableBuilder<W> {
    /// A builder of an empty table.
    #[must_use]
    pub fn new(out: W, comparator: Comparator, options: BuildOptions) -> Self {
        let filter = (options.bloom_bits_per_key > 0).then(|| FilterBuilder::new(options.bloom_bits_per_key));
        Self {
            out,
            offset: 0,
            comparator,
            data: BlockBuilder::new(options.restart_interval),
            index: BlockBuilder::new(1),
            filter,
            pending: None,
            meta: TableMeta { min_sequence: u64::MAX, ..TableMeta::default() },
            compressor: Compressor::default(),
            compressed: Vec::new(),
            options,
        }
    }

    /// Append an entry.
    ///
    /// # Errors
    /// [`BuildError`]: the key is no internal key or does not ascend, the entry is too large (nothing is added in these
    /// cases), or writing failed.
    pub fn add(&mut self, internal_key: &[u8], value: &[u8]) -> Result<(), BuildError> {
        let (user_key, trailer) = internal_key::split(internal_key).ok_or(BuildError::NoInternalKey)?;
        if self.meta.entry_count > 0 {
            let order = internal_key::compare(&self.comparator, &self.meta.largest, internal_key);
            if order != Ordering::Less {
                return Err(BuildError::KeyOrder);
            }
        }
        self.data.add(internal_key, value)?;
        if let Some(handle) = self.pending.take() {
            let between = separator::between(&self.comparator, &self.meta.largest, internal_key);
            self.add_index_entry(between, handle)?;
        }
        if let Some(filter) = &mut self.filter {
            filter.add(user_key);
        }
        self.note(internal_key, trailer >> 8);
        if self.data.size() >= self.options.block_size { self.end_block() } else { Ok(()) }
    }

    fn note(&mut self, internal_key: &[u8], sequence: u64) {
        let meta = &mut self.meta;
        if meta.entry_count == 0 {
            meta.smallest.extend_from_slice(internal_key);
        }
        meta.largest.clear();
        meta.largest.extend_from_slice(internal_key);
        meta.entry_count += 1;
        meta.min_sequence = meta.min_sequence.min(sequence);
        meta.max_sequence = meta.max_sequence.max(sequence);
    }

    /// Add the index entry of a finished data block: under `shortened` where keys are shortened, else its last key.
    fn add_index_entry(&mut self, shortened: Option<Vec<u8>>, handle: Handle) -> Result<(), BuildError> {
        let mut value = Vec::with_capacity(20);
        handle.append(&mut value);
        let shortened = shortened.filter(|_| self.options.shorten_index_keys);
        self.index.add(shortened.as_deref().unwrap_or(&self.meta.largest), &value)?;
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), BuildError> {
        if self.data.is_empty() {
            return Ok(());
        }
        self.pending = Some(self.write_block(BlockOf::Data)?);
        if let Some(filter) = &mut self.filter {
            filter.start_block(self.offset);
        }
        Ok(())
    }

    fn write_block(&mut self, which: BlockOf<'_>) -> Result<Handle, BuildError> {
        let builder = match which {
            BlockOf::Data => &mut self.data,
            BlockOf::Index => &mut self.index,
            BlockOf::Other(builder) => builder,
        };
        let contents = builder.finish();
        let codec = self.options.codec;
        let compressed = codec != Codec::None
            && self.compressor.compress(codec, contents, &mut self.compressed).is_ok()
            && self.compressed.len() < contents.len() - contents.len() / 8;
        let (stored, block_type) =
            if compressed { (self.compressed.as_slice(), codec.block_type()) } else { (contents, TYPE_NONE) };
        let handle = write_stored(&mut self.out, &mut self.offset, stored, block_type)?;
        builder.clear();
        Ok(handle)
    }

    /// Bytes written so far, not counting the block at hand.
    #[must_use]
    pub const fn file_size(&self) -> u64 {
        self.offset
    }

    /// How many entries were added.
    #[must_use]
    pub const fn entry_count(&self) -> u64 {
        self.meta.entry_count
    }

    /// The last internal key added; empty before the first.
    #[must_use]
    pub fn last_key(&self) -> &[u8] {
        &self.meta.largest
    }

    /// Write what is left, filter, metaindex, index and footer; flush, and give back the writer.
    ///
    /// # Errors
    /// [`BuildError`] where writing failed.
    pub fn finish(mut self) -> Result<(W, TableMeta), BuildError> {
        self.end_block()?;
        let mut metaindex = BlockBuilder::new(self.options.restart_interval);
        if let Some(filter) = self.filter.take() {
            let handle = write_stored(&mut self.out, &mut self.offset, &filter.finish(), TYPE_NONE)?;
            let mut value = Vec::with_capacity(20);
            handle.append(&mut value);
            metaindex.add(&[b"filter.", self.options.filter_name.as_slice()].concat(), &value)?;
        }
        let metaindex = self.write_block(BlockOf::Other(&mut metaindex))?;
        if let Some(handle) = self.pending.take() {
            let after = separator::after(&self.comparator, &self.meta.largest);
            self.add_index_entry(after, handle)?;
        }
        let index = self.write_block(BlockOf::Index)?;
        let footer = Footer { metaindex, index }.encode();
        self.out.write_all(&footer)?;
        self.out.flush()?;
        self.meta.file_size = self.offset + footer.len() as u64;
        self.meta.min_sequence = self.meta.min_sequence.min(self.meta.max_sequence);
        Ok((self.out, self.meta))
    }
}

/// The builder of the block to be written.
enum BlockOf<'a> {
    Data,
    Index,
    Other(&'a mut BlockBuilder),
}

fn write_stored(out: &mut impl Write, offset: &mut u64, stored: &[u8], block_type: u8) -> io::Result<Handle> {
    let checksum = crc::mask(crc::extend(crc::value(stored), &[block_type]));
    let [a, b, c, d] = checksum.to_le_bytes();
    out.write_all(stored)?;
    out.write_all(&[block_type, a, b, c, d])?;
    let handle = Handle { offset: *offset, size: stored.len() as u64 };
    *offset += (stored.len() + TRAILER_SIZE) as u64;
    Ok(handle)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;
    use crate::internal_key::append;

    fn key(user_key: &[u8], sequence: u64) -> Vec<u8> {
        let mut key = Vec::new();
        append(&mut key, user_key, sequence, 1);
        key
    }

    fn builder(options: BuildOptions) -> TableBuilder<Vec<u8>> {
        TableBuilder::new(Vec::new(), Comparator::Bytewise, options)
    }

    #[test]
    fn a_table_without_entries_is_leveldbs_empty_table() {
        let (bytes, meta) = builder(BuildOptions::default()).finish().unwrap();

        assert_eq!(bytes.len(), 13 + 13 + 48);
        assert_eq!((meta.file_size, meta.entry_count, meta.min_sequence), (74, 0, 0));
    }

    #[test]
    fn a_key_that_does_not_ascend_is_refused_and_changes_nothing() {
        let mut builder = builder(BuildOptions::default());
        builder.add(&key(b"b", 5), b"").unwrap();

        assert!(matches!(builder.add(&key(b"a", 9), b""), Err(BuildError::KeyOrder)));
        assert!(matches!(builder.add(&key(b"b", 5), b""), Err(BuildError::KeyOrder)));
        assert!(matches!(builder.add(&key(b"b", 6), b""), Err(BuildError::KeyOrder)));
        builder.add(&key(b"b", 4), b"").unwrap();
        assert_eq!(builder.entry_count(), 2);
    }

    #[test]
    fn a_key_without_a_sequence_number_is_refused() {
        assert!(matches!(builder(BuildOptions::default()).add(b"1234567", b""), Err(BuildError::NoInternalKey)));
    }

    #[test]
    fn the_bounds_of_a_table_are_those_of_its_entries() {
        let mut builder = builder(BuildOptions::default());
        for (user_key, sequence) in [(b"a", 7), (b"b", 3), (b"c", 5)] {
            builder.add(&key(user_key, sequence), b"v").unwrap();
        }

        let (bytes, meta) = builder.finish().unwrap();

        assert_eq!((meta.smallest, meta.largest), (key(b"a", 7), key(b"c", 5)));
        assert_eq!((meta.min_sequence, meta.max_sequence, meta.entry_count), (3, 7, 3));
        assert_eq!(meta.file_size, bytes.len() as u64);
    }

    #[test]
    fn a_block_that_does_not_shrink_by_an_eighth_is_stored_as_it_is() {
        let noise: Vec<u8> = (0..1000u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        for (value, block_type) in [(noise, 0), (vec![b'x'; 1000], 1)] {
            let mut builder = builder(BuildOptions { block_size: 1, ..BuildOptions::default() });
            builder.add(&key(b"a", 1), &value).unwrap();
            let type_at = usize::try_from(builder.file_size()).unwrap() - TRAILER_SIZE;
            let (bytes, _) = builder.finish().unwrap();

            assert_eq!(bytes.get(type_at), Some(&block_type));
        }
    }
}
