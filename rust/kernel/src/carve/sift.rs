//! Every position of a stretch a look, many at a time.
//!
//! ```text
//! position   0 1 2 3   4 5    6      7                     14              19
//! record     checksum  size   type   payload: sequence number, its top     a batch's first operation
//!                                    byte is 0; or a manifest's first tag and a name's size
//! magic      57 fb 80 8b 24 75 47 db
//! ```
//! In noise one position in some million passes. The tests of a stride do not depend on one another, so that the compiler makes
//! them for many positions at once.

/// How many positions are looked at together.
const STRIDE: usize = 64;
/// Bytes that have to follow the last position.
pub const REACH: usize = STRIDE + 32;
const MAGIC: [u8; 8] = crate::table::footer::MAGIC.to_le_bytes();

/// The first position from `from` to `to` at which the magic number of a footer stands, or a log may begin.
///
/// `bytes` reach [`REACH`] further than `to`.
#[must_use]
pub fn next(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        if has_any(bytes, at) {
            let end = to.min(at + STRIDE);
            if let Some(position) = (at..end).find(|position| is_hit(bytes, *position)) {
                return Some(position);
            }
        }
        at += STRIDE;
    }
    None
}

fn stride(bytes: &[u8], at: usize) -> &[u8; STRIDE] {
    bytes.get(at..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; STRIDE])
}

/// Whether a position of a stride may be a hit.
fn has_any(bytes: &[u8], at: usize) -> bool {
    let (types, tops, tags) = (stride(bytes, at + 6), stride(bytes, at + 14), stride(bytes, at + 19));
    let batches = types.iter().zip(tops).zip(tags).fold(0u8, |found, ((record_type, top), tag)| {
        found | (u8::from(record_type.wrapping_sub(1) < 2) & u8::from(*top == 0) & u8::from(*tag < 2))
    });
    let (firsts, names) = (stride(bytes, at + 7), stride(bytes, at + 9));
    let edits = types.iter().zip(firsts).zip(names).fold(0u8, |found, ((record_type, first), name)| {
        found | (u8::from(record_type.wrapping_sub(1) < 2) & u8::from(*first == 1) & u8::from(is_printable(*name)))
    });
    let (one, two) = (stride(bytes, at), stride(bytes, at + 1));
    let [first, second, ..] = MAGIC;
    let magic =
        one.iter().zip(two).fold(0u8, |found, (one, two)| found | (u8::from(*one == first) & u8::from(*two == second)));
    batches | edits | magic != 0
}

fn is_hit(bytes: &[u8], at: usize) -> bool {
    let Some(head) = bytes.get(at..).and_then(<[u8]>::first_chunk::<20>) else { return false };
    let &[_, _, _, _, _, _, record_type, first, _, name, _, _, _, _, top, _, _, _, _, tag] = head;
    let is_record = record_type == 1 || record_type == 2;
    head.starts_with(&MAGIC) || (is_record && ((top == 0 && tag < 2) || (first == 1 && is_printable(name))))
}

const fn is_printable(byte: u8) -> bool {
    byte.wrapping_sub(0x20) < 0x5f
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn hits(bytes: &[u8]) -> Vec<usize> {
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len() + REACH, 0);
        let (mut from, mut found) = (0, Vec::new());
        while let Some(position) = next(&padded, from, bytes.len()) {
            found.push(position);
            from = position + 1;
        }
        found
    }

    #[test]
    fn a_magic_number_is_found_at_any_position() {
        for at in 0..200 {
            let mut bytes = vec![0xee; 300];
            bytes[at..at + 8].copy_from_slice(&MAGIC);

            assert_eq!(hits(&bytes), [at]);
        }
    }

    #[test]
    fn a_batch_and_a_manifest_are_found_at_any_position() {
        for at in 0..200 {
            for record_type in [1, 2] {
                let mut batch = vec![0xee; 300];
                batch[at + 6] = record_type;
                (batch[at + 14], batch[at + 19]) = (0, 1);
                let mut edit = vec![0xee; 300];
                edit[at + 6..at + 10].copy_from_slice(&[record_type, 1, 20, b'l']);

                assert_eq!((hits(&batch), hits(&edit)), (vec![at], vec![at]));
            }
        }
    }

    #[test]
    fn zeroes_and_text_have_no_hits() {
        assert!(hits(&[0; 5000]).is_empty());
        assert!(hits("what people write has no zeroes\n".repeat(99).as_bytes()).is_empty());
    }
}
