"""Comparators written in Python, under the engine's write path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from relevel._kernel import scan_log
from relevel._kernel.engine import Batch, LogReplay, Memtable, Writer
from tests.unit.kernel.stores import store_in, versions_in


def by_number(a: bytes, b: bytes) -> int:
    """The order of decimal numbers."""
    return int(a) - int(b)


def test_entries_are_in_the_order_of_the_comparator(tmp_path: Path) -> None:
    """Ten comes after nine."""
    store, writer = store_in(tmp_path, by_number)

    for number in (10, 9, 100, 1):
        writer.put(b"%d" % number, b"v", sync=number == 9)

    versions = versions_in(store.memtable, tmp_path, by_number)
    assert [version[0] for version in versions] == [b"1", b"9", b"10", b"100"]


def test_what_the_comparator_raises_the_write_raises_and_nothing_is_written(tmp_path: Path) -> None:
    """Not even the rest of its batch."""
    store, writer = store_in(tmp_path, by_number)
    with pytest.raises(ValueError, match="invalid literal"):
        writer.put(b"the first key of all", b"v")
    writer.put(b"5", b"v")
    writer.put(b"7", b"v")
    batch = Batch()
    batch.put(b"6", b"v")
    batch.put(b"six", b"v")

    calls: list[Callable[[], object]] = [
        lambda: writer.put(b"x", b"v"),
        lambda: writer.delete(b"x", sync=True),
        lambda: store.write(batch),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="invalid literal"):
            call()
    writer.put(b"6", b"w")

    assert versions_in(store.memtable, tmp_path, by_number) == [(b"5", 1, b"v"), (b"6", 3, b"w"), (b"7", 2, b"v")]
    assert scan_log(str(tmp_path / "000003.log")).put_count == 3


def test_a_replay_raises_what_the_comparator_raises(tmp_path: Path) -> None:
    """The batch is not applied."""
    _, writer = store_in(tmp_path)
    writer.put(b"1", b"")
    writer.put(b"x", b"")
    memtable = Memtable(by_number)

    with pytest.raises(ValueError, match="invalid literal"):
        LogReplay(str(tmp_path / "000003.log"), newest=0, due=None, stop_at_fault=True).fill(memtable, 1000)

    assert memtable.entry_count == 1


def test_a_memtable_of_another_order_is_refused(tmp_path: Path) -> None:
    """Reads would miss what is in it."""
    store, _ = store_in(tmp_path, "reverse-bytewise")

    with pytest.raises(ValueError, match="another order"):
        store.start_log(str(tmp_path / "000004.log"), Memtable())
    assert not (tmp_path / "000004.log").exists()


def test_threads_that_compare_in_python_do_not_wait_for_each_other_for_ever(tmp_path: Path) -> None:
    """A failure in one of them is not another's."""
    store, _ = store_in(tmp_path, by_number)
    refused: list[int] = []

    def write(thread: int) -> None:
        writer = Writer()
        writer.attach(store)
        for number in range(100):
            try:
                writer.put(b"%d" % (number * 10 + thread) if thread else b"x", b"v", sync=number % 9 == 0)
            except ValueError:
                refused.append(thread)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    keys = [int(version[0]) for version in versions_in(store.memtable, tmp_path, by_number)]
    assert keys == sorted(number * 10 + thread for number in range(100) for thread in (1, 2, 3))
    assert set(refused) == {0}
