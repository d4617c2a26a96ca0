"""Memtables of the engine: filled from logs, written to tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevel._kernel import scan_log, scan_table
from relevel._kernel.engine import LogReplay, Memtable
from tests.unit.kernel.inputs import log
from tests.unit.kernel.stores import versions_in


def replay_of(path: Path, data: bytes, *, stop_at_fault: bool = True) -> LogReplay:
    """A replay of a log of these bytes."""
    path.write_bytes(data)
    return LogReplay(str(path), newest=0, due=None, stop_at_fault=stop_at_fault)


def test_a_log_is_replayed_in_parts(tmp_path: Path) -> None:
    """Each memtable gets what it has room for; every batch comes once."""
    data = log(*((b"%03d" % number, number, b"v" * 100) for number in range(1, 101)))
    replay = replay_of(tmp_path / "log", data)
    memtables = []
    more = True
    while more:
        memtables.append(Memtable())
        more = replay.fill(memtables[-1], 2000)

    counts = [memtable.entry_count for memtable in memtables]
    assert sum(counts) == 100
    assert len(set(counts[:-1])) == 1
    assert all(memtable.size >= 2000 for memtable in memtables[:-1])
    assert (replay.batch_count, replay.max_sequence, replay.faults) == (100, 100, [])
    assert replay.end_offset == replay.file_size == len(data)


@pytest.mark.parametrize("stop_at_fault", [True, False])
def test_nothing_behind_a_fault_is_applied_where_that_is_wanted(tmp_path: Path, stop_at_fault: bool) -> None:
    """Else the fault is passed over."""
    first, both = log((b"a", 1, b"1")), log((b"a", 1, b"1"), (b"b", 2, b"2"))
    data = bytearray(log((b"a", 1, b"1"), (b"b", 2, b"2"), (b"c", 3, b"3")))
    data[len(first) + 20] ^= 1
    replay = replay_of(tmp_path / "log", bytes(data), stop_at_fault=stop_at_fault)
    memtable = Memtable()

    assert replay.fill(memtable, 1000) is False
    assert replay.fill(memtable, 1000) is False

    fault = replay.faults[0]
    assert (fault.code, fault.offset) == ("log.record.checksum-mismatch", len(first))
    keys = [version[0] for version in versions_in(memtable, tmp_path)]
    assert keys == ([b"a"] if stop_at_fault else [b"a", b"c"])
    assert replay.end_offset == (len(first) if stop_at_fault else len(data))
    assert len(both) < len(data)


def test_a_torn_tail_is_told_with_its_code(tmp_path: Path) -> None:
    """What is before it is applied."""
    data = log((b"a", 1, b"1"), (b"b", 2, b"2"))
    replay = replay_of(tmp_path / "log", data[:-1])
    memtable = Memtable()

    replay.fill(memtable, 1000)

    assert [fault.code for fault in replay.faults] == ["log.tail.torn"]
    assert (memtable.entry_count, replay.file_size) == (1, len(data) - 1)
    assert scan_log(data).batch_count == 2


def test_a_log_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(FileNotFoundError, match=r"nothing\.log"):
        LogReplay(str(tmp_path / "nothing.log"), newest=0, due=None, stop_at_fault=True)


def test_a_memtable_is_written_out_with_the_settings_given(tmp_path: Path) -> None:
    """And can be written as often as wanted, but over nothing."""
    memtable = Memtable()
    replay_of(tmp_path / "log", log(*((b"%d" % n, n, b"v" * 50) for n in range(1, 500)))).fill(memtable, 1 << 30)

    small = memtable.write_table(str(tmp_path / "1.ldb"))
    large = memtable.write_table(str(tmp_path / "2.ldb"), codec="none", block_size=300, bloom_bits_per_key=10)

    assert small.entry_count == large.entry_count == 499
    assert (small.min_sequence, small.max_sequence) == (1, 499)
    assert small.file_size < large.file_size == (tmp_path / "2.ldb").stat().st_size
    assert scan_table(large.path).faults == scan_table(small.path).faults == []
    with pytest.raises(FileExistsError):
        memtable.write_table(str(tmp_path / "1.ldb"))


def test_an_empty_memtable_is_not_written_out(tmp_path: Path) -> None:
    """A version may not name a table without entries."""
    with pytest.raises(ValueError, match="no entries"):
        Memtable().write_table(str(tmp_path / "1.ldb"))
    assert not (tmp_path / "1.ldb").exists()
