"""The engine's write path: log, memtable, hooks, failures."""

from __future__ import annotations

import errno
import gc
import resource
import threading
import weakref
from pathlib import Path
from random import Random

import pytest

from relevel._kernel import scan_log
from relevel._kernel.engine import Batch, LogReplay, Memtable, Writer
from tests.unit.kernel.stores import store_in, versions_in


def test_what_is_written_is_in_log_and_memtable(tmp_path: Path) -> None:
    """Puts, deletions and batches, synced or not, number their operations one by one."""
    store, writer = store_in(tmp_path)
    batch = Batch()
    batch.put(b"c", b"3")
    batch.delete(b"a")

    writer.put(b"a", b"1")
    writer.delete(b"b", sync=True)
    store.write(batch, sync=True)
    writer.put(b"d", b"4" * 200_000, sync=None)
    writer.put(b"e", b"", sync=False)

    scan = scan_log(str(tmp_path / "000003.log"))
    assert (scan.faults, scan.batch_count, scan.put_count, scan.deletion_count) == ([], 5, 4, 2)
    assert (store.last_sequence, scan.max_sequence, store.log_size) == (6, 6, scan.file_size)
    assert versions_in(store.memtable, tmp_path) == [
        (b"a", 4, None),
        (b"a", 1, b"1"),
        (b"b", 2, None),
        (b"c", 3, b"3"),
        (b"d", 5, b"4" * 200_000),
        (b"e", 6, b""),
    ]


def test_the_log_is_leveldbs_byte_for_byte(tmp_path: Path) -> None:
    """The same batches, across the ends of blocks, in LevelDB's own log."""
    plyvel = pytest.importorskip("plyvel")
    random = Random(5)
    store, writer = store_in(tmp_path)
    database = plyvel.DB(str(tmp_path / "leveldb"), create_if_missing=True, write_buffer_size=64 << 20)

    for number in range(400):
        key, value = b"key%d" % number, random.randbytes(random.choice([0, 10, 1000, 30_000, 100_000]))
        database.put(key, value)
        writer.put(key, value)
        with database.write_batch() as theirs:
            ours = Batch()
            for _ in range(random.randrange(4)):
                theirs.delete(key)
                ours.delete(key)
                theirs.put(key, value[:20])
                ours.put(key, value[:20])
        store.write(ours)
    database.delete(b"last")
    writer.delete(b"last")
    database.close()

    [log] = (tmp_path / "leveldb").glob("*.log")
    assert (tmp_path / "000003.log").read_bytes() == log.read_bytes()


def test_leveldb_replays_the_log(tmp_path: Path) -> None:
    """A log put into one of its databases gives what was written."""
    plyvel = pytest.importorskip("plyvel")
    plyvel.DB(str(tmp_path / "leveldb"), create_if_missing=True).close()
    [log] = (tmp_path / "leveldb").glob("*.log")
    _, writer = store_in(tmp_path)
    for number in range(3000):
        writer.put(b"%d" % (number % 1000), b"%d" % number * 20)
    writer.delete(b"7", sync=True)

    log.write_bytes((tmp_path / "000003.log").read_bytes())
    database = plyvel.DB(str(tmp_path / "leveldb"))

    assert dict(database) == {b"%d" % n: b"%d" % (n + 2000) * 20 for n in range(1000) if n != 7}
    database.close()


def test_a_log_is_gone_on_with_behind_its_end(tmp_path: Path) -> None:
    """In the memtable that it was replayed into."""
    store, writer = store_in(tmp_path)
    writer.put(b"a", b"1" * 40_000)
    store.close("closed")
    memtable = Memtable()
    replay = LogReplay(str(tmp_path / "000003.log"), newest=0, due=None, stop_at_fault=True)
    assert replay.fill(memtable, 1 << 30) is False

    store, writer = store_in(tmp_path, log="000004.log")
    store.start_log(str(tmp_path / "000003.log"), memtable, append=True)
    store.last_sequence = replay.max_sequence
    writer.put(b"b", b"2")

    assert scan_log(str(tmp_path / "000003.log")).faults == []
    assert versions_in(store.memtable, tmp_path) == [(b"a", 1, b"1" * 40_000), (b"b", 2, b"2")]
    assert scan_log(str(tmp_path / "000003.log")).file_size == store.log_size


def test_a_rotation_gives_back_the_old_memtable(tmp_path: Path) -> None:
    """And goes on in an empty one and a new log; a log that exists is an error, and nothing changes."""
    store, writer = store_in(tmp_path)
    writer.put(b"a", b"1")

    with pytest.raises(FileExistsError) as info:
        store.rotate(str(tmp_path / "000003.log"))
    writer.put(b"b", b"2")
    old = store.rotate(str(tmp_path / "000004.log"))
    writer.put(b"c", b"3")

    assert info.value.made_for == str(tmp_path / "000003.log")  # type: ignore[attr-defined]
    assert versions_in(old, tmp_path) == [(b"a", 1, b"1"), (b"b", 2, b"2")]
    assert versions_in(store.memtable, tmp_path) == [(b"c", 3, b"3")]


def test_the_hook_is_called_before_a_write_that_meets_a_full_memtable(tmp_path: Path) -> None:
    """Or attention wanted; what it raises the write raises, and nothing is written."""
    store, writer = store_in(tmp_path, write_buffer_size=1000)
    calls: list[int] = []

    def hook() -> None:
        calls.append(store.last_sequence)
        if store.last_sequence == 2:
            raise RuntimeError("no room")
        store.rotate(str(tmp_path / f"{len(calls) + 3:06}.log"))

    store.on_full(hook)
    writer.put(b"a", b"v" * 1000)
    writer.put(b"b", b"v" * 1000)
    with pytest.raises(RuntimeError, match="no room"):
        writer.put(b"c", b"v")
    with pytest.raises(RuntimeError, match="no room"):
        store.write(Batch())
    store.on_full(None)
    writer.put(b"d", b"v")
    assert (calls, store.last_sequence, store.memtable.entry_count) == ([1, 2, 2], 3, 2)
    store.on_full(hook)
    store.rotate(str(tmp_path / "000020.log"))
    store.want_attention(True)
    writer.delete(b"e")
    store.want_attention(False)
    writer.delete(b"f")
    assert calls == [1, 2, 2, 3]


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """With the message of the first close, or the writer's own."""
    store, writer = store_in(tmp_path)
    own = Writer("any", thing="goes")
    own.attach(store, closed_message="the prefixed one is closed")
    loose = Writer()

    store.close("the store is closed")
    store.close("again")

    assert store.closed
    for call in (
        lambda: writer.put(b"k", b""),
        lambda: store.write(Batch()),
        lambda: store.rotate(str(tmp_path / "000009.log")),
        lambda: store.last_sequence,
        lambda: store.memtable,
        store.sync_log,
    ):
        with pytest.raises(RuntimeError, match=r"^the store is closed$"):
            call()
    with pytest.raises(RuntimeError, match=r"^the prefixed one is closed$"):
        own.delete(b"k")
    with pytest.raises(RuntimeError, match="not attached"):
        loose.put(b"k", b"")
    assert not (tmp_path / "000009.log").exists()


def test_a_detached_writer_does_not_write(tmp_path: Path) -> None:
    """Whatever becomes of the store."""
    store, writer = store_in(tmp_path)
    own = Writer()
    own.attach(store, prefix=b"p-", closed_message="let go")
    own.put(b"k", b"v")

    own.detach()

    with pytest.raises(RuntimeError, match="let go"):
        own.put(b"k", b"")
    writer.put(b"z", b"")
    assert versions_in(store.memtable, tmp_path) == [(b"p-k", 1, b"v"), (b"z", 2, b"")]


def test_a_write_that_fails_leaves_log_and_memtable_as_they_were(tmp_path: Path) -> None:
    """The next one takes its place."""
    store, writer = store_in(tmp_path)
    writer.put(b"a", b"1")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"000003\.log") as info:
            writer.put(b"b", b"2" * 60_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    writer.put(b"c", b"3", sync=True)

    assert (info.value.errno, store.log_size) == (errno.EFBIG, (tmp_path / "000003.log").stat().st_size)
    assert scan_log(str(tmp_path / "000003.log")).faults == []
    assert versions_in(store.memtable, tmp_path) == [(b"a", 1, b"1"), (b"c", 2, b"3")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_log_that_cannot_be_cut_back_is_not_written_to_any_more(tmp_path: Path) -> None:
    """All later writes raise the same, also in another log."""
    store, writer = store_in(tmp_path)
    writer.put(b"a", b"1")
    store.start_log("/dev/full", append=True)

    for call in (
        lambda: writer.put(b"b", b"2"),
        lambda: writer.put(b"b", b"2", sync=True),
        lambda: store.write(Batch()),
        lambda: store.rotate(str(tmp_path / "000004.log")),
    ):
        with pytest.raises(OSError, match="/dev/full") as info:
            call()
        assert info.value.errno == errno.ENOSPC
    assert versions_in(store.memtable, tmp_path) == [(b"a", 1, b"1")]


def test_sequence_numbers_end_at_the_largest(tmp_path: Path) -> None:
    """The write that would pass it is refused whole."""
    store, writer = store_in(tmp_path)
    store.last_sequence = (1 << 56) - 2
    batch = Batch()
    batch.delete(b"k")
    batch.delete(b"k")

    with pytest.raises(RuntimeError, match="no sequence number is left"):
        store.write(batch)
    writer.put(b"k", b"v")
    with pytest.raises(RuntimeError, match="no sequence number is left"):
        writer.put(b"k", b"v")

    assert store.last_sequence == (1 << 56) - 1


def test_writers_of_many_threads_lose_nothing(tmp_path: Path) -> None:
    """Synced and not, short and long, while logs are rotated."""
    store, writer = store_in(tmp_path)
    memtables = []

    def write(thread: int) -> None:
        for number in range(200):
            writer.put(b"%d-%d" % (thread, number), b"v" * (number % 7) * 20_000, sync=number % 5 == 0)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for number in range(4, 14):
        memtables.append(store.rotate(str(tmp_path / f"{number:06}.log")))
    for thread in threads:
        thread.join()

    memtables.append(store.memtable)
    scans = [scan_log(str(path)) for path in sorted(tmp_path.glob("*.log"))]
    assert [fault for scan in scans for fault in scan.faults] == []
    assert sum(scan.put_count for scan in scans) == store.last_sequence == 1200
    keys = {version[0] for memtable in memtables for version in versions_in(memtable, tmp_path)}
    assert len(keys) == 1200


def test_a_database_that_is_forgotten_is_collected(tmp_path: Path) -> None:
    """Though its store has a hook that leads back to it."""
    store, _ = store_in(tmp_path)

    class Database(Writer):
        """What has a store whose hook it is."""

        def make_room(self) -> None:
            """Do nothing."""

    database = Database()
    database.attach(store)
    store.on_full(database.make_room)
    forgotten = weakref.ref(database)

    del database, store, _
    gc.collect()

    assert forgotten() is None
