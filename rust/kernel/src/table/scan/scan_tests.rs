//! Tests of the scan: what it finds in whole, damaged and hostile tables.
#![expect(clippy::unwrap_used, reason = "a test stops where its arrangement fails")]

use super::*;
use crate::internal_key::{self, TYPE_DELETION};
use crate::table::testing::*;
use crate::table::{BuildOptions, TRAILER_SIZE, TableBuilder};
use std::cmp::Ordering;

fn scan_with(table: &[u8], options: ScanOptions) -> TableScan {
    scan_table(Arc::new(table.to_vec()), &Comparator::Bytewise, options).unwrap()
}

fn scan(table: &[u8]) -> TableScan {
    scan_with(table, ScanOptions::default())
}

fn scan_blocks(table: &[u8], blocks: Vec<Handle>) -> TableScan {
    scan_with(table, ScanOptions { blocks: Some(blocks), ..ScanOptions::default() })
}

fn parts(scan: &TableScan) -> Vec<Part> {
    let mut parts: Vec<Part> = scan.blocks.iter().map(|block| block.part).collect();
    parts.dedup();
    parts
}

#[test]
fn a_whole_table_has_no_faults_and_its_sums_are_right() {
    for codec in Codec::ALL {
        let all = entries(500);
        let table = table(&all, BuildOptions { codec, ..small_blocks() });

        let scan = scan(&table);

        assert_eq!(scan.faults, vec![]);
        assert_eq!((scan.totals.put_count, scan.totals.deletion_count), (500, 0));
        assert_eq!(scan.totals.key_size, all.iter().map(|(key, _)| key.len() as u64).sum::<u64>());
        assert_eq!(scan.totals.value_size, all.iter().map(|(_, value)| value.len() as u64).sum::<u64>());
        assert_eq!(scan.totals.smallest.as_ref(), all.first().map(|(key, _)| key));
        assert_eq!(scan.totals.largest.as_ref(), all.last().map(|(key, _)| key));
        assert_eq!((scan.totals.min_sequence, scan.totals.max_sequence), (Some(1), Some(500)));
        assert_eq!(scan.block_count, data_handles(&table).len() as u64);
        assert_eq!(scan.intact_block_count, scan.block_count);
        assert_eq!(scan.codec_counts.iter().sum::<u64>(), scan.block_count);
        assert_eq!(scan.filter_name.as_deref(), Some(crate::filter::BLOOM_NAME));
        assert_eq!(scan.index_handle, Some(footer(&table).index));
        assert_eq!(parts(&scan), [Part::Data, Part::Filter, Part::Metaindex, Part::Index]);
        let entry_count: u64 =
            scan.blocks.iter().filter(|block| block.part == Part::Data).map(|block| block.entry_count).sum();
        assert_eq!(entry_count, 500);
    }
}

#[test]
fn a_table_without_entries_has_no_faults_and_no_bounds() {
    let scan = scan(&table(&[], small_blocks()));

    assert_eq!(
        (scan.faults, scan.block_count, scan.totals.smallest, scan.totals.max_sequence),
        (vec![], 0, None, None)
    );
}

#[test]
fn puts_and_deletions_are_counted_apart() {
    let mut builder = TableBuilder::new(Vec::new(), Comparator::Bytewise, BuildOptions::default());
    builder.add(&key("a", 9), b"v").unwrap();
    let mut deletion = Vec::new();
    internal_key::append(&mut deletion, b"b", 4, TYPE_DELETION);
    builder.add(&deletion, b"").unwrap();

    let scan = scan(&builder.finish().unwrap().0);

    assert_eq!((scan.totals.put_count, scan.totals.deletion_count), (1, 1));
    assert_eq!((scan.totals.min_sequence, scan.totals.max_sequence), (Some(4), Some(9)));
}

#[test]
fn every_flipped_bit_is_found_and_what_it_costs_is_bounded() {
    let all = entries(60);
    let whole = table(&all, BuildOptions { block_size: 512, bloom_bits_per_key: 10, ..BuildOptions::default() });
    let mut handles = Vec::new();
    footer(&whole).metaindex.append(&mut handles);
    footer(&whole).index.append(&mut handles);
    let padding_from = (whole.len() - 48 + handles.len()) as u64;
    for offset in 0..whole.len() as u64 {
        let mut table = whole.clone();
        flip(&mut table, offset);
        let scan = scan(&table);

        let in_padding = offset >= padding_from && offset < whole.len() as u64 - 8;
        assert!(in_padding || !scan.faults.is_empty(), "not found: {offset}");
        assert!(
            scan.totals.put_count == 60 || scan.faults.iter().any(|fault| is_damage_to_entries(fault.code)),
            "silent at {offset}"
        );
        let covers = |fault: &Fault| fault.offset <= offset && offset < fault.offset + fault.size.max(1);
        let in_footer = offset >= whole.len() as u64 - 48;
        assert!(scan.faults.iter().any(covers) || in_footer, "{offset} {:?}", scan.faults);
    }
}

fn is_damage_to_entries(code: &str) -> bool {
    ["table.block.", "table.index.", "table.footer."].iter().any(|prefix| code.starts_with(prefix))
}

#[test]
fn a_damaged_block_is_bounded_by_the_index_keys_around_it() {
    let all = entries(300);
    let mut table = table(&all, small_blocks());
    let handle = *data_handles(&table).get(4).unwrap();
    flip(&mut table, handle.offset);

    let scan = scan(&table);

    assert_eq!(codes(&scan.faults), ["table.block.checksum-mismatch"]);
    let fault = scan.faults.first().unwrap();
    assert_eq!((fault.offset, fault.size), (handle.offset, handle.size + TRAILER_SIZE as u64));
    let (lower, upper) = (fault.lower.as_deref().unwrap(), fault.upper.as_deref().unwrap());
    let at_risk = all.iter().map(|(key, _)| internal_key::user_key(key)).filter(|key| *key >= lower && *key <= upper);
    assert!(at_risk.count() as u64 >= 300 - scan.totals.put_count);
    assert_eq!(scan.intact_block_count + 1, scan.block_count);
    let report = scan.blocks.iter().find(|block| block.handle == handle).unwrap();
    assert_eq!((report.codec, report.entry_count), (None, 0));
}

#[test]
fn a_table_cut_anywhere_never_panics_and_is_always_told() {
    let whole = table(&entries(60), BuildOptions { block_size: 512, ..BuildOptions::default() });
    for size in 0..whole.len() {
        let scan = scan(whole.get(..size).unwrap());

        assert!(!scan.faults.is_empty());
        assert_eq!(scan.file_size, size as u64);
    }
}

#[test]
fn an_empty_and_a_short_file_are_told_apart() {
    assert_eq!(codes(&scan(b"").faults), ["table.empty"]);
    assert_eq!(codes(&scan(&[0; 47]).faults), ["table.too-short"]);
    assert_eq!(codes(&scan(&[0; 48]).faults), ["table.footer.bad-magic"]);
}

#[test]
fn walked_blocks_replace_a_lost_index() {
    let all = entries(300);
    let mut table = table(&all, small_blocks());
    let index = footer(&table).index;
    flip(&mut table, index.offset + 3);
    let walked: Vec<Handle> =
        super::super::walk(&table, 0, None).unwrap().blocks.iter().map(|found| found.handle).collect();

    assert_eq!(scan(&table).totals.put_count, 0);
    let scan = scan_blocks(&table, walked);

    assert_eq!(codes(&scan.faults), ["table.index.checksum-mismatch"]);
    assert_eq!((scan.totals.put_count, scan.intact_block_count), (300, scan.block_count));
}

#[test]
fn the_frame_is_told_from_data_where_the_footer_is_lost() {
    let table = table(&entries(300), small_blocks());
    let cut = table.get(..table.len() - 48).unwrap();
    let data = data_handles(&table);
    let walked: Vec<Handle> =
        super::super::walk(&cut.to_vec(), 0, None).unwrap().blocks.iter().map(|found| found.handle).collect();

    for blocks in [walked, data] {
        let scan = scan_blocks(cut, blocks);

        assert_eq!(codes(&scan.faults), ["table.footer.bad-magic"]);
        assert_eq!(scan.totals.put_count, 300);
        assert_eq!(parts(&scan), [Part::Data, Part::Filter, Part::Metaindex, Part::Index]);
    }
}

#[test]
fn a_hole_between_walked_blocks_is_bounded_by_the_keys_around_it() {
    let all = entries(300);
    let table = table(&all, small_blocks());
    let mut blocks = data_handles(&table);
    let lost = blocks.remove(4);

    let scan = scan_blocks(&table, blocks);

    assert_eq!(codes(&scan.faults), ["table.gap"]);
    let fault = scan.faults.first().unwrap();
    assert_eq!((fault.offset, fault.size), (lost.offset, lost.size + 5));
    let (lower, upper) = (fault.lower.as_deref().unwrap(), fault.upper.as_deref().unwrap());
    let between = all.iter().map(|(key, _)| internal_key::user_key(key)).filter(|key| *key > lower && *key < upper);
    assert_eq!(between.count() as u64, 300 - scan.totals.put_count);
}

#[test]
fn healed_contents_replace_a_damaged_index() {
    let mut table = table(&entries(300), small_blocks());
    let index = footer(&table).index;
    let healed = contents(&table, index);
    flip(&mut table, index.offset + 3);

    let scan = scan_with(&table, ScanOptions { index: Some(healed), ..ScanOptions::default() });

    assert_eq!(codes(&scan.faults), ["table.index.checksum-mismatch"]);
    assert_eq!((scan.totals.put_count, scan.intact_block_count), (300, scan.block_count));
}

#[test]
fn keys_out_of_order_or_twice_are_told_and_the_bounds_are_right() {
    let keys = ["b", "d", "a", "z", "c"].map(|user_key| key(user_key, 7));
    let [b, d, a, z, c] = keys.each_ref().map(|key| (key.as_slice(), &b"v"[..]));
    let end = key("zz", 1);
    let table = table_of_blocks(&[(&end, on_disk(&block(&[b, d, a, z, c]), 0))]);

    let scan = scan(&table);

    assert_eq!(codes(&scan.faults), ["table.block.key-order"]);
    assert_eq!((scan.totals.smallest, scan.totals.largest), (Some(key("a", 7)), Some(key("z", 7))));
    let twice = table_of_blocks(&[(&end, on_disk(&block(&[b, b]), 0))]);
    assert_eq!(codes(&self::scan(&twice).faults), ["table.block.key-order"]);
}

#[test]
fn blocks_out_of_order_are_told() {
    let (a, b, c) = (key("a", 1), key("b", 1), key("c", 1));
    let one = on_disk(&block(&[(&b, b"")]), 0);
    let two = on_disk(&block(&[(&a, b"")]), 0);

    let scan = scan(&table_of_blocks(&[(&b, one), (&c, two)]));

    assert_eq!(codes(&scan.faults), ["table.block.key-order"]);
}

#[test]
fn an_index_key_on_the_wrong_side_is_told_with_the_keys_it_hides() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|user_key| key(user_key, 5));
    let one = on_disk(&block(&[(&a, b""), (&b, b"")]), 0);
    let two = on_disk(&block(&[(&c, b""), (&d, b"")]), 0);
    for (first, lower, upper) in [(&a, b"a", b"b"), (&c, b"c", b"c"), (&d, b"c", b"d")] {
        let last = key("e", 1);
        let scan = scan(&table_of_blocks(&[(first, one.clone()), (&last, two.clone())]));

        assert_eq!(codes(&scan.faults), ["table.index.separator"]);
        let fault = scan.faults.first().unwrap();
        assert_eq!((fault.lower.as_deref(), fault.upper.as_deref()), (Some(&lower[..]), Some(&upper[..])));
    }
}

#[test]
fn a_filter_that_denies_keys_is_told_with_them() {
    let all = entries(300);
    let mut table = table(&all, small_blocks());
    let footer = footer(&table);
    let after_data = data_handles(&table).last().unwrap().end().unwrap();
    let filter = Handle { offset: after_data, size: footer.metaindex.offset - after_data - 5 };
    let mut stored = contents(&table, filter);
    stored.get_mut(..60).unwrap().fill(0);
    let start = usize::try_from(after_data).unwrap();
    table.splice(start..start + stored.len() + 5, on_disk(&stored, 0));

    let scan = scan(&table);

    assert!(!scan.faults.is_empty() && scan.faults.iter().all(|fault| fault.code == "table.filter.false-negative"));
    let denied = scan.faults.first().unwrap();
    assert_eq!((denied.offset, denied.lower.as_deref()), (after_data, Some(&b"key000000"[..])));
    assert!(denied.got > Some(0));
    let unchecked = scan_with(&table, ScanOptions { check_filter: false, ..ScanOptions::default() });
    assert_eq!(unchecked.faults, vec![]);
}

#[test]
fn bytes_between_blocks_are_a_gap() {
    let all = entries(2);
    let [(a, _), (b, _)] = all.as_slice() else { return };
    let mut one = on_disk(&block(&[(a, b"")]), 0);
    let handle_size = one.len() - TRAILER_SIZE;
    one.extend_from_slice(b"stranger");
    let two = on_disk(&block(&[(b, b"")]), 0);
    let mut table = table_of_blocks(&[(a, one), (b, two)]);
    // The builder of the test took the stranger for a part of the block: the index says so. Put that right.
    let mut index = crate::block::BlockBuilder::new(1);
    let first = Handle { offset: 0, size: handle_size as u64 };
    let second = Handle { offset: handle_size as u64 + 13, size: handle_size as u64 };
    for (key, handle) in [(a, first), (b, second)] {
        let mut value = Vec::new();
        handle.append(&mut value);
        index.add(key, &value).unwrap();
    }
    let place = footer(&table).index;
    let start = usize::try_from(place.offset).unwrap();
    let stored = on_disk(index.finish(), 0);
    assert_eq!(stored.len() as u64, place.size + 5);
    table.splice(start..start + stored.len(), stored);

    let scan = scan(&table);

    assert_eq!(codes(&scan.faults), ["table.gap"]);
    assert_eq!(scan.faults.first().map(|gap| (gap.offset, gap.size)), Some((handle_size as u64 + 5, 8)));
}

#[test]
fn an_index_that_names_one_block_again_and_again_is_read_once() {
    let a = key("a", 1);
    let value = vec![b'x'; 1 << 16];
    let stored = on_disk(&block(&[(&a, &value)]), 0);
    let mut table = stored.clone();
    let mut index = crate::block::BlockBuilder::new(1);
    let mut handle = Vec::new();
    Handle { offset: 0, size: (stored.len() - 5) as u64 }.append(&mut handle);
    for n in 0..50_000 {
        index.add(&key(format!("b{n:08}"), 1), &handle).unwrap();
    }
    let metaindex = Handle { offset: table.len() as u64, size: 8 };
    table.extend_from_slice(&on_disk(&[0, 0, 0, 0, 1, 0, 0, 0], 0));
    let contents = index.finish();
    let index = Handle { offset: table.len() as u64, size: contents.len() as u64 };
    table.extend_from_slice(&on_disk(contents, 0));
    table.extend_from_slice(&super::super::Footer { metaindex, index }.encode());

    let scan = scan(&table);

    assert_eq!((scan.totals.put_count, scan.block_count), (1, 50_000));
    assert_eq!(scan.faults.len(), crate::fault_log::MOST_OF_A_CODE);
    assert!(scan.faults.iter().all(|fault| fault.code == "table.overlap"));
}

#[test]
fn flaws_of_index_and_metaindex_have_codes_of_their_own() {
    let a = key("a", 1);
    let good = table_of_blocks(&[(&a, on_disk(&block(&[(&a, b"")]), 0))]);
    let footer = footer(&good);
    for (handle, part) in [(footer.index, "index"), (footer.metaindex, "metaindex")] {
        let start = usize::try_from(handle.offset).unwrap();
        let end = start + usize::try_from(handle.size).unwrap();
        let mut stored = good.get(start..end).unwrap().to_vec();
        stored.last_mut().unwrap().clone_from(&0xff);
        for (block_type, bytes, flaw) in [
            (0, stored.clone(), "bad-restarts"),
            (9, stored.clone(), "unknown-type"),
            (1, stored.clone(), "decompression-failed"),
        ] {
            let mut table = good.clone();
            table.splice(start..end + 5, on_disk(&bytes, block_type));

            assert_eq!(codes(&scan(&table).faults).first(), Some(&format!("table.{part}.{flaw}").as_str()));
        }
    }
}

#[test]
fn a_scan_agrees_with_the_cursor() {
    use crate::cursor::EntryCursor;
    let mut table = table(&entries(300), small_blocks());
    for handle in data_handles(&table).iter().step_by(7) {
        flip(&mut table, handle.offset + 7);
    }
    let mut told: Vec<(u32, Fault)> = Vec::new();
    let mut cursor = crate::table::TableCursor::over(0, Arc::new(table.clone()), Comparator::Bytewise);
    cursor.seek_to_first(&mut told).unwrap();
    let (mut count, mut last) = (0, Vec::new());
    while cursor.valid() {
        assert_eq!(internal_key::compare(&Comparator::Bytewise, &last, cursor.key()), Ordering::Less);
        last = cursor.key().to_vec();
        count += 1;
        cursor.next(&mut told).unwrap();
    }

    let scan = scan(&table);

    assert_eq!((scan.totals.put_count, scan.totals.largest), (count, Some(last)));
    assert_eq!(scan.faults, told.into_iter().map(|(_, fault)| fault).collect::<Vec<_>>());
}
