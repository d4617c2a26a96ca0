"""Cursors: damage, repairs, and what callbacks raise."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from relevel._kernel import Cursor, Fault, LogInput, TableInput, scan_table
from relevel._kernel.blocks import decode_block
from tests.unit.kernel.inputs import history_of_one_key, log, rows_of, table


def damaged(tmp_path: Path) -> str:
    """A table of many blocks, of which the second has one bit flipped in its contents."""
    path = table(tmp_path / "d", *((b"%04d" % key, key + 1, b"v" * 100) for key in range(500)), codec="none")
    offset, _, *_ = scan_table(path).blocks()[1]
    data = bytearray(Path(path).read_bytes())
    data[offset + 50] ^= 4
    Path(path).write_bytes(data)
    return path


def test_a_damaged_block_is_told_and_passed_over(tmp_path: Path) -> None:
    """The faults come with the file's name, once."""
    source = damaged(tmp_path)
    cursor = Cursor([TableInput(source, "d")])

    rows = rows_of(cursor, 50)

    assert 400 < len(rows) < 500
    [(name, fault)] = cursor.take_faults()
    assert (name, fault.code) == ("d", "table.block.checksum-mismatch")
    assert cursor.take_faults() == []


@pytest.mark.parametrize("count", [1, 4096])
def test_a_repaired_block_gives_unverified_rows(tmp_path: Path, count: int) -> None:
    """Repair is asked with file, fault and stored bytes; its answer is used and no fault is left."""
    source = damaged(tmp_path)
    asked: list[tuple[str, str, int]] = []

    def repair(file: str, fault: Fault, stored: bytes) -> bytes | None:
        asked.append((file, fault.code, fault.size - len(stored)))
        return decode_block(stored[:50] + bytes([stored[50] ^ 4]) + stored[51:])

    cursor = Cursor([TableInput(source, "d")], repair=repair)
    rows = rows_of(cursor, count)

    assert asked == [("d", "table.block.checksum-mismatch", 0)]
    assert len(rows) == 500
    assert 0 < sum(row[7] == "unverified" for row in rows) < 50
    assert cursor.take_faults() == []


class RefusalError(Exception):
    """What callbacks raise here."""


def refuse(*_: object) -> int:
    """Raise whatever one is called with."""
    raise RefusalError


@pytest.mark.parametrize("error", [RefusalError, KeyboardInterrupt])
@pytest.mark.parametrize("count", [1, 4096])
def test_what_repair_raises_comes_out(tmp_path: Path, error: type[BaseException], count: int) -> None:
    """The exception is the caller's own, unchanged, and the cursor has failed."""

    def repair(file: str, fault: Fault, stored: bytes) -> bytes | None:
        raise error

    cursor = Cursor([TableInput(damaged(tmp_path), "d")], repair=repair)

    with pytest.raises(error):
        rows_of(cursor, count)
    with pytest.raises(RuntimeError, match="failed"):
        cursor.read(1)


def test_what_a_comparator_raises_comes_out(tmp_path: Path) -> None:
    """Out of the call that compared."""
    cursor = Cursor(history_of_one_key(tmp_path), refuse)

    with pytest.raises(RefusalError):
        cursor.read(10)


def test_a_callable_is_a_comparator(tmp_path: Path) -> None:
    """Its order is that of the rows."""
    source = log((b"a", 1, b"1"), (b"b", 2, b"2"), (b"c", 3, b"3"))

    def backwards(a: bytes, b: bytes) -> int:
        return (a < b) - (a > b)

    rows = rows_of(Cursor([LogInput(source, "log", temp_dir=str(tmp_path))], backwards), 1)

    assert [row[2] for row in rows] == [b"c", b"b", b"a"]


def test_a_cursor_that_its_own_repair_holds_is_collected(tmp_path: Path) -> None:
    """A cycle through a callback does not keep files and threads for ever."""

    class Owner:
        def __init__(self) -> None:
            self.cursor = Cursor([TableInput(damaged(tmp_path), "d")], repair=self.repair)

        def repair(self, file: str, fault: Fault, stored: bytes) -> bytes | None:
            return None

    owner = Owner()
    gone = weakref.ref(owner)
    del owner
    gc.collect()

    assert gone() is None
