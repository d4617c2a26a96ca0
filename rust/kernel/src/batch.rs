//! Write batches: the payload of a log's record. Part of the file format.
//!
//! ```text
//! sequence_number LE64 | count LE32 | operation*
//! operation:  1 | varint32 size, key | varint32 size, value        a put
//!             0 | varint32 size, key                               a deletion
//! ```
//! Operation i has sequence number `sequence_number + i`. A batch is all or nothing: where one operation cannot be
//! decoded, none counts. (LevelDB applies those before it.)

use crate::fault::Fault;
use crate::internal_key::{MAX_SEQUENCE, TYPE_DELETION, TYPE_VALUE};
use crate::varint;

/// Bytes of sequence number and count. Part of the file format.
pub const HEADER_SIZE: usize = 12;

/// Fewer bytes than a batch's header.
pub const TOO_SMALL: &str = "log.batch.too-small";
/// An operation cannot be decoded.
pub const BAD_OPERATION: &str = "log.batch.bad-operation";
/// There are not as many operations as the header says.
pub const WRONG_COUNT: &str = "log.batch.wrong-count";
/// An operation would have a sequence number that is too large.
pub const BAD_SEQUENCE: &str = "log.batch.bad-sequence";

/// A batch that was found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The sequence number of the first operation.
    pub sequence: u64,
    /// How many operations there are; 0 is legal.
    pub count: u32,
    body: &'a [u8],
}

/// What the first bytes of a batch tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// The sequence number of the first operation.
    pub sequence: u64,
    /// How many operations there should be.
    pub count: u32,
    /// The key, where there is one operation and its key is among the bytes.
    pub only_key: Option<&'a [u8]>,
}

impl<'a> Head<'a> {
    /// What `bytes` tell, the first ones of a batch; `None` where they are too few.
    #[must_use]
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let (sequence, rest) = bytes.split_first_chunk::<8>()?;
        let (count, body) = rest.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count);
        let only_key = if count == 1 { varint::read_slice(body, 1).map(|(key, _)| key) } else { None };
        Some(Self { sequence: u64::from_le_bytes(*sequence), count, only_key })
    }

    /// What the next batch of the log begins with.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.sequence.saturating_add(self.count as u64)
    }
}

/// One put or deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation<'a> {
    /// Its sequence number.
    pub sequence: u64,
    /// [`TYPE_VALUE`] or [`TYPE_DELETION`].
    pub value_type: u8,
    /// The user key.
    pub key: &'a [u8],
    /// The value; empty for a deletion.
    pub value: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The batch in `payload`, all of it checked.
    ///
    /// # Errors
    /// What is wrong with it. The span is that of the payload, from 0.
    pub fn decode(payload: &'a [u8]) -> Result<Self, Fault> {
        let whole = |code| Fault::new(code, 0, payload.len() as u64);
        let Some((sequence, rest)) = payload.split_first_chunk::<8>() else {
            return Err(whole(TOO_SMALL).with_values(HEADER_SIZE as u64, payload.len() as u64));
        };
        let Some((count, body)) = rest.split_first_chunk::<4>() else {
            return Err(whole(TOO_SMALL).with_values(HEADER_SIZE as u64, payload.len() as u64));
        };
        let batch = Self { sequence: u64::from_le_bytes(*sequence), count: u32::from_le_bytes(*count), body };
        let found = batch.count_operations().map_err(|position| {
            let mut fault = whole(BAD_OPERATION);
            fault.got = Some((HEADER_SIZE + position) as u64);
            fault
        })?;
        if found != u64::from(batch.count) {
            return Err(whole(WRONG_COUNT).with_values(u64::from(batch.count), found));
        }
        let last = batch.next_sequence().saturating_sub(1);
        if batch.sequence > MAX_SEQUENCE || last > MAX_SEQUENCE {
            return Err(whole(BAD_SEQUENCE).with_values(MAX_SEQUENCE, last));
        }
        Ok(batch)
    }

    /// The sequence number after the last operation's: what the next batch of the log begins with.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.sequence.saturating_add(self.count as u64)
    }

    /// The operations as they are in the payload, without its header.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The operations in order.
    #[must_use]
    pub const fn operations(&self) -> Operations<'a> {
        Operations { body: self.body, position: 0, sequence: self.sequence }
    }

    /// How many operations the body has, or where the first begins that cannot be decoded.
    fn count_operations(&self) -> Result<u64, usize> {
        let mut position = 0;
        let mut count = 0;
        while position < self.body.len() {
            let (_, after) = decode_operation(self.body, position, 0).ok_or(position)?;
            position = after;
            count += 1;
        }
        Ok(count)
    }
}

/// Goes through the operations of a batch.
#[derive(Debug, Clone)]
pub struct Operations<'a> {
    body: &'a [u8],
    position: usize,
    sequence: u64,
}

impl<'a> Iterator for Operations<'a> {
    type Item = Operation<'a>;

    #[inline]
    fn next(&mut self) -> Option<Operation<'a>> {
        let (operation, after) = decode_operation(self.body, self.position, self.sequence)?;
        self.position = after;
        self.sequence = self.sequence.saturating_add(1);
        Some(operation)
    }
}

/// The operation that begins at `position` of a batch's body, as one with the given sequence number, and where the next one
/// begins. `None` where there is none, or it cannot be decoded.
#[inline]
#[must_use]
pub fn decode_operation(body: &[u8], position: usize, sequence: u64) -> Option<(Operation<'_>, usize)> {
    let value_type = *body.get(position)?;
    let (key, after) = varint::read_slice(body, position + 1)?;
    match value_type {
        TYPE_DELETION => Some((Operation { sequence, value_type, key, value: &[] }, after)),
        TYPE_VALUE => {
            let (value, after) = varint::read_slice(body, after)?;
            Some((Operation { sequence, value_type, key, value }, after))
        }
        _ => None,
    }
}

/// Begin the payload of a batch in `out`: sequence number and count, to be followed by [`append_put`] and
/// [`append_deletion`].
pub fn append_header(out: &mut Vec<u8>, sequence: u64, count: u32) {
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
}

/// Append a put. Key and value are shorter than 4 GiB: the caller sees to it.
pub fn append_put(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    append_key(out, [key, &[]], true);
    append_value(out, value);
}

/// Append a deletion. The key is shorter than 4 GiB: the caller sees to it.
pub fn append_deletion(out: &mut Vec<u8>, key: &[u8]) {
    append_key(out, [key, &[]], false);
}

/// Append a deletion, or all of a put but its value, of a key in two parts. Together they are shorter than 4 GiB: the caller sees to it.
pub fn append_key(out: &mut Vec<u8>, [prefix, key]: [&[u8]; 2], is_put: bool) {
    out.push(if is_put { TYPE_VALUE } else { TYPE_DELETION });
    varint::append_u32(out, u32::try_from(prefix.len() + key.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(prefix);
    out.extend_from_slice(key);
}

/// Append the value of a put. It is shorter than 4 GiB: the caller sees to it.
pub fn append_value(out: &mut Vec<u8>, value: &[u8]) {
    append_size(out, value);
    out.extend_from_slice(value);
}

/// Append what goes before a value.
pub fn append_size(out: &mut Vec<u8>, value: &[u8]) {
    varint::append_u32(out, u32::try_from(value.len()).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(sequence: u64, count: u32) -> Vec<u8> {
        let mut out = Vec::new();
        append_header(&mut out, sequence, count);
        append_put(&mut out, b"key", b"value");
        append_deletion(&mut out, b"gone");
        out
    }

    fn fault_of(payload: &[u8]) -> (&'static str, Option<u64>, Option<u64>) {
        Batch::decode(payload).map_or_else(|fault| (fault.code, fault.expected, fault.got), |_| ("", None, None))
    }

    #[test]
    fn operation_i_has_sequence_plus_i() {
        let payload = payload(100, 2);
        let operations: Vec<_> = Batch::decode(&payload).iter().flat_map(Batch::operations).collect();

        let put = Operation { sequence: 100, value_type: TYPE_VALUE, key: b"key", value: b"value" };
        let deletion = Operation { sequence: 101, value_type: TYPE_DELETION, key: b"gone", value: b"" };
        assert_eq!(operations, [put, deletion]);
    }

    #[test]
    fn an_empty_batch_is_whole() {
        let mut payload = Vec::new();
        append_header(&mut payload, 7, 0);

        assert_eq!(Batch::decode(&payload).map(|batch| batch.next_sequence()), Ok(7));
    }

    #[test]
    fn a_payload_shorter_than_the_header_is_too_small() {
        assert_eq!(fault_of(&[0; 11]), (TOO_SMALL, Some(12), Some(11)));
        assert_eq!(fault_of(&[]), (TOO_SMALL, Some(12), Some(0)));
    }

    #[test]
    fn a_count_that_is_not_the_number_of_operations_is_wrong() {
        assert_eq!(fault_of(&payload(1, 1)), (WRONG_COUNT, Some(1), Some(2)));
        assert_eq!(fault_of(&payload(1, 3)), (WRONG_COUNT, Some(3), Some(2)));
    }

    #[test]
    fn a_batch_with_an_operation_cut_short_has_none() {
        let whole = payload(1, 2);

        for size in HEADER_SIZE + 1..whole.len() {
            let code = fault_of(whole.get(..size).unwrap_or_default()).0;
            assert!(code == BAD_OPERATION || code == WRONG_COUNT, "{size}: {code}");
        }
    }

    #[test]
    fn an_unknown_operation_is_told_by_its_position() {
        let mut payload = payload(1, 3);
        let position = payload.len() as u64;
        payload.push(9);

        assert_eq!(fault_of(&payload), (BAD_OPERATION, None, Some(position)));
    }

    #[test]
    fn the_last_operation_may_have_the_largest_sequence_number_and_no_more() {
        assert_eq!(fault_of(&payload(MAX_SEQUENCE - 1, 2)).0, "");
        assert_eq!(fault_of(&payload(MAX_SEQUENCE, 2)), (BAD_SEQUENCE, Some(MAX_SEQUENCE), Some(MAX_SEQUENCE + 1)));
        assert_eq!(fault_of(&payload(u64::MAX, 2)).0, BAD_SEQUENCE);
    }
}
