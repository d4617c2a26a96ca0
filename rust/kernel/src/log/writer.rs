//! The physical records of a payload, as LevelDB's writer makes them.

use super::format::{self, BLOCK_SIZE, HEADER_SIZE, TYPE_FIRST, TYPE_FULL, TYPE_LAST, TYPE_MIDDLE};

/// Append the physical records of `payload` to `out`, for a writer that stands `block_offset` bytes into a block (taken
/// modulo the block's size). Returns where in a block the writer stands afterwards, which may be its end.
///
/// Fewer than seven bytes left in the block are filled with zeroes first; exactly seven take an empty First record.
pub fn append_record(out: &mut Vec<u8>, payload: &[u8], block_offset: usize) -> usize {
    let mut position = block_offset % BLOCK_SIZE;
    let mut rest = payload;
    let mut begun = false;
    loop {
        if BLOCK_SIZE - position < HEADER_SIZE {
            out.resize(out.len() + (BLOCK_SIZE - position), 0);
            position = 0;
        }
        let (fragment, after) = rest.split_at(rest.len().min(BLOCK_SIZE - position - HEADER_SIZE));
        let record_type = match (begun, after.is_empty()) {
            (false, true) => TYPE_FULL,
            (false, false) => TYPE_FIRST,
            (true, false) => TYPE_MIDDLE,
            (true, true) => TYPE_LAST,
        };
        append_fragment(out, record_type, fragment);
        position += HEADER_SIZE + fragment.len();
        if after.is_empty() {
            return position;
        }
        rest = after;
        begun = true;
    }
}

/// Append one physical record. `fragment` is at most a block long, so that its size fits the header.
fn append_fragment(out: &mut Vec<u8>, record_type: u8, fragment: &[u8]) {
    let start = out.len();
    let size = u16::try_from(fragment.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&size.to_le_bytes());
    out.push(record_type);
    out.extend_from_slice(fragment);
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
}
