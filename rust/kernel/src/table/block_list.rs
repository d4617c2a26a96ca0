//! Block reports in a few bytes each: who surveys a database keeps those of every table.

use super::scan::BlockReport;
use super::{Handle, Part, TRAILER_SIZE};
use crate::codec::Codec;
use crate::varint;

/// Codecs are fewer than that, and one more stands for a damaged block.
const CODEC_COUNT: usize = 8;

/// Block reports, packed: where a block begins is told by how far that is from the end of the one before, most often 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockList(Box<[u8]>);

impl BlockList {
    /// Pack reports.
    #[must_use]
    pub fn of(blocks: &[BlockReport]) -> Self {
        let (mut packed, mut end) = (Vec::with_capacity(blocks.len() * 5), 0);
        for block in blocks {
            varint::append_u64(&mut packed, block.handle.offset.wrapping_sub(end));
            varint::append_u64(&mut packed, block.handle.size);
            varint::append_u64(&mut packed, kind_of(block) as u64);
            varint::append_u64(&mut packed, block.entry_count);
            end = end_of(block.handle);
        }
        Self(packed.into())
    }

    /// The reports in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = BlockReport> + '_ {
        let (mut at, mut end) = (0, 0_u64);
        std::iter::from_fn(move || {
            let mut number = || {
                let (number, next) = varint::read_u64(&self.0, at)?;
                at = next;
                Some(number)
            };
            let handle = Handle { offset: end.wrapping_add(number()?), size: number()? };
            let kind = usize::try_from(number()?).ok()?;
            let part = *Part::ALL.get(kind / CODEC_COUNT)?;
            let codec = (kind % CODEC_COUNT).checked_sub(1).and_then(|codec| Codec::ALL.get(codec).copied());
            end = end_of(handle);
            Some(BlockReport { handle, part, codec, entry_count: number()? })
        })
    }
}

const fn end_of(handle: Handle) -> u64 {
    handle.offset.wrapping_add(handle.size).wrapping_add(TRAILER_SIZE as u64)
}

fn kind_of(block: &BlockReport) -> usize {
    let part = Part::ALL.iter().position(|part| *part == block.part).unwrap_or_default();
    let codec = block.codec.and_then(|codec| Codec::ALL.iter().position(|other| *other == codec));
    part * CODEC_COUNT + codec.map_or(0, |codec| codec + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(offset: u64, size: u64, part: Part, codec: Option<Codec>, entry_count: u64) -> BlockReport {
        BlockReport { handle: Handle { offset, size }, part, codec, entry_count }
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let mut blocks = vec![
            report(0, 4091, Part::Data, Some(Codec::Snappy), 16),
            report(4096, 100, Part::Data, None, 0),
            report(9000, 0, Part::Index, Some(Codec::None), u64::MAX),
            report(5, u64::MAX, Part::Filter, Some(Codec::Deflate), 3),
            report(u64::MAX, 7, Part::Metaindex, Some(Codec::Zlib), 0),
        ];
        blocks.extend(Part::ALL.map(|part| report(1, 2, part, Some(Codec::Zstd), 4)));

        assert_eq!(BlockList::of(&blocks).iter().collect::<Vec<_>>(), blocks);
    }

    #[test]
    fn blocks_that_follow_one_another_take_few_bytes() {
        let blocks: Vec<_> =
            (0..100).map(|number| report(number * 2005, 2000, Part::Data, Some(Codec::Snappy), 20)).collect();

        assert_eq!(BlockList::of(&blocks).0.len(), 500);
    }
}
