"""Reads while others write, write memtables out, and compact."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

from relevel._kernel import TableMeta
from relevel._kernel.engine import Batch, EntryIterator, Memtable, Reader, Store, Table, Writer
from tests.unit.kernel.stores import make_error

WRITERS = 3
ROUNDS = 40


class Live:
    """The least of an engine: memtables become tables of level 0, four of these become level 1."""

    def __init__(self, folder: Path, comparator: str | Callable[[bytes, bytes], int] = "bytewise") -> None:
        self.numbers = count(1)
        self.folder = folder
        self.levels: list[list[Table]] = [[], []]
        self.lock = threading.Lock()
        self.store = Store(
            comparator, make_error, write_buffer_size=30_000, block_cache_size=1 << 16, max_open_tables=4
        )
        self.store.start_log(self.path())
        self.store.on_full(self.write_out)
        self.writer = Writer()
        self.writer.attach(self.store)

    def path(self) -> str:
        """A new file's."""
        return str(self.folder / f"{next(self.numbers):06}.ldb")

    def table(self, meta: TableMeta) -> Table:
        """A handle of a table just made."""
        return Table(int(Path(meta.path).stem), meta.path, meta.file_size, meta.smallest, meta.largest)

    def write_out(self) -> None:
        """Rotate, write the old memtable out, and compact where level 0 is long."""
        with self.lock:
            if self.store.memtable.size < 30_000:
                return
            old: Memtable = self.store.rotate(self.path())
            self.levels[0].append(self.table(old.write_table(self.path(), bloom_bits_per_key=10)))
            self.store.install(self.levels, [])
            if len(self.levels[0]) < 4:
                return
            made = self.store.compact(
                [*([table] for table in reversed(self.levels[0])), self.levels[1]],
                self.path,
                smallest_snapshot=self.store.last_sequence,
                deeper=[],
                target_file_size=20_000,
            )
            spent = [*self.levels[0], *self.levels[1]]
            self.levels = [[], [self.table(meta) for meta in made]]
            self.store.install(self.levels, [])
            for table in spent:
                if table.number not in self.store.pinned_tables():
                    self.store.forget_table(table.number)
                    Path(table.path).unlink()

    def iterator(self, *, reverse: bool = False) -> EntryIterator:
        """An iterator over everything."""
        iterator = EntryIterator()
        iterator.attach(self.store, reverse=reverse)
        return iterator


def run(*work: Callable[[], None]) -> list[BaseException]:
    """Do all of it at once; what was raised."""
    raised: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - an assertion of another thread is this test's
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def read_and_write(live: Live, rounds: int) -> None:
    """Each batch sets every key of one writer to the round's number, so every read sees one number for each writer."""
    keys = [[b"%d-%04d" % (writer, number * 7 % 100) for number in range(100)] for writer in range(WRITERS)]
    done = threading.Event()
    left = [WRITERS]

    def write(writer: int) -> None:
        try:
            for number in range(1, rounds + 1):
                batch = Batch()
                for key in keys[writer]:
                    batch.put(key, b"%06d" % number)
                live.store.write(batch)
        finally:
            left[0] -= 1
            if not left[0]:
                done.set()

    def look_up() -> None:
        reader, last = Reader(), [b""] * WRITERS
        reader.attach(live.store)
        while not done.is_set():
            for writer in range(WRITERS):
                values = set(reader.get_many(keys[writer], b""))
                assert len(values) == 1, values
                value = values.pop()
                assert value >= last[writer]
                last[writer] = value
                assert reader.get(keys[writer][3], b"") >= value

    def walk(reverse: bool) -> None:
        while not done.is_set():
            entries = list(live.iterator(reverse=reverse))
            assert len({key[:1] + value for key, value in entries}) == len(entries) // 100
            assert [key for key, _ in entries] == sorted({key for key, _ in entries}, reverse=reverse)

    work: list[Callable[[], None]] = [lambda writer=writer: write(writer) for writer in range(WRITERS)]  # type: ignore[misc]
    raised = run(*work, look_up, look_up, lambda: walk(False), lambda: walk(True))
    done.set()

    assert raised == []
    assert [value for _, value in live.iterator()] == [b"%06d" % rounds] * 100 * WRITERS


def test_every_read_sees_whole_batches_in_order(tmp_path: Path) -> None:
    """However reads, writes, flushes and compactions meet."""
    read_and_write(Live(tmp_path), ROUNDS)


def test_every_read_sees_whole_batches_in_an_order_of_python(tmp_path: Path) -> None:
    """Comparisons enter Python from every one of them, and nothing waits for ever."""
    read_and_write(Live(tmp_path, lambda a, b: (a > b) - (a < b)), 6)


def test_closing_waits_for_readers_and_ends_them(tmp_path: Path) -> None:
    """Each gets the message of the store, and nothing else."""
    live = Live(tmp_path)
    for number in range(3000):
        live.writer.put(b"%06d" % number, b"v" * 50)
    started = threading.Barrier(4)

    def read() -> None:
        started.wait()
        while True:
            list(live.iterator())
            live.writer.get(b"000007")

    def close() -> None:
        started.wait()
        live.store.close("closed now")

    raised = run(read, read, read, close)

    assert [(type(error), str(error)) for error in raised] == [(RuntimeError, "closed now")] * 3
