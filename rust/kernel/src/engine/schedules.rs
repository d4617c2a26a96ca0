//! What threads do at once with memtables, the line of writers and the view, under many orders of their steps (`make schedules`).
//!
//! A scheduler runs one thread at a time and draws who goes on at every lock, wait and atomic; it tells a deadlock from a wait. Each
//! order has a seed, which a failure prints. It does not weaken the order of memory: what is shared without a lock here is numbers,
//! each written with release and read with acquire, and everything else is safe Rust.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its arrangement fails")]

use super::error::{EngineError, Result};
use super::memtable::Memtable;
use super::view::{Levels, View, Views};
use super::write::{Log, LogFile, Single, WritePath};
use crate::batch::append_put;
use crate::comparator::Comparator;
use crate::internal_key::TYPE_VALUE;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use shuttle::thread;
use std::cmp;
use std::io;
use std::path::Path;
use std::sync::Arc;

const WRITERS: u64 = 2;
const BATCHES: u64 = 3;
const DISK_FULL: i32 = 28;

fn orders() -> usize {
    std::env::var("RELEVEL_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(2000)
}

/// Try a scenario at random, and with few, well-placed changes of who runs.
fn try_orders(scenario: fn()) {
    shuttle::check_random(scenario, orders());
    shuttle::check_pct(scenario, orders(), 3);
}

/// A file that keeps nothing, and may be full.
#[derive(Clone, Default)]
struct Disk(Arc<AtomicBool>);

impl LogFile for Disk {
    fn write_at(&mut self, _: &[u8], _: u64) -> io::Result<()> {
        thread::yield_now();
        if self.0.load(Ordering::SeqCst) { Err(io::Error::from_raw_os_error(DISK_FULL)) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        thread::yield_now();
        Ok(())
    }

    fn write_again(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

impl Disk {
    fn log(&self) -> Log {
        Log::new(Box::new(self.clone()), Path::new("db/000003.log"), 0)
    }
}

/// What the binding makes of the parts: writes, and a view that is changed when the memtable is.
struct Store {
    writes: WritePath,
    views: Views,
    disk: Disk,
    acknowledged: [AtomicU64; 2],
}

impl Store {
    fn new(comparator: Comparator) -> Arc<Self> {
        let (writes, memtable) = WritePath::new(comparator, || false);
        let view = View { memtable, immutables: Vec::new(), levels: Arc::new(Levels::default()) };
        let store = Self { writes, views: Views::new(view), disk: Disk::default(), acknowledged: Default::default() };
        store.writes.start_log(|| Ok((Vec::new(), store.disk.log())), None, |_| {}).unwrap();
        Arc::new(store)
    }

    fn rotate(&self) -> Result<Arc<Memtable>> {
        self.writes.rotate(
            || Ok(self.disk.log()),
            |memtable, old| {
                self.views.change(|view| View {
                    memtable: Arc::clone(memtable),
                    immutables: std::iter::once(old).chain(&view.immutables).cloned().collect(),
                    levels: Arc::clone(&view.levels),
                });
            },
        )
    }

    /// Batch `number` of a writer: its number under two keys.
    fn write(&self, writer: u64, number: u64) -> Result<()> {
        let mut body = Vec::new();
        for place in 0..2 {
            append_put(&mut body, &key(writer, place), &number.to_be_bytes());
        }
        match self.writes.try_write(&body, 2) {
            Err(EngineError::WouldBlock) => self.writes.write(body.into(), 2, number % 2 == 0),
            other => other,
        }
    }

    /// Everything at one moment: the number of each writer, by both of its keys.
    fn look(&self) -> (u64, Vec<u64>) {
        let (view, sequence) = self.views.present_at(|| {
            thread::yield_now(); // the scheduler sees no place to change between an unlocking and a load
            self.writes.last_sequence()
        });
        let find = |writer, place| {
            let key = key(writer, place);
            std::iter::once(&view.memtable)
                .chain(&view.immutables)
                .find_map(|memtable| memtable.look_up(&key, sequence, |kind, value, _| number_of(kind, value)))
                .unwrap_or(0)
        };
        let numbers = (0..WRITERS).map(|writer| {
            let (one, other) = (find(writer, 0), find(writer, 1));
            assert_eq!(one, other, "half of a batch is seen at {sequence}");
            one
        });
        let numbers: Vec<u64> = numbers.collect();
        assert_eq!(
            sequence,
            2 * numbers.iter().sum::<u64>(),
            "not all that the sequence number counts is seen: {numbers:?}"
        );
        (sequence, numbers)
    }
}

fn key(writer: u64, place: u64) -> [u8; 2] {
    (place * 16 + writer).to_be_bytes()[6..].try_into().unwrap()
}

fn number_of(kind: u8, value: &[u8]) -> u64 {
    assert_eq!(kind, TYPE_VALUE);
    u64::from_be_bytes(value.try_into().unwrap())
}

fn write_all(store: &Store, writer: u64) {
    for number in 1..=BATCHES {
        store.write(writer, number).unwrap();
        store.acknowledged.get(usize::try_from(writer).unwrap()).unwrap().store(number, Ordering::Release);
        let (_, seen) = store.look();
        assert_eq!(seen.get(usize::try_from(writer).unwrap()), Some(&number), "what was written is not seen");
    }
}

/// Look some times: nothing acknowledged is missing, and nothing goes back.
fn watch(store: &Store) {
    let mut last = (0, vec![0; store.acknowledged.len()]);
    for _ in 0..3 {
        let acknowledged: Vec<u64> = store.acknowledged.iter().map(|number| number.load(Ordering::Acquire)).collect();
        let (sequence, seen) = store.look();
        assert!(sequence >= last.0);
        for (at, number) in seen.iter().enumerate() {
            let least = acknowledged.get(at).max(last.1.get(at)).unwrap();
            assert!(number >= least, "{number} of writer {at} is seen where {least} is acknowledged or was seen");
        }
        last = (sequence, seen);
    }
}

fn writers_a_rotation_and_a_reader(comparator: Comparator) {
    let store = Store::new(comparator);
    let mut threads = Vec::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        threads.push(thread::spawn(move || write_all(&store, writer)));
    }
    let (rotating, reading) = (Arc::clone(&store), Arc::clone(&store));
    threads.push(thread::spawn(move || drop((rotating.rotate().unwrap(), rotating.rotate().unwrap()))));
    threads.push(thread::spawn(move || watch(&reading)));
    for thread in threads {
        thread.join().unwrap();
    }

    assert_eq!(store.look(), (2 * WRITERS * BATCHES, vec![BATCHES; store.acknowledged.len()]));
}

#[test]
fn everybody_sees_what_was_acknowledged_and_batches_whole() {
    try_orders(|| writers_a_rotation_and_a_reader(Comparator::Bytewise));
}

#[test]
fn so_they_do_in_an_order_that_the_caller_supplies() {
    try_orders(|| writers_a_rotation_and_a_reader(Comparator::Custom(Arc::new(cmp::Ord::cmp))));
}

#[test]
fn who_closes_waits_for_writes_and_nobody_waits_for_ever() {
    try_orders(|| {
        let store = Store::new(Comparator::Bytewise);
        let threads: Vec<_> = (0..3u64)
            .map(|writer| {
                let store = Arc::clone(&store);
                thread::spawn(move || (1..=BATCHES).take_while(|number| store.write(writer, *number).is_ok()).count())
            })
            .collect();
        drop(store.writes.close());
        let after = store.writes.last_sequence();
        assert!(store.writes.try_put(&Single { prefix: b"", key: b"k", value: Some(b"v") }).is_err());
        let written: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();

        assert_eq!((after, store.writes.last_sequence()), (2 * u64::try_from(written).unwrap(), after));
    });
}

#[test]
fn of_a_group_that_cannot_be_written_nothing_is_seen_and_all_are_told() {
    try_orders(|| {
        let store = Store::new(Comparator::Bytewise);
        let threads: Vec<_> = (0..3u64)
            .map(|writer| {
                let store = Arc::clone(&store);
                thread::spawn(move || (1..=BATCHES).filter(|number| store.write(writer, *number).is_ok()).count())
            })
            .collect();
        store.disk.0.store(true, Ordering::SeqCst);
        thread::yield_now();
        store.disk.0.store(false, Ordering::SeqCst);
        let written: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();

        assert_eq!(store.writes.last_sequence(), 2 * u64::try_from(written).unwrap());
    });
}
