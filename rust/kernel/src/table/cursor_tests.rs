//! Tests of the table cursor: what it yields, and what it tells, for tables that are damaged.
#![expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]

use super::super::testing::*;
use super::super::{BuildOptions, TRAILER_SIZE};
use super::*;

type Told = Vec<(u32, Fault)>;

fn cursor_over(table: &[u8], blocks: Option<Vec<Handle>>) -> TableCursor {
    let source: Arc<dyn ReadAt> = Arc::new(table.to_vec());
    TableCursor::new(7, Box::new(move || Ok(source.clone())), Comparator::Bytewise, blocks.map(Into::into))
}

fn drain(cursor: &mut TableCursor, events: &mut dyn Events) -> Entries {
    let mut entries = Vec::new();
    while cursor.valid() {
        entries.push((cursor.key().to_vec(), cursor.value().to_vec()));
        cursor.next(events).unwrap();
    }
    assert_eq!((cursor.key(), cursor.value()), (&[][..], &[][..]));
    entries
}

fn read_all(table: &[u8], blocks: Option<Vec<Handle>>) -> (Entries, Vec<Fault>) {
    let mut told = Told::new();
    let mut cursor = cursor_over(table, blocks);
    cursor.seek_to_first(&mut told).unwrap();
    let entries = drain(&mut cursor, &mut told);
    assert!(told.iter().all(|(input, _)| *input == 7));
    (entries, told.into_iter().map(|(_, fault)| fault).collect())
}

#[test]
fn every_entry_comes_in_order() {
    for options in [BuildOptions::default(), small_blocks()] {
        for count in [0, 1, 2, 1000] {
            let expected = entries(count);

            assert_eq!(read_all(&table(&expected, options.clone()), None), (expected, vec![]));
        }
    }
}

#[test]
fn a_seek_stands_on_the_first_entry_at_or_after_the_target() {
    let all = entries(300);
    let table = table(&all, small_blocks());
    for blocks in [None, Some(data_handles(&table))] {
        let mut cursor = cursor_over(&table, blocks);
        for n in 0..302 {
            for target in
                [key(format!("key{n:06}"), u64::MAX >> 8), key(format!("key{n:06}"), 0), key(format!("key{n:05}"), 9)]
            {
                let mut told = Told::new();
                cursor.seek(&target, &mut told).unwrap();
                let order = |key: &[u8]| internal_key::compare(&Comparator::Bytewise, key, &target);
                let expected = all.iter().find(|(key, _)| order(key) != Ordering::Less);

                assert_eq!(cursor.valid().then(|| cursor.key()), expected.map(|(key, _)| key.as_slice()));
                assert_eq!(told, vec![]);
            }
        }
    }
}

#[test]
fn a_seek_by_a_list_with_damaged_blocks_misses_no_entry_that_can_be_read() {
    let all = entries(300);
    let mut table = table(&all, small_blocks());
    let handles = data_handles(&table);
    for handle in handles.iter().skip(3).step_by(2).chain(handles.get(20..40).unwrap()) {
        flip(&mut table, handle.offset);
    }
    let (readable, _) = read_all(&table, Some(handles.clone()));
    let mut cursor = cursor_over(&table, Some(handles));

    for n in 0..300 {
        let target = key(format!("key{n:06}"), u64::MAX >> 8);
        cursor.seek(&target, &mut Told::new()).unwrap();
        let expected = readable.iter().find(|(key, _)| internal_key::user_key(key) >= internal_key::user_key(&target));

        assert_eq!(cursor.valid().then(|| cursor.key()), expected.map(|(key, _)| key.as_slice()));
    }
}

#[test]
fn a_damaged_block_is_told_with_its_place_and_its_keys_and_passed_over() {
    let all = entries(100);
    let mut table = table(&all, small_blocks());
    let handle = *data_handles(&table).get(4).unwrap();
    flip(&mut table, handle.offset + 10);

    let (read, faults) = read_all(&table, None);

    assert_eq!(codes(&faults), ["table.block.checksum-mismatch"]);
    let fault = faults.first().unwrap();
    assert_eq!((fault.offset, fault.size), (handle.offset, handle.size + 5));
    assert!(fault.expected.is_some() && fault.expected != fault.got);
    let (lower, upper) = (fault.lower.as_deref().unwrap(), fault.upper.as_deref().unwrap());
    for (key, value) in &all {
        let user_key = internal_key::user_key(key);
        let at_risk = user_key >= lower && user_key <= upper;
        assert!(at_risk || read.contains(&(key.clone(), value.clone())), "lost without being told");
    }
    assert!(read.len() < all.len());
}

/// Events of a caller that knows the contents of one block.
struct Healer {
    told: Vec<Fault>,
    asked: Vec<(&'static str, usize)>,
    contents: Option<Vec<u8>>,
}

impl Events for Healer {
    fn fault(&mut self, _input: u32, fault: Fault) {
        self.told.push(fault);
    }

    fn repair(&mut self, _input: u32, fault: &Fault, stored: &[u8]) -> Option<Vec<u8>> {
        self.asked.push((fault.code, stored.len()));
        self.contents.clone()
    }
}

#[test]
fn a_repaired_block_is_used_and_its_entries_are_not_intact() {
    let all = entries(100);
    let mut table = table(&all, small_blocks());
    let handle = *data_handles(&table).get(4).unwrap();
    let mut healer = Healer { told: vec![], asked: vec![], contents: Some(contents(&table, handle)) };
    flip(&mut table, handle.offset + 10);
    let mut cursor = cursor_over(&table, None);
    cursor.seek_to_first(&mut healer).unwrap();

    let mut seen = 0;
    while cursor.valid() {
        let origin = cursor.origin();
        assert_eq!(origin.intact, origin.offset != handle.offset);
        seen += 1;
        cursor.next(&mut healer).unwrap();
    }

    assert_eq!(seen, all.len());
    assert_eq!(healer.told, vec![]);
    assert_eq!(healer.asked, [("table.block.checksum-mismatch", usize::try_from(handle.size).unwrap() + TRAILER_SIZE)]);
}

#[test]
fn a_repaired_index_leads_to_entries_that_are_intact() {
    let all = entries(100);
    let mut table = table(&all, small_blocks());
    let index = footer(&table).index;
    let mut healer = Healer { told: vec![], asked: vec![], contents: Some(contents(&table, index)) };
    flip(&mut table, index.offset);
    let mut cursor = cursor_over(&table, None);
    cursor.seek_to_first(&mut healer).unwrap();

    assert!(cursor.origin().intact);
    assert_eq!(drain(&mut cursor, &mut healer), all);
    assert_eq!(healer.told, vec![]);
}

#[test]
fn a_damaged_index_is_told_and_a_list_of_blocks_takes_its_place() {
    let all = entries(100);
    let mut table = table(&all, small_blocks());
    let handles = data_handles(&table);
    let index = footer(&table).index;
    flip(&mut table, index.offset);

    let (read, faults) = read_all(&table, None);
    assert_eq!((read.len(), codes(&faults)), (0, vec!["table.index.checksum-mismatch"]));
    assert_eq!(read_all(&table, Some(handles)), (all, vec![]));
}

#[test]
fn a_table_without_a_usable_footer_is_told() {
    let whole = table(&entries(3), BuildOptions::default());
    let mut bad_magic = whole.clone();
    flip(&mut bad_magic, whole.len() as u64 - 1);
    let mut bad_index = whole.clone();
    let at = whole.len() - 48;
    bad_index.get_mut(at..at + 40).unwrap().fill(0x7f);
    let cases: [(&[u8], &str); 5] = [
        (b"", "table.empty"),
        (b"short", "table.too-short"),
        (&bad_magic, "table.footer.bad-magic"),
        (&bad_index, "table.footer.bad-handle"),
        (whole.get(..whole.len() - 1).unwrap(), "table.footer.bad-magic"),
    ];

    for (table, code) in cases {
        let (read, faults) = read_all(table, None);
        assert_eq!((read.len(), codes(&faults)), (0, vec![code]));
    }
}

#[test]
fn a_block_with_a_bad_entry_gives_the_entries_before_it() {
    let (a, b) = (key("a", 1), key("b", 1));
    let mut stored = block(&[(&a, b"1")]);
    // An entry that shares more than the key before has, in front of the restart array.
    stored.splice(13..13, [99, 0, 0]);
    let table = table_of_blocks(&[(&a, on_disk(&stored, 0)), (&b, on_disk(&block(&[(&b, b"2")]), 0))]);

    let (read, faults) = read_all(&table, None);

    assert_eq!(read, [(a, b"1".to_vec()), (b, b"2".to_vec())]);
    assert_eq!(codes(&faults), ["table.block.bad-entry"]);
}

#[test]
fn a_block_with_an_impossible_restart_array_is_passed_over() {
    let (a, b) = (key("a", 1), key("b", 1));
    let table = table_of_blocks(&[(&a, on_disk(&[0xff; 12], 0)), (&b, on_disk(&block(&[(&b, b"2")]), 0))]);

    let (read, faults) = read_all(&table, None);

    assert_eq!(read.len(), 1);
    assert_eq!(codes(&faults), ["table.block.bad-restarts"]);
}

#[test]
fn keys_without_a_sequence_number_or_of_unknown_type_are_passed_over_and_told_once() {
    let (good, mut odd) = (key("z", 1), key("m", 1));
    *odd.get_mut(1).unwrap() = 2;
    let stored = block(&[(b"a", b""), (b"b", b""), (&odd, b""), (&good, b"v")]);
    let table = table_of_blocks(&[(&good, on_disk(&stored, 0))]);

    let (read, faults) = read_all(&table, None);

    assert_eq!(read, [(good, b"v".to_vec())]);
    assert_eq!(codes(&faults), ["table.block.bad-internal-key"]);
}

#[test]
fn a_block_of_an_unknown_type_or_that_does_not_decompress_is_passed_over() {
    let a = key("a", 1);
    let contents = block(&[(&a, b"")]);
    for (block_type, code) in [
        (3, "table.block.unknown-type"),
        (1, "table.block.decompression-failed"),
        (2, "table.block.decompression-failed"),
        (4, "table.block.decompression-failed"),
    ] {
        let (read, faults) = read_all(&table_of_blocks(&[(&a, on_disk(&contents, block_type))]), None);

        assert_eq!((read.len(), codes(&faults)), (0, vec![code]));
    }
}

#[test]
fn handles_that_point_outside_the_file_or_backwards_are_passed_over() {
    let all = entries(50);
    let table = table(&all, small_blocks());
    let handles = data_handles(&table);
    let (first, second) = (*handles.first().unwrap(), *handles.get(1).unwrap());
    let huge = Handle { offset: u64::MAX, size: u64::MAX };
    let long = Handle { offset: second.offset, size: 1 << 40 };
    let cut = Handle { offset: second.offset, size: table.len() as u64 };

    for (handles, code) in [
        (vec![first, huge], "table.block.bad-handle"),
        (vec![first, long], "table.block.bad-handle"),
        (vec![first, cut], "table.block.truncated"),
        (vec![first, first], "table.block.bad-handle"),
    ] {
        let (read, faults) = read_all(&table, Some(handles));

        assert_eq!(codes(&faults), [code]);
        assert!(all.starts_with(&read) && !read.is_empty());
    }
}

#[test]
fn a_closed_cursor_opens_again() {
    let all = entries(20);
    let mut cursor = cursor_over(&table(&all, small_blocks()), None);
    cursor.seek_to_first(&mut Told::new()).unwrap();
    cursor.close();
    assert!(!cursor.valid());

    cursor.seek_to_first(&mut Told::new()).unwrap();

    assert_eq!(drain(&mut cursor, &mut Told::new()), all);
}

#[test]
fn what_cannot_be_opened_is_an_error() {
    let opener: Opener = Box::new(|| Err(io::Error::from(io::ErrorKind::NotFound)));
    let mut cursor = TableCursor::new(0, opener, Comparator::Bytewise, None);

    assert!(matches!(cursor.seek_to_first(&mut Told::new()), Err(crate::Error::Io(_))));
}

#[test]
fn no_single_flipped_bit_goes_unnoticed_or_loses_more_than_it_says() {
    let all = entries(60);
    let whole = table(&all, BuildOptions { block_size: 512, ..BuildOptions::default() });
    for offset in 0..whole.len() as u64 - 48 {
        let mut table = whole.clone();
        flip(&mut table, offset);

        let (read, faults) = read_all(&table, None);

        assert!(read.iter().all(|entry| all.contains(entry)), "invented at {offset}");
        assert!(read.len() == all.len() || !faults.is_empty(), "silent loss at {offset}");
        assert!(faults.iter().all(|fault| fault.offset <= offset && offset < fault.offset + fault.size));
    }
}

/// A table that can be read so many times; then every read is interrupted.
struct Interrupted(Vec<u8>, std::sync::atomic::AtomicUsize);

impl ReadAt for Interrupted {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        match self.1.fetch_update(relaxed, relaxed, |left| left.checked_sub(1)) {
            Ok(_) => self.0.read_at(buffer, offset),
            Err(_) => Err(io::Error::from(io::ErrorKind::Interrupted)),
        }
    }
}

#[test]
fn an_interrupted_read_stops_cursor_scan_and_walk_and_is_no_fault() {
    let table = table(&entries(2000), small_blocks());
    for reads in 0..3 {
        let source = || Arc::new(Interrupted(table.clone(), reads.into()));
        let mut told = Told::new();
        let mut cursor = TableCursor::over(0, source(), Comparator::Bytewise).reading_ahead(0);

        assert!(matches!(cursor.seek_to_first(&mut told), Err(crate::Error::Stopped)), "{reads}");
        assert_eq!(told, vec![]);
        let scan = super::super::scan_table(source(), &Comparator::Bytewise, super::super::ScanOptions::default());
        assert!(matches!(scan, Err(crate::Error::Stopped)));
        if reads < 2 {
            assert!(matches!(super::super::walk(&*source(), 0, None), Err(crate::Error::Stopped)));
        }
    }
}
