//! The order of IndexedDB keys: Chromium's for keys that Chromium writes, total for any bytes.
#![expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "a failed test is a panic")]

use relevel_kernel::Comparator;
use std::cmp::Ordering;

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    Comparator::Idb.compare(a, b)
}

fn assert_ascending(keys: &[Vec<u8>]) {
    for (index, a) in keys.iter().enumerate() {
        for (other, b) in keys.iter().enumerate() {
            assert_eq!(compare(a, b), index.cmp(&other), "{a:02x?} and {b:02x?}");
        }
    }
}

fn number(value: f64) -> Vec<u8> {
    [vec![3], value.to_le_bytes().to_vec()].concat()
}

fn date(value: f64) -> Vec<u8> {
    [vec![2], value.to_le_bytes().to_vec()].concat()
}

/// The string with its length; short ones only.
fn text(value: &str) -> Vec<u8> {
    let units: Vec<u16> = value.encode_utf16().collect();
    [vec![units.len() as u8], units.iter().flat_map(|unit| unit.to_be_bytes()).collect()].concat()
}

fn string(value: &str) -> Vec<u8> {
    [vec![1], text(value)].concat()
}

fn binary(value: &[u8]) -> Vec<u8> {
    [vec![6, value.len() as u8], value.to_vec()].concat()
}

fn array(elements: &[Vec<u8>]) -> Vec<u8> {
    [vec![4, elements.len() as u8], elements.concat()].concat()
}

fn data(key: &[u8]) -> Vec<u8> {
    [&[0, 1, 1, 1], key].concat()
}

fn index(parts: &[&[u8]]) -> Vec<u8> {
    [&[0, 1, 1, 30], parts.concat().as_slice()].concat()
}

#[test]
fn ids_compare_as_numbers_whatever_their_width() {
    let keys = [
        vec![0, 0, 0, 0, 0],
        vec![0, 1, 0, 0, 0],
        vec![0, 1, 1, 1, 0],
        vec![0, 1, 1, 2, 0],
        vec![1, 1, 1, 0, 1, 0],
        vec![0, 1, 2, 1, 0],
        vec![4, 1, 0, 1, 1, 0],
        vec![0, 255, 0, 0, 0],
        vec![32, 0, 1, 0, 0, 0],
    ];

    assert_ascending(&keys);
    assert_eq!(compare(&[0, 7, 0, 0, 0], &[0x25, 7, 0, 0, 0, 0, 0, 0]), Ordering::Equal);
}

#[test]
fn kinds_of_keys_ascend_from_min_to_null() {
    let kinds = [vec![5], number(f64::INFINITY), date(f64::NEG_INFINITY), string(""), binary(b""), array(&[]), vec![0]];

    assert_ascending(&kinds.each_ref().map(|key| data(key)));
}

#[test]
fn numbers_compare_by_value_and_the_two_zeroes_are_one_key() {
    let numbers = [f64::NEG_INFINITY, -2.5, -1.0, -f64::MIN_POSITIVE, 0.0, 5e-324, 1.0, 256.0, f64::INFINITY];

    assert_ascending(&numbers.map(|value| data(&number(value))));
    assert_eq!(compare(&data(&number(0.0)), &data(&number(-0.0))), Ordering::Equal);
}

#[test]
fn a_number_that_is_none_comes_before_all_numbers() {
    let keys = [f64::NAN, f64::NEG_INFINITY, 0.0].map(|value| data(&number(value)));

    assert_ascending(&keys);
}

#[test]
fn strings_compare_by_utf16_units_and_not_by_their_length_first() {
    let keys = ["", "a", "aa", "aaa", "ab", "b", "\u{1f600}", "\u{ff5e}"].map(|value| data(&string(value)));

    assert_ascending(&keys);
}

#[test]
fn arrays_compare_element_by_element_and_then_by_length() {
    let keys = [
        array(&[]),
        array(&[number(1.0)]),
        array(&[number(1.0), number(-5.0)]),
        array(&[number(1.0), string("a")]),
        array(&[number(2.0)]),
        array(&[array(&[]), number(9.0)]),
        array(&[array(&[number(1.0)])]),
        array(&[array(&[number(1.0)]), number(1.0)]),
        array(&[array(&[number(1.0), number(1.0)])]),
    ];

    assert_ascending(&keys.each_ref().map(|key| data(key)));
}

#[test]
fn metadata_compares_its_numbers_as_numbers_and_its_names_as_strings() {
    let global = [
        vec![0, 0, 0, 0, 0],
        vec![0, 0, 0, 0, 6],
        vec![0, 0, 0, 0, 50, 9],
        vec![0, 0, 0, 0, 50, 9, 1],
        vec![0, 0, 0, 0, 100, 200, 1],
        vec![0, 0, 0, 0, 100, 129, 2],
        [vec![0, 0, 0, 0, 201], text("b"), text("z")].concat(),
        [vec![0, 0, 0, 0, 201], text("ba"), text("a")].concat(),
        [vec![0, 0, 0, 0, 201], text("ba"), text("aa")].concat(),
    ];
    let database = [
        vec![0, 1, 0, 0, 5],
        vec![0, 1, 0, 0, 50, 127, 7],
        vec![0, 1, 0, 0, 50, 128, 1, 0],
        vec![0, 1, 0, 0, 50, 129, 1, 0],
        vec![0, 1, 0, 0, 100, 2, 255, 1, 3],
        vec![0, 1, 0, 0, 100, 2, 128, 2, 0],
        vec![0, 1, 0, 0, 150, 128, 1],
        vec![0, 1, 0, 0, 151, 127, 3],
        vec![0, 1, 0, 0, 151, 128, 1, 2],
        [vec![0, 1, 0, 0, 200], text("aaa")].concat(),
        [vec![0, 1, 0, 0, 200], text("b")].concat(),
        [vec![0, 1, 0, 0, 201, 1], text("b")].concat(),
        [vec![0, 1, 0, 0, 201, 2], text("a")].concat(),
    ];

    assert_ascending(&global);
    assert_ascending(&database);
}

#[test]
fn index_data_compares_by_index_key_then_primary_key_then_sequence() {
    let (low, high) = (number(1.0), number(2.0));
    let keys = [
        index(&[&low]),
        index(&[&low, &[9], &low]),
        index(&[&low, &[10], &low]),
        index(&[&low, &[0], &high]),
        index(&[&high, &[0], &low]),
    ];

    assert_ascending(&keys);
    assert_eq!(compare(&index(&[&low]), &index(&[&low, &[3]])), Ordering::Equal);
}

#[test]
fn of_two_keys_the_one_whose_next_field_does_not_decode_comes_first() {
    let prefixes = [vec![], vec![0, 1], vec![255, 1, 2, 3], vec![0, 0, 0, 0], vec![0, 0, 0, 0, 1]];
    let strings = [vec![1], vec![1, 9, 0, 97], vec![1, 128], string(""), string("a")];
    let kinds = [vec![], vec![7], vec![255], vec![5]];

    assert_ascending(&prefixes);
    assert_ascending(&strings.each_ref().map(|key| data(key)));
    assert_ascending(&kinds.each_ref().map(|key| data(key)));
}

#[test]
fn a_key_of_a_million_nested_arrays_compares() {
    let deep = |last: &[u8]| data(&[[4, 1].repeat(1_000_000), last.to_vec()].concat());

    assert_eq!(compare(&deep(&[5]), &deep(&[0])), Ordering::Less);
    assert_eq!(compare(&deep(&[5]), &deep(&[5])), Ordering::Equal);
}

#[test]
fn an_array_that_promises_more_than_it_holds_ends_with_the_key() {
    let promise = [&[4][..], &[255; 8], &[127]].concat();

    assert_eq!(compare(&data(&promise), &data(&promise)), Ordering::Equal);
    assert_eq!(compare(&data(&promise), &data(&[promise.clone(), vec![5]].concat())), Ordering::Less);
}

#[test]
fn the_order_of_random_and_of_damaged_keys_is_total() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..12 {
        let mut keys: Vec<Vec<u8>> = (0..20).map(|_| random.key()).collect();
        let damaged: Vec<Vec<u8>> = (0..30).map(|_| random.damage(&keys)).collect();
        keys.extend(damaged);

        assert_total(&keys);
    }
}

/// Antisymmetric and transitive, equality included.
fn assert_total(keys: &[Vec<u8>]) {
    for a in keys {
        assert_eq!(compare(a, a), Ordering::Equal, "{a:02x?}");
        for b in keys {
            let a_b = compare(a, b);
            assert_eq!(a_b, compare(b, a).reverse(), "{a:02x?} and {b:02x?}");
            for c in keys {
                let (b_c, a_c) = (compare(b, c), compare(a, c));
                let wrong = a_b.is_le() && b_c.is_le() && a_c != a_b.min(b_c);
                assert!(!wrong, "{a:02x?} {a_b:?} {b:02x?} {b_c:?} {c:02x?} but {a_c:?}");
            }
        }
    }
}

/// A xorshift generator: the same keys on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn small(&mut self) -> u8 {
        self.below(3) as u8
    }

    /// Alike keys, so that pairs agree for long.
    fn key(&mut self) -> Vec<u8> {
        match self.below(6) {
            0 => [vec![0, 0, 0, 0, 201], text(self.word()), text(self.word())].concat(),
            1 => vec![0, 0, 0, 0, [5, 50, 100, 60][self.below(4) as usize], 128 + self.small(), self.small()],
            2 => {
                [vec![0, 1, 0, 0, [50, 100, 151][self.below(3) as usize]], vec![1, self.small(), self.small()]].concat()
            }
            3 => [vec![0, 1, 0, 0, 201, self.small()], text(self.word())].concat(),
            4 => index(&[&self.idb_key(1), &[self.small()], &self.idb_key(1)]),
            _ => data(&self.idb_key(3)),
        }
    }

    fn idb_key(&mut self, depth: u64) -> Vec<u8> {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => number([0.0, -0.0, 1.0, f64::NAN, -f64::NAN][self.below(5) as usize]),
            1 => date(1.0),
            2 => string(self.word()),
            3 => binary(&[1, 2, 3][..usize::from(self.small())]),
            4 => vec![[0, 5][self.below(2) as usize]],
            _ => array(&(0..self.small()).map(|_| self.idb_key(depth - 1)).collect::<Vec<_>>()),
        }
    }

    fn word(&mut self) -> &'static str {
        ["", "a", "ab", "b"][self.below(4) as usize]
    }

    /// One of the keys, cut, with a byte changed, or with bytes added.
    fn damage(&mut self, keys: &[Vec<u8>]) -> Vec<u8> {
        let mut key = keys[self.below(keys.len() as u64) as usize].clone();
        let place = self.below(key.len() as u64) as usize;
        match self.below(3) {
            0 => key.truncate(place),
            1 => key[place] ^= 1 << self.below(8),
            _ => key.extend([self.small(), self.small()]),
        }
        key
    }
}
