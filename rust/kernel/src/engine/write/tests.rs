#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where its arrangement fails")]
use super::*;
use crate::batch::{Batch, append_deletion, append_put};
use crate::engine::cursor::BidirectionalCursor;
use crate::log::LogReader;
use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::AtomicBool;

type KeyAndValue = (Vec<u8>, Vec<u8>);

const DISK_FULL: i32 = 28;

/// A file in memory that can be told to fail.
#[derive(Clone, Default)]
struct Disk(Arc<DiskState>);

#[derive(Default)]
struct DiskState {
    bytes: Mutex<Vec<u8>>,
    /// Appends fail, after half of the bytes.
    is_full: AtomicBool,
    cannot_cut: AtomicBool,
    cannot_sync: AtomicBool,
    sync_count: AtomicU64,
    append_count: AtomicU64,
    /// How many bytes, and after how many syncs.
    written_again: Mutex<Vec<(u64, u64)>>,
    /// What could be read when the last sync began.
    seen_at_sync: AtomicU64,
    path: Mutex<Option<Arc<WritePath>>>,
    /// A sync waits here.
    gate: Mutex<()>,
}

fn failing(fails: &AtomicBool) -> io::Result<()> {
    if fails.load(Ordering::Relaxed) { Err(io::Error::from_raw_os_error(DISK_FULL)) } else { Ok(()) }
}

impl LogFile for Disk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.append_count.fetch_add(1, Ordering::Relaxed);
        let fails = failing(&self.0.is_full);
        let size = if fails.is_err() { bytes.len() / 2 } else { bytes.len() };
        let (mut there, start) = (self.0.bytes.lock().unwrap(), usize::try_from(offset).unwrap());
        let end = there.len().max(start + size);
        there.resize(end, 0);
        there[start..start + size].copy_from_slice(&bytes[..size]);
        drop(there);
        fails
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_count.fetch_add(1, Ordering::Relaxed);
        if let Some(path) = &*self.0.path.lock().unwrap() {
            self.0.seen_at_sync.store(path.last_sequence(), Ordering::Relaxed);
        }
        drop(self.0.gate.lock().unwrap());
        failing(&self.0.cannot_sync)
    }

    fn write_again(&mut self, size: u64) -> io::Result<()> {
        self.0.written_again.lock().unwrap().push((size, self.0.sync_count.load(Ordering::Relaxed)));
        Ok(())
    }

    fn cut(&mut self, size: u64) -> io::Result<()> {
        failing(&self.0.cannot_cut)?;
        self.0.bytes.lock().unwrap().truncate(usize::try_from(size).unwrap());
        Ok(())
    }
}

impl Disk {
    fn bytes(&self) -> Vec<u8> {
        self.0.bytes.lock().unwrap().clone()
    }

    fn log(&self) -> Log {
        Log::new(Box::new(self.clone()), Path::new("db/000003.log"), 0)
    }

    /// First sequence number and operations of each batch in the log, which must be without fault.
    fn batches(&self) -> Vec<(u64, Vec<KeyAndValue>)> {
        let mut reader = LogReader::new(Arc::new(self.bytes()));
        let mut batches = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            let batch = Batch::decode(record.payload).unwrap();
            let operations = batch.operations().map(|operation| (operation.key.to_vec(), operation.value.to_vec()));
            batches.push((batch.sequence, operations.collect()));
        }
        assert_eq!(reader.faults(), []);
        batches
    }
}

fn opened(comparator: Comparator) -> (Arc<WritePath>, Disk) {
    let (path, disk) = (Arc::new(WritePath::new(comparator, || FAILED.get()).0), Disk::default());
    path.start_log(|| Ok((Vec::new(), disk.log())), None, |_| {}).unwrap();
    (path, disk)
}

thread_local! {
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

const fn put<'a>(key: &'a [u8], value: &'a [u8]) -> Single<'a> {
    Single { prefix: b"", key, value: Some(value) }
}

fn body(key: &[u8], value: &[u8]) -> Arc<[u8]> {
    let mut body = Vec::new();
    append_put(&mut body, key, value);
    body.into()
}

fn read(path: &WritePath, key: &[u8]) -> Option<Vec<u8>> {
    path.memtable().unwrap().get(key, path.last_sequence()).map(|found| found.value().to_vec())
}

fn number_of(result: Result<()>) -> i32 {
    match result {
        Err(EngineError::Io(error)) => {
            let error = PathError::of(&error).unwrap();
            assert_eq!(error.path, Path::new("db/000003.log"));
            error.source.raw_os_error().unwrap()
        }
        other => panic_with(&other),
    }
}

#[expect(clippy::panic, reason = "a test that fails")]
fn panic_with(result: &Result<()>) -> ! {
    panic!("not an I/O error: {result:?}")
}

#[test]
fn puts_deletions_and_batches_follow_one_another_in_the_log_and_can_be_read() {
    let (path, disk) = opened(Comparator::Bytewise);
    let mut operations = Vec::new();
    append_put(&mut operations, b"b", b"2");
    append_deletion(&mut operations, b"a");

    path.try_put(&Single { prefix: b"p", key: b"a", value: Some(b"1") }).unwrap();
    path.try_write(&operations, 2).unwrap();
    path.write(body(b"c", b"3"), 1, true).unwrap();
    path.try_put(&Single { prefix: b"", key: b"c", value: None }).unwrap();

    let operation = |key: &[u8], value: &[u8]| (key.to_vec(), value.to_vec());
    assert_eq!(
        disk.batches(),
        [
            (1, vec![operation(b"pa", b"1")]),
            (2, vec![operation(b"b", b"2"), operation(b"a", b"")]),
            (4, vec![operation(b"c", b"3")]),
            (5, vec![operation(b"c", b"")]),
        ]
    );
    assert_eq!((path.last_sequence(), path.log_size()), (5, disk.bytes().len() as u64));
    assert_eq!(read(&path, b"pa"), Some(b"1".to_vec()));
    assert_eq!((disk.0.sync_count.load(Ordering::Relaxed), disk.0.append_count.load(Ordering::Relaxed)), (1, 4));
}

#[test]
fn a_write_that_fails_leaves_nothing_and_the_next_one_takes_its_place() {
    let (path, disk) = opened(Comparator::Bytewise);
    path.try_put(&put(b"a", b"1")).unwrap();

    disk.0.is_full.store(true, Ordering::Relaxed);
    assert_eq!(number_of(path.try_put(&put(b"b", b"2"))), DISK_FULL);
    assert_eq!(number_of(path.write(body(b"c", b"3"), 1, true)), DISK_FULL);
    disk.0.is_full.store(false, Ordering::Relaxed);
    path.try_put(&put(b"d", b"4")).unwrap();

    let keys: Vec<_> =
        disk.batches().into_iter().map(|(sequence, mut operations)| (sequence, operations.remove(0).0)).collect();
    assert_eq!(keys, [(1, b"a".to_vec()), (2, b"d".to_vec())]);
    assert_eq!((read(&path, b"b"), read(&path, b"c"), read(&path, b"d")), (None, None, Some(b"4".to_vec())));
}

#[test]
fn a_log_that_cannot_be_cut_back_is_not_written_any_more() {
    let (path, disk) = opened(Comparator::Bytewise);
    disk.0.is_full.store(true, Ordering::Relaxed);
    disk.0.cannot_cut.store(true, Ordering::Relaxed);
    assert_eq!(number_of(path.try_put(&put(b"a", b"1"))), DISK_FULL);
    disk.0.is_full.store(false, Ordering::Relaxed);
    disk.0.cannot_cut.store(false, Ordering::Relaxed);
    let size = disk.bytes().len();

    assert_eq!(number_of(path.try_put(&put(b"b", b"2"))), DISK_FULL);
    assert_eq!(number_of(path.write(body(b"b", b"2"), 1, false)), DISK_FULL);
    assert_eq!(number_of(path.rotate(|| Ok(disk.log()), |_, _| {}).map(drop)), DISK_FULL);
    assert_eq!((disk.bytes().len(), path.last_sequence()), (size, 0));
}

#[test]
fn a_sync_that_fails_is_latched_and_what_it_was_for_cannot_be_read() {
    let (path, disk) = opened(Comparator::Bytewise);
    path.try_put(&put(b"a", b"1")).unwrap();
    disk.0.cannot_sync.store(true, Ordering::Relaxed);
    assert_eq!(number_of(path.write(body(b"b", b"2"), 1, true)), DISK_FULL);
    disk.0.cannot_sync.store(false, Ordering::Relaxed);

    assert_eq!(number_of(path.try_put(&put(b"c", b"3"))), DISK_FULL);
    assert_eq!(number_of(path.sync_log()), DISK_FULL);
    assert_eq!((read(&path, b"a"), read(&path, b"b"), path.last_sequence()), (Some(b"1".to_vec()), None, 1));
    assert_eq!(disk.batches().len(), 1);
}

#[test]
fn what_another_process_wrote_is_written_again_before_its_first_sync() {
    let (path, earlier, disk) = (WritePath::new(Comparator::Bytewise, || false).0, Disk::default(), Disk::default());
    let taken_over = |disk: &Disk, size| Log::taken_over(Box::new(disk.clone()), Path::new("000003.log"), size);
    path.start_log(|| Ok((vec![taken_over(&earlier, 40)], taken_over(&disk, 30))), None, |_| {}).unwrap();
    path.write(body(b"a", b"1"), 1, false).unwrap();
    assert_eq!(*disk.0.written_again.lock().unwrap(), []);

    path.write(body(b"b", b"2"), 1, true).unwrap();
    path.write(body(b"c", b"3"), 1, true).unwrap();

    assert_eq!(*earlier.0.written_again.lock().unwrap(), [(40, 0)]);
    assert_eq!(*disk.0.written_again.lock().unwrap(), [(30, 0)]);
    let synced = [&earlier, &disk].map(|disk| disk.0.sync_count.load(Ordering::Relaxed));
    assert_eq!(synced, [1, 2]);
}

#[test]
fn writers_that_come_during_a_sync_are_written_together_and_seen_after_it() {
    let (path, disk) = opened(Comparator::Bytewise);
    *disk.0.path.lock().unwrap() = Some(path.clone());
    let gate = disk.0.gate.lock().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| path.write(body(b"first", b""), 1, true).unwrap());
        while disk.0.sync_count.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        for number in 0..6u8 {
            let path = &path;
            scope.spawn(move || path.write(body(&[number], b"v"), 1, number == 3).unwrap());
        }
        while path.queue.group().len() < 7 {
            std::thread::yield_now();
        }
        assert!(matches!(path.try_put(&put(b"x", b"")), Err(EngineError::WouldBlock)));
        assert_eq!((path.last_sequence(), read_without_lock(&disk)), (0, 0));
        drop(gate);
    });

    assert_eq!(path.last_sequence(), 7);
    assert_eq!((0..6u8).filter(|number| read(&path, &[*number]).is_some()).count(), 6);
    assert_eq!((disk.0.sync_count.load(Ordering::Relaxed), disk.0.append_count.load(Ordering::Relaxed)), (2, 2));
    assert_eq!(disk.0.seen_at_sync.load(Ordering::Relaxed), 1);
    assert!(!path.queue.is_busy());
}

fn read_without_lock(disk: &Disk) -> u64 {
    disk.0.seen_at_sync.load(Ordering::Relaxed)
}

#[test]
fn many_writers_and_rotations_lose_and_double_nothing() {
    let (path, disk) = opened(Comparator::Bytewise);
    let disks = Mutex::new(vec![disk]);
    let memtables = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let path = &path;
            scope.spawn(move || {
                for number in 0..500u64 {
                    let key = (thread * 1000 + number).to_be_bytes();
                    let tried =
                        if number % 3 == 0 { Err(EngineError::WouldBlock) } else { path.try_put(&put(&key, &key)) };
                    match tried {
                        Err(EngineError::WouldBlock) => path.write(body(&key, &key), 1, number % 7 == 0).unwrap(),
                        other => other.unwrap(),
                    }
                    assert!(read(path, &key).is_none_or(|value| value == key));
                }
            });
        }
        for _ in 0..20 {
            let disk = Disk::default();
            memtables.lock().unwrap().push(path.rotate(|| Ok(disk.log()), |_, _| {}).unwrap());
            disks.lock().unwrap().push(disk);
            std::thread::yield_now();
        }
    });

    let mut keys = Vec::new();
    let mut due = 1;
    for (sequence, operations) in disks.lock().unwrap().iter().flat_map(Disk::batches) {
        assert_eq!(sequence, due);
        due += operations.len() as u64;
        keys.extend(operations.into_iter().map(|(key, _)| key));
    }
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), due, path.last_sequence()), (2000, 2001, 2000));
    let mut memtables = memtables.into_inner().unwrap();
    memtables.push(path.memtable().unwrap());
    assert_eq!(memtables.iter().map(|memtable| memtable.entry_count()).sum::<u64>(), 2000);
}

#[test]
fn a_batch_larger_than_the_buffer_comes_back_whole_from_the_log() {
    let (path, disk) = opened(Comparator::Bytewise);
    let value: Vec<u8> = (0..5_000_000u32).map(|at| at.to_le_bytes()[1]).collect();
    path.try_put(&put(b"a", b"1")).unwrap();

    path.write(body(b"k", &value), 1, false).unwrap();

    assert_eq!(disk.batches()[1], (2, vec![(b"k".to_vec(), value.clone())]));
    assert_eq!(read(&path, b"k"), Some(value));
    assert_eq!(disk.0.append_count.load(Ordering::Relaxed), 6);
}

#[test]
fn a_large_batch_that_fails_half_way_is_cut_off_whole() {
    let (path, disk) = opened(Comparator::Bytewise);
    path.try_put(&put(b"a", b"1")).unwrap();
    disk.0.is_full.store(true, Ordering::Relaxed);

    assert_eq!(number_of(path.write(body(b"k", &vec![0; 3 << 20]), 1, false)), DISK_FULL);

    assert_eq!((disk.batches().len(), path.last_sequence()), (1, 1));
}

#[test]
fn sequence_numbers_end_at_the_largest() {
    let (path, _disk) = opened(Comparator::Bytewise);
    path.set_last_sequence(MAX_SEQUENCE - 1).unwrap();

    path.try_put(&put(b"a", b"1")).unwrap();

    assert!(matches!(path.try_put(&put(b"b", b"2")), Err(EngineError::Exhausted)));
    assert!(matches!(path.write(body(b"b", b"2"), 1, true), Err(EngineError::Exhausted)));
    assert!(path.set_last_sequence(MAX_SEQUENCE + 1).is_err());
    assert_eq!(path.last_sequence(), MAX_SEQUENCE);
}

#[test]
fn without_a_log_nothing_is_written() {
    let path = WritePath::new(Comparator::Bytewise, || false).0;

    assert!(matches!(path.try_put(&put(b"a", b"1")), Err(EngineError::Refused(NO_LOG))));
    assert!(matches!(path.write(body(b"a", b"1"), 1, false), Err(EngineError::Refused(NO_LOG))));
    assert_eq!((path.last_sequence(), path.memtable().unwrap().entry_count()), (0, 0));
}

#[test]
fn a_closed_path_takes_no_writes() {
    let (path, disk) = opened(Comparator::Bytewise);
    assert_eq!(path.close().entry_count(), 0);

    assert!(matches!(path.try_put(&put(b"a", b"1")), Err(EngineError::Refused(NO_LOG))));
    assert_eq!(disk.bytes(), b"");
}

#[test]
fn a_rotation_makes_safe_what_was_promised_and_only_that() {
    let (path, disk) = opened(Comparator::Bytewise);
    let sync_count = || disk.0.sync_count.load(Ordering::Relaxed);
    path.write(body(b"a", b"1"), 1, true).unwrap();
    path.rotate(|| Ok(disk.log()), |_, _| {}).unwrap();
    assert_eq!(sync_count(), 2);
    path.write(body(b"a", b"1"), 1, false).unwrap();

    path.rotate(|| Ok(disk.log()), |_, _| {}).unwrap();

    assert_eq!(sync_count(), 2);
}

#[test]
fn nothing_is_safe_before_what_was_written_to_older_logs_is() {
    let (path, first) = opened(Comparator::Bytewise);
    let [second, third] = [Disk::default(), Disk::default()];
    let synced = || [&first, &second, &third].map(|disk| disk.0.sync_count.load(Ordering::Relaxed));
    path.write(body(b"a", b"1"), 1, false).unwrap();
    path.rotate(|| Ok(second.log()), |_, _| {}).unwrap();
    assert_eq!(synced(), [0, 0, 0]);

    path.write(body(b"b", b"2"), 1, true).unwrap();
    path.write(body(b"c", b"3"), 1, true).unwrap();
    assert_eq!(synced(), [1, 2, 0]);

    path.rotate(|| Ok(third.log()), |_, _| {}).unwrap();
    path.sync_log().unwrap();
    assert_eq!(synced(), [1, 3, 1]);
}

#[test]
fn a_log_whose_entries_are_in_a_table_is_not_made_safe_any_more() {
    let (path, first) = opened(Comparator::Bytewise);
    let second = Disk::default();
    path.write(body(b"a", b"1"), 1, false).unwrap();
    path.rotate(|| Ok(second.log()), |_, _| {}).unwrap();

    path.forget_old_logs();
    path.write(body(b"b", b"2"), 1, true).unwrap();

    assert_eq!(first.0.sync_count.load(Ordering::Relaxed), 0);
}

#[test]
fn an_older_log_that_cannot_be_made_safe_fails_the_write_that_wants_it() {
    let (path, first) = opened(Comparator::Bytewise);
    let second = Disk::default();
    path.write(body(b"a", b"1"), 1, false).unwrap();
    path.rotate(|| Ok(second.log()), |_, _| {}).unwrap();
    first.0.cannot_sync.store(true, Ordering::Relaxed);

    assert_eq!(number_of(path.write(body(b"b", b"2"), 1, true)), DISK_FULL);
    assert_eq!(number_of(path.write(body(b"c", b"3"), 1, false)), DISK_FULL);
    assert_eq!((read(&path, b"b"), second.batches()), (None, vec![]));
}

#[test]
fn a_rotation_that_cannot_make_its_log_changes_nothing() {
    let (path, disk) = opened(Comparator::Bytewise);
    path.try_put(&put(b"a", b"1")).unwrap();

    assert!(path.rotate(|| Err(EngineError::Stopped), |_, _| {}).is_err());
    path.try_put(&put(b"b", b"2")).unwrap();

    assert_eq!((read(&path, b"a"), read(&path, b"b")), (Some(b"1".to_vec()), Some(b"2".to_vec())));
    assert_eq!(disk.batches().len(), 2);
}

#[test]
fn an_order_that_fails_leaves_log_and_memtable_as_they_were() {
    let order = Comparator::Custom(Arc::new(|a, b| {
        FAILED.set(FAILED.get() || a.contains(&b'!') || b.contains(&b'!'));
        if FAILED.get() { std::cmp::Ordering::Equal } else { b.cmp(a) }
    }));
    let (path, disk) = opened(order);
    assert!(matches!(path.write(body(b"!", b"v"), 1, true), Err(EngineError::Stopped)), "the first key of all");
    FAILED.set(false);
    for key in [b"a", b"c", b"b"] {
        assert!(matches!(path.try_put(&put(key, b"v")), Err(EngineError::WouldBlock)));
        path.write(body(key, b"v"), 1, false).unwrap();
    }
    let size = disk.bytes().len();

    assert!(matches!(path.write(body(b"b!", b"v"), 1, true), Err(EngineError::Stopped)));
    FAILED.set(false);

    assert_eq!((disk.bytes().len(), path.last_sequence()), (size, 3));
    let mut cursor = path.memtable().unwrap().cursor();
    let mut keys = Vec::new();
    cursor.seek_to_first().unwrap();
    while cursor.valid() {
        keys.push(cursor.key()[0]);
        cursor.next().unwrap();
    }
    assert_eq!(keys, b"cba");
}

#[test]
fn one_operation_is_encoded_as_a_batch_of_it() {
    for value in [None, Some(&b""[..]), Some(&[7; 300])] {
        let mut expected = Vec::new();
        match value {
            Some(value) => append_put(&mut expected, b"prefix-key", value),
            None => append_deletion(&mut expected, b"prefix-key"),
        }

        assert_eq!(*encode(&Single { prefix: b"prefix-", key: b"key", value }), *expected);
    }
}
