//! The engine reads any table to its end or to an error; and of one that was written well and damaged in one byte, no wrong value.

use crate::{forged, shaped};
use relevel_kernel::codec::Codec;
use relevel_kernel::engine::table_source::Waiting;
use relevel_kernel::engine::{BidirectionalCursor, CursorOptions, GetOptions, Levels, Memtable, Table, Tables, View};
use relevel_kernel::internal_key::{MAX_SEQUENCE, TYPE_VALUE};
use relevel_kernel::read_at::OsFile;
use relevel_kernel::table::{BuildOptions, FOOTER_SIZE, ScanOptions, TableBuilder, scan_table};
use relevel_kernel::{Comparator, ReadAt};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Internal keys, as user keys with trailers that descend, and values.
type Entries = BTreeMap<(Vec<u8>, Reverse<u64>), Vec<u8>>;
/// An internal key and a value.
type Entry = (Vec<u8>, Vec<u8>);
type Input<'a> = (u8, u8, u16, u8, Vec<(u8, u8, &'a [u8])>);

/// A forged table; or how one is written, where it is damaged and by which bits, and its entries.
pub fn hold(bytes: &[u8]) -> bool {
    let Some((is_honest, rest)) = bytes.split_first() else { return false };
    if is_honest % 2 == 0 {
        if let Some(file) = forged::table(rest) {
            let database = Database::of(&file, ends_of(&file));
            let (entries, _) = database.walk(true);
            database.walk(false);
            for key in [&b""[..], b"k", rest.get(..3).unwrap_or_default(), &[0xff; 8]] {
                let _ = database.get(key);
            }
            return !entries.is_empty();
        }
    } else if let Some((style, block_size, at, bits, puts)) = shaped::<Input>(rest) {
        let entries = entries(&puts);
        let (Some(first), Some(last)) = (entries.keys().next(), entries.keys().last()) else { return false };
        let ends = (internal(first), internal(last));
        let mut file = written(style, block_size, &entries);
        let at = usize::from(at) % (file.len() - FOOTER_SIZE);
        file[at] ^= bits;
        assert_right(&Database::of(&file, ends), &entries, bits == 0);
        return true;
    }
    false
}

/// The first and the last internal key of a table, as far as it can be read.
fn ends_of(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let scan = scan_table(Arc::new(file.to_vec()), &Comparator::Bytewise, ScanOptions::default());
    let scan = scan.expect("memory can be read");
    (scan.totals.smallest.unwrap_or_default(), scan.totals.largest.unwrap_or_default())
}

fn internal((user_key, Reverse(trailer)): &(Vec<u8>, Reverse<u64>)) -> Vec<u8> {
    [user_key.as_slice(), &trailer.to_le_bytes()].concat()
}

/// Puts and, where the value is empty, deletions; keys begin alike.
fn entries(puts: &[(u8, u8, &[u8])]) -> Entries {
    let entry = |(key, sequence, value): &(u8, u8, &[u8])| {
        let kind = if value.is_empty() { 0 } else { TYPE_VALUE };
        let user_key = format!("{:03}{}", key / 8, "k".repeat(usize::from(key % 8))).into_bytes();
        ((user_key, Reverse(u64::from(*sequence) << 8 | u64::from(kind))), value.to_vec())
    };
    puts.iter().map(entry).collect()
}

fn written(style: u8, block_size: u8, entries: &Entries) -> Vec<u8> {
    let options = BuildOptions {
        codec: Codec::ALL[usize::from(style) % Codec::ALL.len()],
        block_size: usize::from(block_size) + 1,
        restart_interval: 1 + usize::from(style % 4),
        bloom_bits_per_key: if style > 127 { 10 } else { 0 },
        shorten_index_keys: style & 64 > 0,
        ..BuildOptions::default()
    };
    let mut builder = TableBuilder::new(Vec::new(), Comparator::Bytewise, options);
    for (key, value) in entries {
        builder.add(&internal(key), value).expect("in order");
    }
    builder.finish().expect("memory can be written").0
}

/// Nothing that is read is wrong; and everything can be, where nothing is damaged.
fn assert_right(database: &Database, entries: &Entries, is_whole: bool) {
    let expected: Vec<Entry> = entries.iter().map(|(key, value)| (internal(key), value.clone())).collect();
    let (forward, reached_end) = database.walk(true);
    assert_eq!(forward, expected[..forward.len()], "forward");
    assert!(!reached_end || forward.len() == expected.len(), "entries are missing forward");
    let (mut backward, reached_start) = database.walk(false);
    backward.reverse();
    assert_eq!(backward, expected[expected.len() - backward.len()..], "backward");
    assert!(!reached_start || backward.len() == expected.len(), "entries are missing backward");
    assert!(!is_whole || (reached_end && reached_start), "a whole table is read to its ends");
    let mut newest: BTreeMap<&[u8], Option<&[u8]>> = BTreeMap::new();
    for ((user_key, Reverse(trailer)), value) in entries {
        let is_put = trailer & 0xff == u64::from(TYPE_VALUE);
        newest.entry(user_key).or_insert(is_put.then_some(value.as_slice()));
    }
    for (user_key, value) in newest {
        match database.get(user_key) {
            Ok(found) => assert_eq!(found.as_deref(), value, "{user_key:?}"),
            Err(()) => assert!(!is_whole, "{user_key:?} cannot be read"),
        }
    }
}

/// A database of one table.
struct Database {
    tables: Arc<Tables>,
    view: View,
}

impl Database {
    fn of(file: &[u8], (smallest, largest): (Vec<u8>, Vec<u8>)) -> Self {
        let tables = Arc::new(Tables::new(Comparator::Bytewise, 0, 10, || false));
        let held = Arc::new(in_memory(file));
        let table = Table::new(5, Path::new("000005.ldb"), held.size(), smallest, largest).with_file(held);
        let levels = Arc::new(Levels { level_0: vec![Arc::new(table)], runs: Vec::new() });
        let memtable = Arc::new(Memtable::new(Comparator::Bytewise));
        Self { tables, view: View { memtable, immutables: Vec::new(), levels } }
    }

    /// Every entry that comes one way, and whether that was to the end.
    fn walk(&self, forward: bool) -> (Vec<Entry>, bool) {
        let mut cursor = self.view.cursor(&self.tables, &CursorOptions::new(true, false));
        let mut found = Vec::new();
        let mut moved = if forward { cursor.seek_to_first() } else { cursor.seek_to_last() };
        while moved.is_ok() && cursor.valid() {
            found.push((cursor.key().to_vec(), cursor.value().to_vec()));
            moved = if forward { cursor.next() } else { cursor.prev() };
        }
        (found, moved.is_ok())
    }

    fn get(&self, user_key: &[u8]) -> Result<Option<Vec<u8>>, ()> {
        let options = GetOptions { verify: true, fill_cache: false, waiting: Waiting::Allowed };
        let got = self.view.get(&self.tables, user_key, MAX_SEQUENCE, options, <[u8]>::to_vec);
        got.map(|got| got.value).map_err(drop)
    }
}

/// Bytes as the engine reads them: a file of this process, in memory.
fn in_memory(bytes: &[u8]) -> OsFile {
    let folder = Path::new("/dev/shm");
    let folder = if folder.is_dir() { folder.to_path_buf() } else { std::env::temp_dir() };
    let path: PathBuf =
        folder.join(format!("relevel-hostile-{}-{:?}", std::process::id(), std::thread::current().id()));
    let file = File::create(&path).expect("a file in memory");
    file.write_all_at(bytes, 0).expect("room in memory");
    let opened = OsFile::open(&path).expect("it was just made");
    std::fs::remove_file(&path).expect("it was just made");
    opened
}
