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

/// How far the operations of a batch go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Over the end of what is there, as those of a batch that was cut do.
    Over,
    /// A key that begins at this byte of the batch runs over the end. What it says of its size contradicts nothing, and can be
    /// hurt all the same.
    OverInKey(u64),
    /// To this byte of the batch, though its records claim more.
    Ends(u64),
    /// They cannot be decoded, or contradict the size that the records claim.
    Unknown,
}

/// One operation, and whether it runs over the end of what is there.
struct Reach {
    /// Where it ends; where that cannot be told, the least that it can be.
    end: u64,
    over: Over,
}

/// What of an operation runs over the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Nothing,
    /// Its last slice, the end of which is known.
    LastSlice,
    /// The key of a put, which begins at this byte.
    Key(u64),
    /// Its type, or a size.
    Sizes,
}

impl Over {
    const fn extent(self) -> Extent {
        if let Self::Key(start) = self { Extent::OverInKey(start) } else { Extent::Over }
    }
}

/// How far the operations of a batch go. `bytes` are the first of the `there` bytes that there are of it; `claimed` is its size by
/// its records, where its last record is there.
///
/// Zeroes at the end may never have been written: no operation is read out of them, but for the size of an empty value, unless
/// the operations end where the zeroes do.
pub fn extent_of_batch(bytes: &[u8], there: u64, claimed: Option<u64>) -> Extent {
    let whole = extent_of_operations(bytes, there, claimed);
    if whole == Extent::Ends(bytes.len() as u64) {
        return whole;
    }
    let written = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    extent_of_operations(bytes.get(..=written).unwrap_or(bytes), there, claimed)
}

/// Where to go on behind the record of a batch that claims more bytes than are left; `None` where it was cut.
///
/// `offset` is that of its header, which is whole, in the block; `extent` counts from it, too. `due` is the sequence number that its batch
/// should have, where that is known.
pub fn resync_offset(blocks: &mut Blocks, offset: u64, extent: Extent, due: Option<u64>) -> Option<u64> {
    let rest = blocks.bytes(blocks.range_from(offset));
    let sequences = sequences_within(due, blocks.file_size());
    let find = |from| find_batch(rest, from, &sequences).map(|position| offset + position as u64);
    match extent {
        _ if is_noise(rest) => {}
        Extent::Over => return None,
        Extent::OverInKey(start) => return due.and_then(|_| find(place_of(start))),
        Extent::Ends(end) => {
            if may_begin_batch(rest, place_of(end), &sequences) {
                return Some(offset + end);
            }
            let found = find(place_of(end));
            return found.or_else(|| blocks.chained_from(offset + end)).or(Some(offset + end));
        }
        Extent::Unknown => {}
    }
    let found = due.and_then(|_| find(1));
    blocks.chained_from(offset + 1).or(found).or_else(|| Some(blocks.file_size()))
}

/// Where the batch ends of a record that is hurt, by its operations; `None` where they do not tell.
///
/// `rest` is the block from the record's header on, which is not looked at; `open` the payload before it, where fragments of it came
/// before. `due` and `file_size` are as elsewhere. The place counts from the header. Behind it something may begin that continues
/// the log, or nothing is there; where no sequence number is due, that has to be sound.
pub fn end_of_hurt_batch(open: Option<&mut Vec<u8>>, rest: &[u8], due: Option<u64>, file_size: u64) -> Option<usize> {
    let body = rest.get(HEADER_SIZE..)?;
    let sequences = sequences_within(due, file_size);
    let (extent, before) = match open {
        Some(open) => {
            let before = open.len();
            open.extend_from_slice(body);
            let extent = extent_of_operations(open, open.len() as u64, None);
            open.truncate(before);
            (extent, before)
        }
        None => {
            Head::of(body).filter(|head| head.count > 0 && sequences.contains(&head.sequence))?;
            let extent = extent_of_operations(body, body.len() as u64, None);
            (extent, 0)
        }
    };
    match extent.behind(before as u64) {
        Extent::Ends(end) => {
            let end = place_of(end);
            let is_nothing = || rest.iter().skip(end).all(|&byte| byte == 0);
            let goes_on = match due {
                Some(_) => may_begin_batch(rest, end, &sequences),
                None => begins_batch(rest, end).is_some() || is_nothing(),
            };
            goes_on.then_some(end)
        }
        Extent::Over if before > 0 => Some(rest.len()),
        _ => None,
    }
}

/// The sequence numbers that a batch can have that comes after this one and `size` bytes more.
pub fn sequences_within(due: Option<u64>, size: u64) -> RangeInclusive<u64> {
    let last = due.map_or(MAX_SEQUENCE, |due| due.saturating_add(size / LEAST_OPERATION));
    due.unwrap_or(0)..=last
}

impl Extent {
    /// The same counted from the header of its last record, which has `before` bytes of the batch before it.
    pub fn behind(self, before: u64) -> Self {
        match self {
            Self::Ends(end) if end < before => Self::Unknown,
            Self::Ends(end) => Self::Ends(HEADER_SIZE as u64 + end - before),
            Self::OverInKey(start) => Self::OverInKey(HEADER_SIZE as u64 + start.saturating_sub(before)),
            Self::Over | Self::Unknown => self,
        }
    }
}

fn extent_of_operations(bytes: &[u8], there: u64, claimed: Option<u64>) -> Extent {
    let Some(head) = Head::of(bytes) else { return Extent::Over };
    let mut position = batch::HEADER_SIZE;
    for left in (0..u64::from(head.count)).rev() {
        let Some(reach) = reach_of_operation(bytes, position) else { return Extent::Unknown };
        if reach.over == Over::Nothing {
            position = place_of(reach.end);
            continue;
        }
        // The last operation ends exactly where the records say, an earlier one so far before that that the rest has room.
        let is_exact = reach.over == Over::LastSlice && left == 0;
        let least = reach.end.saturating_add(left * LEAST_OPERATION);
        return match claimed {
            Some(claimed) if is_exact && least < claimed && least <= there => Extent::Ends(least),
            Some(claimed) if least > claimed || is_exact && least != claimed => Extent::Unknown,
            _ => reach.over.extent(),
        };
    }
    Extent::Ends(position as u64)
}

/// `None` where it cannot be decoded.
fn reach_of_operation(bytes: &[u8], position: usize) -> Option<Reach> {
    let slices = match bytes.get(position) {
        None => return Some(Reach { end: position as u64 + LEAST_OPERATION, over: Over::Sizes }),
        Some(&TYPE_DELETION) => 1,
        Some(&TYPE_VALUE) => 2,
        Some(_) => return None,
    };
    let mut end = position + 1;
    for left in (0..slices).rev() {
        let Some((size, after)) = varint::read_u32(bytes, end).filter(|&(_, after)| !ends_in_zero(bytes, end, after))
        else {
            let is_cut = bytes.len().saturating_sub(end) < LONGEST_SIZE;
            return is_cut.then_some(Reach { end: end as u64 + 1 + left, over: Over::Sizes });
        };
        end = after.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        if end > bytes.len() {
            let over = if left == 0 { Over::LastSlice } else { Over::Key(after as u64) };
            return Some(Reach { end: (end as u64).saturating_add(left), over });
        }
    }
    Some(Reach { end: end as u64, over: Over::Nothing })
}

fn place_of(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Whether the varint of these bytes has a last one that adds nothing: no writer makes it, but zeroes that follow a cut do.
fn ends_in_zero(bytes: &[u8], start: usize, end: usize) -> bool {
    end - start > 1 && bytes.get(end - 1) == Some(&0)
}

/// Whether the header has a type that no writer makes, and is not the beginning of zeroes up to the end.
pub fn is_noise(rest: &[u8]) -> bool {
    let is_known = Header::parse(rest).is_none_or(|header| header.has_known_type());
    !is_known && rest.iter().skip(HEADER_SIZE - 1).any(|&byte| byte != 0)
}

/// The first sound record at or after `from` that begins a batch with one of these sequence numbers.
fn find_batch(rest: &[u8], from: usize, sequences: &RangeInclusive<u64>) -> Option<usize> {
    (from..rest.len())
        .find(|&position| begins_batch(rest, position).is_some_and(|sequence| sequences.contains(&sequence)))
}

/// Whether a batch with one of these sequence numbers may begin at `position`, or nothing more stands there.
fn may_begin_batch(rest: &[u8], position: usize, sequences: &RangeInclusive<u64>) -> bool {
    let behind = rest.get(position..).unwrap_or_default();
    let Some(header) = Header::parse(behind).filter(|_| behind.iter().any(|&byte| byte != 0)) else { return true };
    let head = behind.get(HEADER_SIZE..).and_then(Head::of);
    header.is_first_fragment() && head.is_none_or(|head| sequences.contains(&head.sequence))
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
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::batch::{append_deletion, append_header, append_put};
    use crate::log::format::BLOCK_SIZE;
    use crate::log::samples::{batches_of, log_of, offset_of, put};
    use crate::log::{BAD_LENGTH, SEQUENCE_GAP, TORN_TAIL};
    use std::sync::Arc;

    fn puts(count: u64) -> Vec<Vec<u8>> {
        (1..=count).map(|sequence| put(sequence, &[1; 40])).collect()
    }

    /// The sequence numbers of the batches that are read, and the codes of what is wrong.
    fn read(log: &[u8]) -> (Vec<u64>, Vec<&'static str>) {
        let (found, faults) = batches_of(Arc::new(log.to_vec()));
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
    fn a_size_that_is_hurt_is_told_though_nothing_sound_stands_behind() {
        let mut deletion = Vec::new();
        append_header(&mut deletion, 3, 1);
        append_deletion(&mut deletion, b"");
        for last in [put(3, &[1; 40]), put(3, &[0; 40]), put(3, &[]), deletion.clone()] {
            let batches = [puts(2), vec![last.clone()]].concat();
            let hurt = offset_of(&batches, 2);
            let mut cut = log_of(&[batches.clone(), vec![put(4, &[1; 40])]].concat());
            cut.truncate(cut.len() - 1);
            let zeroes = [log_of(&batches), vec![0; 4096]].concat();
            for (mut log, behind) in [(log_of(&batches), None), (cut, Some(TORN_TAIL)), (zeroes, None)] {
                if last == deletion && log.len() > 4096 {
                    continue; // All of the operation is zeroes: with more of them behind it may never have been written.
                }
                log[hurt + 5] ^= 0x40;

                let codes = [Some(BAD_LENGTH), behind].into_iter().flatten().collect();
                assert_eq!(read(&log), (vec![1, 2], codes), "{} bytes", log.len());
            }
        }
    }

    #[test]
    fn a_record_that_is_cut_before_zeroes_is_torn() {
        let mut last = Vec::new();
        append_header(&mut last, 3, 4);
        append_put(&mut last, b"first", b"value");
        append_deletion(&mut last, b"second");
        append_put(&mut last, b"third", b"");
        append_put(&mut last, b"fourth", &[1; 9000]);
        let batches = [puts(2), vec![last]].concat();
        let (whole, start) = (log_of(&batches), offset_of(&batches, 2));
        let size_of_value = whole.len() - 9000 - 2;
        for end in (start + HEADER_SIZE..size_of_value + 40).filter(|&end| end != size_of_value) {
            for zeroes in [1, 100, 4096] {
                let log = [&whole[..end], &vec![0; zeroes]].concat();
                assert_eq!(read(&log), (vec![1, 2], vec![TORN_TAIL]), "{end}, {zeroes}");
            }
        }
        let log = [&whole[..size_of_value], &[0; 100]].concat();
        assert_eq!(read(&log), (vec![1, 2], vec![BAD_LENGTH]), "as a value that is empty");
    }

    #[test]
    fn where_the_size_of_a_key_is_hurt_as_well_a_batch_with_a_number_that_fits_is_gone_on_at() {
        let batches = puts(200);
        let mut log = log_of(&batches);
        let hurt = offset_of(&batches, 20);
        log[hurt + 5] ^= 0x40;
        log[hurt + HEADER_SIZE + batch::HEADER_SIZE + 1] |= 0x80;

        let (found, codes) = read(&log);
        assert_eq!(found, (1..=20).chain(22..=200).collect::<Vec<_>>());
        assert_eq!(codes, [BAD_LENGTH, SEQUENCE_GAP]);
    }

    #[test]
    fn a_log_in_a_value_before_a_key_that_is_cut_is_no_part_of_the_log() {
        let mut last = Vec::new();
        append_header(&mut last, 3, 2);
        append_put(&mut last, b"log", &log_of(&puts(20)));
        append_put(&mut last, &[1; 100], b"value");
        let mut log = log_of(&[puts(2), vec![last]].concat());
        log.truncate(log.len() - 20);

        assert_eq!(read(&log), (vec![1, 2], vec![TORN_TAIL]));
    }

    #[test]
    fn operations_that_no_writer_makes_are_hurt() {
        let batches = puts(3);
        let mut log = log_of(&batches);
        let last = offset_of(&batches, 2);
        log[last + 5] ^= 0x40;
        log[last + HEADER_SIZE + batch::HEADER_SIZE] = 7;

        assert_eq!(read(&log), (vec![1, 2], vec![BAD_LENGTH]));
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
