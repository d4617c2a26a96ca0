"""Many threads with one database."""

import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

THREADS = 15
WRITTEN = 400


def run(*jobs: Callable[[], None]) -> list[BaseException]:
    """Run all jobs at once; what they raised."""
    raised: list[BaseException] = []
    begin = threading.Barrier(len(jobs))

    def guarded(job: Callable[[], None]) -> None:
        begin.wait()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def value_of(key: bytes, turn: int) -> bytes:
    """A value of 2 to 7 kilobytes from which the key can be told."""
    return (key + b"/%d " % turn) * (150 + turn % 350)


@pytest.fixture
def busy(plyvel: Any, path: str) -> Any:
    """A database that writes tables often."""
    with plyvel.DB(path, create_if_missing=True, write_buffer_size=1 << 18) as db:
        yield db


def test_writers_and_readers(busy: Any) -> None:
    """Five write, five read everything in reverse, five look up; nobody sees anything that was not written."""

    def write(name: int) -> None:
        chance = random.Random(name)
        for turn in range(WRITTEN):
            key = b"%d/%03d" % (name, chance.randrange(200))
            busy.put(key, value_of(key, turn))

    def read_all() -> None:
        for _ in range(6):
            keys = []
            for key, value in busy.iterator(reverse=True):
                assert value.startswith(key + b"/")
                keys.append(key)
            assert keys == sorted(set(keys), reverse=True)

    def look_up(name: int) -> None:
        chance = random.Random(name)
        for _ in range(WRITTEN):
            key = b"%d/%03d" % (chance.randrange(5), chance.randrange(200))
            value = busy.get(key)
            assert value is None or value.startswith(key + b"/")

    jobs: list[Callable[[], None]] = []
    for number in range(5):
        jobs += [partial(write, number), read_all, partial(look_up, number)]

    assert run(*jobs) == []
    assert len(jobs) == THREADS
    assert {key[:1] for key, _ in busy} == {b"0", b"1", b"2", b"3", b"4"}


def test_nothing_written_by_many_is_lost(plyvel: Any, path: str, busy: Any) -> None:
    """Every last value of every thread is there, now and after a reopen."""

    def write(name: int) -> None:
        for turn in range(WRITTEN):
            busy.put(b"%02d/%03d" % (name, turn), b"%d" % name * 100, sync=turn % 100 == 0)
        with busy.write_batch() as batch:
            for turn in range(0, WRITTEN, 2):
                batch.delete(b"%02d/%03d" % (name, turn))

    raised = run(*[partial(write, name) for name in range(THREADS)])

    expected = [(b"%02d/%03d" % (n, turn), b"%d" % n * 100) for n in range(THREADS) for turn in range(1, WRITTEN, 2)]
    assert raised == []
    assert list(busy) == expected
    busy.close()
    with plyvel.DB(path) as db:
        assert list(db) == expected


def test_batches_are_seen_whole_or_not_at_all(busy: Any) -> None:
    """Readers and snapshots see all keys of a batch with one value."""
    keys = [b"%02d" % number for number in range(30)]
    done = threading.Event()

    def write(name: int) -> None:
        for turn in range(150):
            with busy.write_batch() as batch:
                for key in keys:
                    batch.put(key, b"%d/%d" % (name, turn))

    def writers() -> None:
        raised = run(*[partial(write, name) for name in range(3)])
        done.set()
        assert raised == []

    def look() -> None:
        while not done.is_set():
            assert len(set(busy.iterator(include_key=False))) <= 1
            with busy.snapshot() as snapshot:
                assert len({snapshot.get(key) for key in keys}) == 1

    assert run(writers, look, look) == []


def test_writes_of_one_thread_are_seen_in_order(busy: Any) -> None:
    """A counter never goes back, for get and for iteration."""
    done = threading.Event()

    def count() -> None:
        for number in range(3000):
            busy.put(b"counter", b"%d" % number)
            busy.put(b"padding", b"x" * 300)
        done.set()

    def watch() -> None:
        last = -1
        while not done.is_set():
            now = int(busy.get(b"counter", b"-1"))
            assert now >= last
            last = now
            for value in busy.iterator(prefix=b"counter", include_key=False):
                assert int(value) >= last
                last = int(value)

    assert run(count, watch, watch, watch) == []


def test_compacting_while_writing_and_reading(busy: Any) -> None:
    """Compactions on demand disturb nobody."""

    def write(name: int) -> None:
        for turn in range(1500):
            busy.put(b"%d/%04d" % (name, turn), b"v" * 300)
            if turn % 3 == 0:
                busy.delete(b"%d/%04d" % (name, turn))

    def compact() -> None:
        for _ in range(10):
            busy.compact_range(start=b"0", stop=b"9")

    def snapshots() -> None:
        for _ in range(30):
            with busy.snapshot() as snapshot:
                first = list(snapshot.iterator(include_value=False))
                assert list(snapshot.iterator(include_value=False)) == first

    assert run(partial(write, 0), partial(write, 1), compact, snapshots) == []
    assert len(list(busy)) == 2 * 1000


@pytest.mark.deviation("concurrent close is not safe", run=False)
def test_closing_while_others_work(plyvel: Any, path: str) -> None:
    """They get RuntimeError and nothing else; what was written before is there."""
    for turn in range(5):
        db = plyvel.DB(path, create_if_missing=True, write_buffer_size=1 << 16)
        db.put(b"turn %d" % turn, b"value")
        started = threading.Semaphore(0)
        jobs = [partial(until_closed, job, db, started) for job in WORK]

        assert run(partial(close_after, db, started), *jobs) == []

    with plyvel.DB(path) as db:
        assert [db.get(b"turn %d" % turn) for turn in range(5)] == [b"value"] * 5


@pytest.mark.deviation("concurrent close is not safe", run=False)
def test_closing_while_everything_is_compacted(plyvel: Any, path: str) -> None:
    """The compaction is given up; whoever closes, even twice at once, finds the lock free afterwards."""
    for _ in range(5):
        db = plyvel.DB(path, create_if_missing=True, write_buffer_size=1 << 16)
        for number in range(300):
            db.put(b"%d" % (number * 7919 % 1000), bytes([number % 256]) * 3000)
        started = threading.Semaphore(0)
        jobs = [partial(until_closed, plyvel.DB.compact_range, db, started), partial(until_closed, list, db, started)]

        assert run(partial(close_twice_after, db, started), *jobs) == []
        with plyvel.DB(path) as again:
            assert len(list(again)) == 300


def close_twice_after(db: Any, started: threading.Semaphore) -> None:
    """Close the database from two threads once the others are at work."""
    for _ in range(4):
        started.acquire()
    assert run(db.close, db.close) == []


def close_after(db: Any, started: threading.Semaphore) -> None:
    """Close the database once everybody is at work."""
    for _ in range(20 * len(WORK)):
        started.acquire()
    db.close()


def until_closed(job: Callable[[Any], Any], db: Any, started: threading.Semaphore) -> None:
    """Work until the database is closed."""
    while True:
        try:
            job(db)
        except RuntimeError as error:
            assert "closed" in str(error)
            return
        finally:
            started.release()


def in_a_batch(db: Any) -> None:
    """Write a batch."""
    with db.write_batch() as batch:
        for number in range(20):
            batch.put(b"batch %d" % number, b"value" * 50)


def in_a_snapshot(db: Any) -> None:
    """Read from a snapshot."""
    with db.snapshot() as snapshot:
        snapshot.get(b"key")
        list(snapshot)


WORK: list[Callable[[Any], Any]] = [
    lambda db: db.put(b"key", b"value" * 100),
    lambda db: db.get(b"key"),
    list,
    lambda db: list(db.iterator(reverse=True)),
    in_a_batch,
    in_a_snapshot,
    lambda db: db.compact_range(start=b"a", stop=b"z"),
]
