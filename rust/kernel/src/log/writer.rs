//! The physical records of a payload, as LevelDB's writer makes them.

use super::format::{self, BLOCK_SIZE, HEADER_SIZE, TYPE_FIRST, TYPE_FULL, TYPE_LAST, TYPE_MIDDLE};
use std::convert::Infallible;

/// Append the physical records of `payload` to `out`, for a writer that stands `block_offset` bytes into a block (taken
/// modulo the block's size). Returns where in a block the writer stands afterwards, which may be its end.
///
/// Fewer than seven bytes left in the block are filled with zeroes first; exactly seven take an empty First record.
pub fn append_record(out: &mut Vec<u8>, payload: &[u8], block_offset: usize) -> usize {
    let kept: Result<usize, Infallible> = append_parts(out, &[], payload, block_offset, |_| Ok(()));
    match kept {
        Ok(position) => position,
    }
}

/// As [`append_record`], of a payload in two parts, and with `spill` called after each physical record: it may take what is
/// in `out` and leave it empty, so that a long payload is never there twice.
///
/// # Errors
/// What `spill` gives.
pub fn append_parts<E>(
    out: &mut Vec<u8>,
    head: &[u8],
    body: &[u8],
    block_offset: usize,
    mut spill: impl FnMut(&mut Vec<u8>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut position = block_offset % BLOCK_SIZE;
    let mut rest = [head, body];
    let mut begun = false;
    loop {
        if BLOCK_SIZE - position < HEADER_SIZE {
            out.resize(out.len() + (BLOCK_SIZE - position), 0);
            position = 0;
        }
        let room = BLOCK_SIZE - position - HEADER_SIZE;
        let (first, first_after) = split(rest[0], room);
        let (second, second_after) = split(rest[1], room - first.len());
        let is_last = first_after.is_empty() && second_after.is_empty();
        let record_type = match (begun, is_last) {
            (false, true) => TYPE_FULL,
            (false, false) => TYPE_FIRST,
            (true, false) => TYPE_MIDDLE,
            (true, true) => TYPE_LAST,
        };
        append_fragment(out, record_type, first, second);
        position += HEADER_SIZE + first.len() + second.len();
        spill(out)?;
        if is_last {
            return Ok(position);
        }
        rest = [first_after, second_after];
        begun = true;
    }
}

fn split(bytes: &[u8], size: usize) -> (&[u8], &[u8]) {
    bytes.split_at(size.min(bytes.len()))
}

/// Append one physical record. Its two parts are together at most a block long, so that their size fits the header.
fn append_fragment(out: &mut Vec<u8>, record_type: u8, first: &[u8], second: &[u8]) {
    let start = out.len();
    let size = u16::try_from(first.len() + second.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&size.to_le_bytes());
    out.push(record_type);
    out.extend_from_slice(first);
    out.extend_from_slice(second);
    let checksum = format::checksum(out.get(start + HEADER_SIZE - 1..).unwrap_or_default());
    if let Some(field) = out.get_mut(start..start + 4) {
        field.copy_from_slice(&checksum.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(payload: &[u8], block_offset: usize) -> (Vec<u8>, usize) {
        let mut out = Vec::new();
        let position = append_record(&mut out, payload, block_offset);
        (out, position)
    }

    #[test]
    fn an_empty_payload_is_one_full_record() {
        let (out, position) = written(b"", 0);

        assert_eq!(out.len(), HEADER_SIZE);
        assert_eq!(out.last(), Some(&TYPE_FULL));
        assert_eq!(position, HEADER_SIZE);
    }

    #[test]
    fn six_bytes_left_in_a_block_are_filled_with_zeroes() {
        let (out, position) = written(b"foo", BLOCK_SIZE - 6);

        assert!(out.starts_with(&[0; 6]));
        assert_eq!(out.len(), 6 + HEADER_SIZE + 3);
        assert_eq!(position, HEADER_SIZE + 3);
    }

    #[test]
    fn seven_bytes_left_in_a_block_take_an_empty_first_record() {
        let (out, position) = written(b"foo", BLOCK_SIZE - HEADER_SIZE);

        assert_eq!(out.get(4..7), Some(&[0, 0, TYPE_FIRST][..]));
        assert_eq!(out.get(11..14), Some(&[3, 0, TYPE_LAST][..]));
        assert_eq!(position, HEADER_SIZE + 3);
    }

    #[test]
    fn a_payload_that_fills_the_block_exactly_is_not_cut() {
        let payload = vec![b'x'; BLOCK_SIZE - HEADER_SIZE];

        let (out, position) = written(&payload, 0);

        assert_eq!(out.len(), BLOCK_SIZE);
        assert_eq!(position, BLOCK_SIZE);
    }

    #[test]
    fn a_payload_in_two_parts_is_framed_as_if_it_were_one_wherever_it_is_cut() {
        let payload: Vec<u8> = (0..3 * BLOCK_SIZE + 5).map(|at| at.to_le_bytes()[0]).collect();
        for cut in [0, 1, 12, BLOCK_SIZE, payload.len()] {
            let (head, body) = payload.split_at(cut);
            for block_offset in [0, 5, BLOCK_SIZE - 6, BLOCK_SIZE - 7, BLOCK_SIZE - 12] {
                let (mut spilled, mut out) = (Vec::new(), Vec::new());

                let position = append_parts(&mut out, head, body, block_offset, |out| {
                    spilled.append(out);
                    Ok::<(), Infallible>(())
                });

                assert_eq!(
                    (spilled, position),
                    (written(&payload, block_offset).0, Ok(written(&payload, block_offset).1))
                );
            }
        }
    }
}
