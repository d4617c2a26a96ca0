//! Torn or hurt: whether a record that claims more bytes than are left was cut by the end of its log, as a crash leaves it.
//!
//! One whose size was hurt claims too much as well. Its batch tells them apart: the operations of one that was cut run over
//! the end, those of one whose size was hurt end before it, and there the next record begins. That comes first: records that
//! follow one another up to the end prove less, as a value can hold a log, and be cut where one of its records ends. They are
//! asked only where the operations tell nothing, or behind where these end.

use super::blocks::Blocks;
use super::format::{self, HEADER_SIZE, Header};
use crate::batch::{self, Head};
use crate::internal_key::{MAX_SEQUENCE, TYPE_DELETION, TYPE_VALUE};
use crate::varint;
use std::ops::RangeInclusive;

/// Bytes of the smallest operation: a deletion of the empty key.
const LEAST_OPERATION: u64 = 2;
/// Bytes of the longest varint of 32 bits.
const LONGEST_SIZE: usize = 5;

/// How far operations go.
#[derive(Clone, Copy)]
pub enum Extent {
    /// Over the end of what is there: to this byte of the batch, where that can be told.
    Over(Option<u64>),
    /// To this byte of the batch.
    Ends(usize),
    /// They cannot be decoded.
    Unknown,
}

/// How far the operations of a batch go. `bytes` are what is there of it. Where they run over the end, that has to agree with
/// `claimed`, the batch's size by its records, where its last record is there; else it is [`Extent::Unknown`].
pub fn extent_of_batch(bytes: &[u8], claimed: Option<u64>) -> Extent {
    let Some(head) = Head::of(bytes) else { return Extent::Over(None) };
    let mut position = batch::HEADER_SIZE;
    for left in (0..head.count).rev() {
        match extent_of_operation(bytes, position) {
            Extent::Ends(end) => position = end,
            Extent::Over(end) => {
                // The last operation ends exactly where the records say, an earlier one before that.
                let contradicts = |(end, claimed)| if left == 0 { end != claimed } else { end >= claimed };
                return if end.zip(claimed).is_some_and(contradicts) { Extent::Unknown } else { Extent::Over(end) };
            }
            Extent::Unknown => return Extent::Unknown,
        }
    }
    Extent::Ends(position)
}

/// Where to go on behind the record of a batch that claims more bytes than are left; `None` where it was cut.
///
/// `offset` is that of its header, which is whole, in the block; `extent` counts from it, too. `due` is the sequence number that its batch
/// should have, where that is known.
pub fn resync_offset(blocks: &mut Blocks, offset: u64, extent: Extent, due: Option<u64>) -> Option<u64> {
    let rest = blocks.bytes(blocks.range_from(offset));
    let last = due.map_or(MAX_SEQUENCE, |due| due.saturating_add(blocks.file_size() / LEAST_OPERATION));
    let sequences = due.unwrap_or(0)..=last;
    let find = |from| find_batch(rest, from, &sequences).map(|position| offset + position as u64);
    let is_noise = is_noise(rest);
    match extent {
        Extent::Over(_) if !is_noise => None,
        Extent::Ends(end) if !is_noise => {
            let found = find(end);
            found.or_else(|| blocks.chained_from(offset + end as u64))
        }
        _ => {
            let found = due.and_then(|_| find(1));
            let chained = blocks.chained_from(offset + 1);
            chained.or(found).or_else(|| is_noise.then_some(blocks.file_size()))
        }
    }
}

impl Extent {
    /// The same counted from the header of its last record, which has `before` bytes of the batch before it.
    pub fn behind(self, before: usize) -> Self {
        match self {
            Self::Ends(end) => Self::Ends(HEADER_SIZE + end.saturating_sub(before)),
            other => other,
        }
    }
}

fn extent_of_operation(bytes: &[u8], position: usize) -> Extent {
    let slices = match bytes.get(position) {
        None => return Extent::Over(None),
        Some(&TYPE_DELETION) => 1,
        Some(&TYPE_VALUE) => 2,
        Some(_) => return Extent::Unknown,
    };
    let mut end = position + 1;
    for left in (0..slices).rev() {
        let Some((size, after)) = varint::read_u32(bytes, end) else {
            let is_cut = bytes.len().saturating_sub(end) < LONGEST_SIZE;
            return if is_cut { Extent::Over(None) } else { Extent::Unknown };
        };
        end = after.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        if end > bytes.len() {
            return Extent::Over((left == 0).then_some(end as u64));
        }
    }
    Extent::Ends(end)
}

/// Whether the header has a type that no writer makes, and is not the beginning of zeroes up to the end.
fn is_noise(rest: &[u8]) -> bool {
    let is_known = Header::parse(rest).is_none_or(|header| header.has_known_type());
    !is_known && rest.iter().skip(HEADER_SIZE - 1).any(|&byte| byte != 0)
}

/// The first sound record at or after `from` that begins a batch with one of these sequence numbers.
fn find_batch(rest: &[u8], from: usize, sequences: &RangeInclusive<u64>) -> Option<usize> {
    (from..rest.len())
        .find(|&position| begins_batch(rest, position).is_some_and(|sequence| sequences.contains(&sequence)))
}

/// The sequence number of the batch that a sound record at `position` begins.
fn begins_batch(rest: &[u8], position: usize) -> Option<u64> {
    let header = Header::parse(rest.get(position..)?)?;
    let head = Head::of(rest.get(position + HEADER_SIZE..)?)?;
    if !header.is_first_fragment() || header.size < batch::HEADER_SIZE || head.count == 0 {
        return None;
    }
    let covered = format::covered(rest, position, header.size)?;
    (format::checksum(covered) == header.checksum).then_some(head.sequence)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::batch::{append_header, append_put};
    use crate::log::format::BLOCK_SIZE;
    use crate::log::tests::log_of;
    use crate::log::{BAD_LENGTH, BatchReader, SEQUENCE_GAP, TORN_TAIL};
    use std::sync::Arc;

    fn put(sequence: u64, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        append_header(&mut out, sequence, 1);
        append_put(&mut out, format!("key{sequence}").as_bytes(), value);
        out
    }

    fn puts(count: u64) -> Vec<Vec<u8>> {
        (1..=count).map(|sequence| put(sequence, &[1; 40])).collect()
    }

    /// Where the record with this place begins.
    fn offset_of(batches: &[Vec<u8>], place: usize) -> usize {
        log_of(&batches[..place]).len()
    }

    /// The sequence numbers of the batches that are read, and the codes of what is wrong.
    fn read(log: &[u8]) -> (Vec<u64>, Vec<&'static str>) {
        let mut reader = BatchReader::new(Arc::new(log.to_vec()));
        let mut found = Vec::new();
        while reader
            .next_batch(|placed| {
                found.push(placed.batch.sequence);
                Ok(())
            })
            .unwrap()
        {}
        let faults = reader.take_faults();
        assert!(faults.iter().all(|fault| fault.offset + fault.size <= log.len() as u64));
        (found, faults.iter().map(|fault| fault.code).collect())
    }

    #[test]
    fn a_record_that_the_end_cuts_is_torn_wherever_it_is_cut() {
        let batches = puts(3);
        let log = log_of(&batches);
        for end in offset_of(&batches, 2) + 1..log.len() {
            assert_eq!(read(&log[..end]), (vec![1, 2], vec![TORN_TAIL]), "{end}");
        }
    }

    #[test]
    fn behind_a_size_that_is_hurt_the_log_goes_on_though_its_end_is_cut() {
        let batches = puts(10);
        let mut log = log_of(&batches);
        log[offset_of(&batches, 4) + 5] = 0x20;
        log.truncate(log.len() - 5);

        assert_eq!(read(&log), (vec![1, 2, 3, 4, 6, 7, 8, 9], vec![BAD_LENGTH, SEQUENCE_GAP, TORN_TAIL]));
    }

    #[test]
    fn where_the_operations_are_hurt_as_well_a_batch_with_a_number_that_fits_is_gone_on_at() {
        let batches = puts(10);
        let mut log = log_of(&batches);
        let hurt = offset_of(&batches, 4);
        log[hurt + 5] = 0x20;
        log.truncate(log.len() - 5);
        for (place, byte, behind) in [(0, 9, [6, 7, 8, 9].as_slice()), (1, 0x70, &[8, 9])] {
            let mut log = log.clone();
            log[hurt + HEADER_SIZE + batch::HEADER_SIZE + place] = byte;

            let (found, codes) = read(&log);
            assert_eq!(found, [&[1, 2, 3, 4], behind].concat());
            assert_eq!(codes, [BAD_LENGTH, SEQUENCE_GAP, TORN_TAIL]);
        }
    }

    #[test]
    fn the_size_of_a_last_fragment_is_told_by_its_batch_too() {
        let mut batches = vec![put(1, &vec![2; BLOCK_SIZE])];
        batches.extend((2..=5).map(|sequence| put(sequence, &[1; 40])));
        let mut log = log_of(&batches);
        log[BLOCK_SIZE + 5] = 0x20;
        log.truncate(log.len() - 5);

        let (found, codes) = read(&log);
        assert_eq!(found, [2, 3, 4]);
        assert!(codes.contains(&BAD_LENGTH) && codes.ends_with(&[TORN_TAIL]), "{codes:?}");
    }

    #[test]
    fn a_log_in_the_value_of_a_cut_record_is_no_part_of_the_log() {
        let inner = log_of(&puts(200));
        for outer in [put(3, &inner), put(3, &[inner.clone(), vec![1; BLOCK_SIZE], inner.clone()].concat())] {
            let mut batches = puts(2);
            batches.push(outer);
            let log = log_of(&batches);
            for cut in (1..log.len() - offset_of(&batches, 2)).step_by(97) {
                assert_eq!(read(&log[..log.len() - cut]), (vec![1, 2], vec![TORN_TAIL]), "{cut}");
            }
        }
    }

    #[test]
    fn noise_is_hurt_and_zeroes_are_cut() {
        let batches = puts(3);
        let mut log = log_of(&batches);
        let last = offset_of(&batches, 2);
        log[last + 5] = 0x20;
        log[last + 6] = 0x83;
        assert_eq!(read(&log), (vec![1, 2], vec![BAD_LENGTH]));

        log[last + 6..].fill(0);
        assert_eq!(read(&log), (vec![1, 2], vec![TORN_TAIL]));
    }
}
