//! `idb_cmp1`: the order in which Chromium keeps IndexedDB keys. Part of the file format.
//!
//! A key is a prefix of three ids and a suffix whose form the ids decide:
//!
//! ```text
//! prefix          u8 lengths - 1 of the ids (3, 3 and 2 bits) | database id | object store id | index id, little-endian
//! 0,  *, *        global metadata      u8 type | 100: varint | 201: string, string | 50: bytes
//! >0, 0, *        database metadata    u8 type | 50: varint, u8 | 100: varint, varint, u8 | 150: varint
//!                                              | 151: varint, varint | 200: string | 201: varint, string
//! >0, >0, 1 2 3   data, exists, blob   key
//! >0, >0, 30..    index data           key [ | varint sequence [ | key primary ] ]
//! string          varint count of UTF-16 units | UTF-16BE
//! key             u8 type | null 0, min 5: nothing | string 1 | date 2, number 3: double, little-endian
//!                         | array 4: varint count, key... | binary 6: varint size, bytes
//! ```
//! Ids, varints and types compare as numbers, strings and binaries bytewise, doubles by value. Kinds of keys ascend min,
//! number, date, string, binary, array, null. The sequence of index data counts last, and only where both have a primary key.
//! Source: Chromium, `content/browser/indexed_db/indexed_db_leveldb_coding.cc` and `docs/leveldb_coding_scheme.md`.
//!
//! Chromium calls keys that do not decode equal to every other, which is no order. Here each key is taken apart field by
//! field, on its own; of two keys that agree so far, one whose next field does not decode (or is NaN) comes first, and
//! two such keys, and whatever follows the last field, compare bytewise. So the order is total for any bytes, and it is
//! Chromium's for all keys that Chromium writes. Work and memory are linear in the keys; nothing recurses.

use std::cmp::Ordering;
use std::ops::ControlFlow::{self, Break, Continue};

/// Compare two keys of an IndexedDB database.
#[must_use]
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    match (Pair { a, b }).compare() {
        Break(order) => order,
        Continue(()) => Ordering::Equal,
    }
}

/// Breaks with the order as soon as it is known.
type Step<T = ()> = ControlFlow<Ordering, T>;

/// Two keys that agree up to here: what is left of each.
struct Pair<'a> {
    a: &'a [u8],
    b: &'a [u8],
}

impl<'a> Pair<'a> {
    fn compare(&mut self) -> Step {
        match self.field(take_prefix)? {
            (0, _, _) => self.global_metadata()?,
            (_, 0, _) => self.database_metadata()?,
            (_, _, 1..=3) => self.key()?,
            (_, _, 30..) => self.index_data()?,
            _ => {}
        }
        decide(self.a.cmp(self.b))
    }

    fn global_metadata(&mut self) -> Step {
        match self.field(take_byte)? {
            100 => self.same(take_varint),
            201 => {
                self.same(take_string)?;
                self.same(take_string)
            }
            _ => Continue(()),
        }
    }

    fn database_metadata(&mut self) -> Step {
        match self.field(take_byte)? {
            50 => {
                self.same(take_varint)?;
                self.same(take_byte)
            }
            100 => {
                self.same(take_varint)?;
                self.same(take_varint)?;
                self.same(take_byte)
            }
            150 => self.same(take_varint),
            151 => {
                self.same(take_varint)?;
                self.same(take_varint)
            }
            200 => self.same(take_string),
            201 => {
                self.same(take_varint)?;
                self.same(take_string)
            }
            _ => Continue(()),
        }
    }

    fn index_data(&mut self) -> Step {
        self.key()?;
        let (sequence_a, sequence_b) = self.both(take_sequence)?;
        decide(self.a.is_empty().cmp(&self.b.is_empty()).reverse())?;
        if self.a.is_empty() {
            return Continue(());
        }
        self.key()?;
        decide(sequence_a.cmp(&sequence_b))
    }

    /// One encoded key. Arrays are walked with the counts of their elements that are left, outermost first.
    fn key(&mut self) -> Step {
        let mut arrays: Vec<(u64, u64)> = Vec::new();
        loop {
            match self.field(take_kind)? {
                Kind::Min | Kind::Null => {}
                Kind::Number | Kind::Date => self.same(take_double)?,
                Kind::String => self.same(take_string)?,
                Kind::Binary => self.same(take_binary)?,
                Kind::Array => arrays.push(self.both(take_varint)?),
            }
            if next_element(&mut arrays)?.is_none() {
                return Continue(());
            }
        }
    }

    /// Compare the next field of both, and go on with it where they agree.
    fn field<T: Ord>(&mut self, take: impl Fn(&mut &'a [u8]) -> Option<T>) -> Step<T> {
        let (a, b) = self.both(take)?;
        match a.cmp(&b) {
            Ordering::Equal => Continue(a),
            order => Break(order),
        }
    }

    fn same<T: Ord>(&mut self, take: impl Fn(&mut &'a [u8]) -> Option<T>) -> Step {
        self.field(take)?;
        Continue(())
    }

    /// Take the next field of both without comparing; decided where one cannot be taken.
    fn both<T>(&mut self, take: impl Fn(&mut &'a [u8]) -> Option<T>) -> Step<(T, T)> {
        let rest = (self.a, self.b);
        match (take(&mut self.a), take(&mut self.b)) {
            (Some(a), Some(b)) => Continue((a, b)),
            (None, Some(_)) => Break(Ordering::Less),
            (Some(_), None) => Break(Ordering::Greater),
            (None, None) => Break(rest.0.cmp(rest.1)),
        }
    }
}

fn decide(order: Ordering) -> Step {
    if order.is_eq() { Continue(()) } else { Break(order) }
}

/// Step to the next element of the innermost array that has one left in both keys; `None` where no array is open.
fn next_element(arrays: &mut Vec<(u64, u64)>) -> Step<Option<()>> {
    while let Some((left_a, left_b)) = arrays.last_mut() {
        if let (Some(a), Some(b)) = (left_a.checked_sub(1), left_b.checked_sub(1)) {
            (*left_a, *left_b) = (a, b);
            return Continue(Some(()));
        }
        decide(left_a.cmp(&left_b))?;
        arrays.pop();
    }
    Continue(None)
}

/// The kinds of keys, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Min,
    Number,
    Date,
    String,
    Binary,
    Array,
    Null,
}

fn take_kind(from: &mut &[u8]) -> Option<Kind> {
    let (first, rest) = from.split_first()?;
    let kind = match first {
        0 => Kind::Null,
        1 => Kind::String,
        2 => Kind::Date,
        3 => Kind::Number,
        4 => Kind::Array,
        5 => Kind::Min,
        6 => Kind::Binary,
        _ => return None,
    };
    *from = rest;
    Some(kind)
}

/// Database, object store and index id. Negative ones (the ids are signed in Chromium) do not decode.
fn take_prefix(from: &mut &[u8]) -> Option<(u64, u64, u64)> {
    let (lengths, mut rest) = from.split_first()?;
    let lengths = usize::from(*lengths);
    let database = take_id(&mut rest, (lengths >> 5) + 1)?;
    let object_store = take_id(&mut rest, (lengths >> 2 & 7) + 1)?;
    let index = take_id(&mut rest, (lengths & 3) + 1)?;
    *from = rest;
    Some((database, object_store, index))
}

fn take_id(from: &mut &[u8], size: usize) -> Option<u64> {
    let (bytes, rest) = from.split_at_checked(size)?;
    *from = rest;
    let id = bytes.iter().rev().fold(0, |id, byte| id << 8 | u64::from(*byte));
    i64::try_from(id).is_ok().then_some(id)
}

fn take_byte(from: &mut &[u8]) -> Option<u8> {
    let (first, rest) = from.split_first()?;
    *from = rest;
    Some(*first)
}

/// Up to ten bytes of seven bits. Negative ones (over 63 bits) do not decode; nor does one that does not end.
fn take_varint(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for (index, byte) in from.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *from = from.get(index + 1..)?;
            return i64::try_from(value).is_ok().then_some(value);
        }
    }
    None
}

/// The sequence of index data; it may be absent, and compares as older than any then.
fn take_sequence(from: &mut &[u8]) -> Option<Option<u64>> {
    if from.is_empty() { Some(None) } else { take_varint(from).map(Some) }
}

fn take_string<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    take_bytes(from, 2)
}

fn take_binary<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    take_bytes(from, 1)
}

/// A varint count and as many units.
fn take_bytes<'a>(from: &mut &'a [u8], unit_size: u64) -> Option<&'a [u8]> {
    let mut rest = *from;
    let size = take_varint(&mut rest)?.checked_mul(unit_size)?;
    let (bytes, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
    *from = rest;
    Some(bytes)
}

/// A double as a number that orders like it; the two zeroes are one, and NaN, which is no key, does not decode.
fn take_double(from: &mut &[u8]) -> Option<u64> {
    const SIGN: u64 = 1 << 63;
    let (bytes, rest) = from.split_first_chunk()?;
    let value = f64::from_le_bytes(*bytes);
    if value.is_nan() {
        return None;
    }
    *from = rest;
    let bits = if value == 0.0 { 0 } else { value.to_bits() };
    Some(if bits & SIGN == 0 { bits | SIGN } else { !bits })
}
