//! Bloom filters, and the filter block that holds one for every 2 KiB of data blocks.
//!
//! ```text
//! filter       = bits | k (1)                       k probes; bits at least 64
//! filter block = filter* | LE32 filter offset* | LE32 offset of these offsets | base_lg (1)
//! ```
//! Filter number `block_offset >> base_lg` holds the user keys of the data blocks that begin there. LevelDB's `base_lg` is
//! 11. Part of the file format.

/// The name of LevelDB's filter, of a hash that takes bytes as unsigned.
pub const BLOOM_NAME: &[u8] = b"leveldb.BuiltinBloomFilter2";
/// The older name: early LevelDB hashed the last bytes of a key as signed where C's `char` is; goleveldb uses the name to
/// this day, and never did.
pub const OLD_BLOOM_NAME: &[u8] = b"leveldb.BuiltinBloomFilter";

/// One filter for every 2^11 bytes of data blocks. Part of the file format.
pub const BASE_LG: u8 = 11;

const SEED: u32 = 0xbc9f_1d34;
const MULTIPLIER: u32 = 0xc6a4_a793;
/// Values of `k` above this are left for other kinds of filter, and match everything.
const MOST_PROBES: u8 = 30;
const LEAST_BITS: usize = 64;

/// LevelDB's hash of a key. `signed_tail` takes the last 1 to 3 bytes as signed, as early versions did.
#[inline]
fn hash(key: &[u8], signed_tail: bool) -> u32 {
    let [a, b, c, d, ..] = key.len().to_le_bytes();
    let mut hash = SEED ^ u32::from_le_bytes([a, b, c, d]).wrapping_mul(MULTIPLIER);
    let mut rest = key;
    while let Some((word, after)) = rest.split_first_chunk::<4>() {
        hash = hash.wrapping_add(u32::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
        hash ^= hash >> 16;
        rest = after;
    }
    let tail = rest;
    if tail.is_empty() {
        return hash;
    }
    for (&byte, shift) in tail.iter().zip([0, 8, 16]) {
        let wide =
            if signed_tail { u32::from_le_bytes([byte, sign(byte), sign(byte), sign(byte)]) } else { u32::from(byte) };
        hash = hash.wrapping_add(wide << shift);
    }
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 24)
}

/// What fills the higher bytes where a byte is taken as signed.
const fn sign(byte: u8) -> u8 {
    if byte < 0x80 { 0 } else { 0xff }
}

/// Append the bloom filter of keys with these hashes.
fn append_filter(out: &mut Vec<u8>, hashes: &[u32], bits_per_key: usize) {
    let probes = probes(bits_per_key);
    let size = hashes.len().saturating_mul(bits_per_key).max(LEAST_BITS).div_ceil(8);
    let start = out.len();
    out.resize(start + size, 0);
    let Some(filter) = out.get_mut(start..) else { return };
    let bits = u32::try_from(size * 8).unwrap_or(u32::MAX);
    for hash in hashes {
        for bit in probed_bits(*hash, probes, bits) {
            if let Some(byte) = filter.get_mut(bit as usize / 8) {
                *byte |= 1 << (bit % 8);
            }
        }
    }
    out.push(probes);
}

/// `bits_per_key * ln 2`, rounded down as LevelDB does.
fn probes(bits_per_key: usize) -> u8 {
    let probes = bits_per_key.saturating_mul(69) / 100;
    u8::try_from(probes).unwrap_or(MOST_PROBES).clamp(1, MOST_PROBES)
}

#[inline]
fn probed_bits(mut hash: u32, probes: u8, bits: u32) -> impl Iterator<Item = u32> {
    let delta = hash.rotate_right(17);
    (0..probes).map(move |_| {
        let bit = hash % bits;
        hash = hash.wrapping_add(delta);
        bit
    })
}

#[inline]
fn may_match_hash(filter: &[u8], hash: u32) -> bool {
    let Some((&probes, filter)) = filter.split_last().filter(|(_, filter)| !filter.is_empty()) else { return false };
    if probes > MOST_PROBES {
        return true;
    }
    let bits = u32::try_from(filter.len().saturating_mul(8)).unwrap_or(u32::MAX);
    probed_bits(hash, probes, bits)
        .all(|bit| filter.get(bit as usize / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0))
}

/// LevelDB's bloom filter over these keys.
#[must_use]
pub fn bloom<'a>(user_keys: impl IntoIterator<Item = &'a [u8]>, bits_per_key: usize) -> Vec<u8> {
    let hashes: Vec<u32> = user_keys.into_iter().map(|key| hash(key, false)).collect();
    let mut out = Vec::new();
    append_filter(&mut out, &hashes, bits_per_key);
    out
}

/// Whether a bloom filter allows that the key is there. False for a filter of less than two bytes.
#[must_use]
pub fn may_match(filter: &[u8], user_key: &[u8]) -> bool {
    may_match_hash(filter, hash(user_key, false))
}

/// Builds a filter block while a table is written.
#[derive(Debug)]
pub struct FilterBuilder {
    bits_per_key: usize,
    hashes: Vec<u32>,
    filters: Vec<u8>,
    offsets: Vec<u32>,
}

impl FilterBuilder {
    /// A builder of bloom filters of that many bits for each key.
    #[must_use]
    pub const fn new(bits_per_key: usize) -> Self {
        Self { bits_per_key, hashes: Vec::new(), filters: Vec::new(), offsets: Vec::new() }
    }

    /// A data block begins at `offset`.
    pub fn start_block(&mut self, offset: u64) {
        while offset >> BASE_LG > self.offsets.len() as u64 {
            self.end_filter();
        }
    }

    /// The data block at hand holds `user_key`.
    pub fn add(&mut self, user_key: &[u8]) {
        self.hashes.push(hash(user_key, false));
    }

    fn end_filter(&mut self) {
        self.offsets.push(u32::try_from(self.filters.len()).unwrap_or(u32::MAX));
        if !self.hashes.is_empty() {
            append_filter(&mut self.filters, &self.hashes, self.bits_per_key);
            self.hashes.clear();
        }
    }

    /// The whole filter block.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        if !self.hashes.is_empty() {
            self.end_filter();
        }
        let array_offset = u32::try_from(self.filters.len()).unwrap_or(u32::MAX);
        for number in self.offsets.iter().chain([&array_offset]) {
            self.filters.extend_from_slice(&number.to_le_bytes());
        }
        self.filters.push(BASE_LG);
        self.filters
    }
}

/// Which hash a filter's keys were put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Unsigned,
    /// The old name: either.
    Either,
}

/// A filter block being asked.
#[derive(Debug)]
pub struct FilterBlock {
    contents: Vec<u8>,
    array_offset: usize,
    filter_count: usize,
    base_lg: u8,
    policy: Option<Policy>,
}

impl FilterBlock {
    /// The filter block of policy `name`; `None` where `contents` are laid out as no filter block is.
    ///
    /// Of a policy that is not known, every key may match.
    #[must_use]
    pub fn new(contents: Vec<u8>, name: &[u8]) -> Option<Self> {
        let (&base_lg, rest) = contents.split_last()?;
        let (offsets, array_offset) = rest.split_last_chunk::<4>()?;
        let array_offset = usize::try_from(u32::from_le_bytes(*array_offset)).ok()?;
        let array_size = offsets.len().checked_sub(array_offset)?;
        let policy = match name {
            BLOOM_NAME => Some(Policy::Unsigned),
            OLD_BLOOM_NAME => Some(Policy::Either),
            _ => None,
        };
        let block = Self { filter_count: array_size / 4, array_offset, base_lg, policy, contents };
        let good = array_size % 4 == 0 && base_lg < 64 && block.offsets_ascend();
        good.then_some(block)
    }

    fn offsets_ascend(&self) -> bool {
        (0..self.filter_count).all(|index| self.filter(index).is_some())
    }

    /// How many filters there are.
    #[must_use]
    pub const fn filter_count(&self) -> usize {
        self.filter_count
    }

    /// Filter `index`; its end is the next one's offset, and the last one's the offset of the array itself.
    fn filter(&self, index: usize) -> Option<&[u8]> {
        let at = self.array_offset.checked_add(index.checked_mul(4)?)?;
        let ends = self.contents.get(at..)?.first_chunk::<8>()?;
        let &[a, b, c, d, e, f, g, h] = ends;
        let start = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let end = usize::try_from(u32::from_le_bytes([e, f, g, h])).ok()?;
        self.contents.get(start..end.min(self.array_offset)).filter(|_| end <= self.array_offset)
    }

    /// The filter of the data block at `block_offset`: ask it key by key.
    #[must_use]
    pub fn of_block(&self, block_offset: u64) -> BlockFilter<'_> {
        let index = usize::try_from(block_offset >> self.base_lg).ok().filter(|index| *index < self.filter_count);
        let filter = index.and_then(|index| self.filter(index));
        BlockFilter { asked: filter.zip(self.policy) }
    }
}

/// The filter of one data block.
#[derive(Debug, Clone, Copy)]
pub struct BlockFilter<'a> {
    asked: Option<(&'a [u8], Policy)>,
}

impl BlockFilter<'_> {
    /// A filter that allows everything.
    pub const NONE: Self = Self { asked: None };

    /// Whether there is something to ask.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether the filter allows that `user_key` is in the data block.
    #[inline]
    #[must_use]
    pub fn may_match(&self, user_key: &[u8]) -> bool {
        let Some((filter, policy)) = self.asked else { return true };
        may_match_hash(filter, hash(user_key, false))
            || (policy == Policy::Either && may_match_hash(filter, hash(user_key, true)))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_leveldbs() {
        // From LevelDB's util/hash_test.cc, there with seed 0xbc9f1d34.
        assert_eq!(hash(b"", false), 0xbc9f_1d34);
        assert_eq!(hash(&[0x62], false), 0xef13_45c4);
        assert_eq!(hash(&[0xc3, 0x97], false), 0x5b66_3814);
        assert_eq!(hash(&[0xe2, 0x99, 0xa5], false), 0x323c_078f);
        assert_eq!(hash(&[0xe1, 0x80, 0xb9, 0x32], false), 0xed21_633a);
    }

    #[test]
    fn a_filter_allows_every_key_it_was_made_of() {
        for count in [0u32, 1, 10, 1000, 10_000] {
            let keys: Vec<Vec<u8>> = (0..count).map(|n| n.to_le_bytes().to_vec()).collect();
            let filter = bloom(keys.iter().map(Vec::as_slice), 10);

            assert!(keys.iter().all(|key| may_match(&filter, key)));
            let wrong = (1_000_000_000u32..1_000_010_000).filter(|n| may_match(&filter, &n.to_le_bytes())).count();
            assert!(wrong <= 200, "{wrong} of 10000 wrongly allowed");
        }
    }

    #[test]
    fn the_number_of_probes_is_kept_in_bounds() {
        for (bits_per_key, expected) in [(0, 1), (1, 1), (10, 6), (43, 29), (44, 30), (1000, 30)] {
            assert_eq!(bloom([&b"a"[..]], bits_per_key).last(), Some(&expected));
        }
        assert_eq!(bloom([&b"a"[..]], 1).len(), 9);
    }

    #[test]
    fn a_filter_too_short_denies_and_one_of_another_kind_allows() {
        assert!(!may_match(b"", b"a"));
        assert!(!may_match(&[6], b"a"));
        assert!(may_match(&[0, 31], b"a"));
    }

    #[test]
    fn an_empty_filter_block_is_laid_out_as_leveldbs() {
        assert_eq!(FilterBuilder::new(10).finish(), [0, 0, 0, 0, 11]);
    }

    fn built() -> Vec<u8> {
        let mut builder = FilterBuilder::new(10);
        builder.start_block(0);
        builder.add(b"foo");
        builder.start_block(2000);
        builder.add(b"bar");
        builder.start_block(3100);
        builder.add(b"box");
        builder.start_block(9000);
        builder.add(b"hello");
        builder.finish()
    }

    #[test]
    fn a_filter_block_answers_for_each_data_block() {
        let block = FilterBlock::new(built(), BLOOM_NAME).unwrap();

        assert_eq!(block.filter_count(), 5);
        assert!(block.of_block(0).may_match(b"foo") && block.of_block(2000).may_match(b"bar"));
        assert!(block.of_block(3100).may_match(b"box") && block.of_block(9000).may_match(b"hello"));
        assert!(!block.of_block(0).may_match(b"box") && !block.of_block(3100).may_match(b"foo"));
        assert!(!block.of_block(4100).may_match(b"foo"), "an empty filter allows nothing");
        assert!(block.of_block(99_000).may_match(b"foo"), "past the filters everything is allowed");
    }

    #[test]
    fn a_filter_of_an_unknown_policy_allows_everything() {
        assert!(FilterBlock::new(built(), b"somebody's").unwrap().of_block(0).may_match(b"box"));
    }

    #[test]
    fn a_filter_of_the_old_name_may_have_hashed_signed_bytes() {
        let key = [b'k', b'e', b'y', b's', 0xff, 0x90];
        let mut filters = Vec::new();
        append_filter(&mut filters, &[hash(&key, true)], 10);
        let size = u32::try_from(filters.len()).unwrap();
        filters.extend_from_slice(&0u32.to_le_bytes());
        filters.extend_from_slice(&size.to_le_bytes());
        filters.push(BASE_LG);

        assert!(!FilterBlock::new(filters.clone(), BLOOM_NAME).unwrap().of_block(0).may_match(&key));
        assert!(FilterBlock::new(filters, OLD_BLOOM_NAME).unwrap().of_block(0).may_match(&key));
    }

    #[test]
    fn a_filter_block_with_an_impossible_layout_is_refused() {
        let mut beyond = built();
        let at = beyond.len() - 5;
        beyond.get_mut(at..at + 4).unwrap().copy_from_slice(&[0xff; 4]);
        let mut descending = built();
        let first_offset = at - 20;
        descending.get_mut(first_offset..first_offset + 4).unwrap().copy_from_slice(&[9, 0, 0, 0]);
        descending.get_mut(first_offset + 4..first_offset + 8).unwrap().copy_from_slice(&[3, 0, 0, 0]);
        let mut crooked = built();
        crooked.insert(at, 0);

        for contents in [b"".to_vec(), vec![0; 4], beyond, descending, crooked] {
            assert!(FilterBlock::new(contents, BLOOM_NAME).is_none());
        }
    }
}
