//! Decoded data blocks of all tables of a store, as many as a number of bytes allows.

use super::block::Block;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::sync::Arc;

/// File number and offset.
type Place = (u64, u64);

/// What a block costs besides its contents, about.
const OVERHEAD: u64 = 128;

/// Bytes of a shard, at least: a block heavier than its shard is never kept.
const LEAST_SHARD: u64 = 1 << 20;

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Place, Arc<Block>> for ByBytes {
    fn weight(&self, _place: &Place, block: &Arc<Block>) -> u64 {
        block.contents().len() as u64 + OVERHEAD
    }
}

/// A cache of blocks. Of a capacity of 0 bytes, it keeps nothing.
#[derive(Debug)]
pub struct BlockCache {
    blocks: Option<Cache<Place, Arc<Block>, ByBytes>>,
}

impl BlockCache {
    /// A cache of that many bytes.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        let items = usize::try_from(capacity / 4096).unwrap_or(usize::MAX).clamp(16, 1 << 20);
        let shards = usize::try_from(capacity / LEAST_SHARD).unwrap_or(usize::MAX).clamp(1, 16);
        let options =
            OptionsBuilder::new().estimated_items_capacity(items).weight_capacity(capacity).shards(shards).build();
        let blocks = options.ok().filter(|_| capacity > 0).map(|options| {
            Cache::with_options(
                options,
                ByBytes,
                DefaultHashBuilder::default(),
                quick_cache::sync::DefaultLifecycle::default(),
            )
        });
        Self { blocks }
    }

    /// The block at `offset` of table `number`.
    #[inline]
    #[must_use]
    pub fn get(&self, number: u64, offset: u64) -> Option<Arc<Block>> {
        self.blocks.as_ref()?.get(&(number, offset))
    }

    /// Keep a block.
    pub fn insert(&self, number: u64, offset: u64, block: Arc<Block>) {
        if let Some(blocks) = &self.blocks {
            blocks.insert((number, offset), block);
        }
    }

    /// Drop the blocks of table `number`: those at `offsets`, or where these are not known, all that there are.
    pub fn forget(&self, number: u64, offsets: Option<impl Iterator<Item = u64>>) {
        let Some(blocks) = &self.blocks else { return };
        match offsets {
            Some(offsets) => offsets.for_each(|offset| {
                blocks.remove(&(number, offset));
            }),
            None => blocks.retain(|place, _| place.0 != number),
        }
    }

    /// Drop everything.
    pub fn clear(&self) {
        if let Some(blocks) = &self.blocks {
            blocks.clear();
        }
    }

    /// Bytes in the cache, about.
    #[must_use]
    pub fn usage(&self) -> u64 {
        self.blocks.as_ref().map_or(0, Cache::weight)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn block(size: usize) -> Arc<Block> {
        let mut contents = vec![0; size];
        contents.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0]);
        Arc::new(Block::new(contents).unwrap())
    }

    #[test]
    fn usage_stays_within_the_capacity_and_falls_when_blocks_are_forgotten() {
        let cache = BlockCache::new(4 << 20);
        for offset in 0..10_000 {
            cache.insert(7, offset, block(1000));
        }
        cache.insert(8, 5, block(1000));

        assert!(cache.usage() > 1 << 20 && cache.usage() <= 4 << 20);
        cache.forget(8, Some([5, 6].into_iter()));
        assert!(cache.get(8, 5).is_none());
        cache.forget(7, None::<std::iter::Empty<u64>>);
        assert_eq!(cache.usage(), 0);
    }

    #[test]
    fn a_cache_of_no_bytes_keeps_nothing() {
        let cache = BlockCache::new(0);
        cache.insert(1, 2, block(10));

        assert!(cache.get(1, 2).is_none());
        assert_eq!(cache.usage(), 0);
    }
}
