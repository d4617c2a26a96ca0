//! Any bytes can be asked as a filter block; one that was made of keys allows each of them.

use crate::shaped;
use relevel_kernel::filter::{BLOOM_NAME, FilterBlock, FilterBuilder, OLD_BLOOM_NAME};

type Input<'a> = (bool, u8, Vec<(u16, &'a [u8])>, u64, &'a [u8]);

/// Which policy, bits per key, the keys of blocks and how far each begins behind the one before; where to ask, and a filter block.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((is_old, bits_per_key, blocks, asked_at, given)) = shaped::<Input>(bytes) else { return false };
    let name = if is_old { OLD_BLOOM_NAME } else { BLOOM_NAME };
    if let Some(block) = FilterBlock::new(given.to_vec(), name) {
        for offset in [0, asked_at % 65536, asked_at] {
            let filter = block.of_block(offset);
            assert!(filter.is_some() || filter.may_match(given), "what is not there denies nothing");
            let _ = filter.may_match(&given[..given.len().min(9)]);
        }
    }
    let mut builder = FilterBuilder::new(usize::from(bits_per_key));
    let mut offset = 0;
    for (gap, key) in &blocks {
        offset += u64::from(*gap);
        builder.start_block(offset);
        builder.add(key);
    }
    let made = FilterBlock::new(builder.finish(), name).expect("an honest filter block");
    let mut offset = 0;
    for (gap, key) in &blocks {
        offset += u64::from(*gap);
        assert!(made.of_block(offset).may_match(key), "{key:?} at {offset} is denied");
    }
    !blocks.is_empty()
}
