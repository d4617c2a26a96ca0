"""What is tried as another user, on a read-only file system and on a small one.

    python -m tests.surroundings.programs NAME FOLDER

Each ends without a word where all is as it must be, and with an AssertionError where it is not.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import relevel
from tests.engine.living import PAIRS, SMALL, fill, state_of

VALUE: Final = os.urandom(20_000)


def refused(action: Callable[[], object]) -> str:
    """The text of the StorageError that an action must end in."""
    try:
        action()
    except relevel.StorageError as error:
        return str(error)
    raise AssertionError("it was not refused")


def works(folder: Path) -> None:
    """Everything that a user does in a folder of his own."""
    with relevel.DB(fill(folder / "own"), **SMALL) as db:
        db.compact_range()
        db.delete(PAIRS[0][0])
        db.checkpoint(folder / "copy")
    assert list(relevel.scan(folder / "own")) == list(relevel.scan(folder / "copy")) == PAIRS[1:]
    assert relevel.check(folder / "own").is_clean
    assert relevel.rescue(folder / "own", folder / "rescued").is_complete
    assert relevel.undelete(folder / "own", folder / "restored", deleted=True).is_complete
    assert list(relevel.scan(folder / "restored")) == PAIRS
    assert relevel.rescue_in_place(folder / "own", force=True).is_moved
    relevel.destroy(folder / "copy")


def may_not_write(folder: Path) -> None:
    """``db`` may be read and no more: it is looked at, rescued elsewhere and opened read-only, and stays as it is."""
    database, before = folder / "db", state_of(folder / "db")

    assert "read_only=True" in refused(lambda: relevel.DB(database))
    with relevel.DB(database, read_only=True) as db:
        assert list(db) == PAIRS
        assert list(db.iterator(reverse=True)) == PAIRS[::-1]
        assert [db.get(key) for key, _ in PAIRS] == [value for _, value in PAIRS]
    assert relevel.check(database).is_clean
    assert list(relevel.scan(database)) == PAIRS
    assert dict(relevel.History(database).at(len(PAIRS)).pairs()) == dict(PAIRS)
    assert relevel.rescue(database, folder / "own" / "rescued").is_complete
    assert list(relevel.scan(folder / "own" / "rescued")) == PAIRS
    for action in (
        lambda: relevel.rescue(database, folder / "db" / "rescued"),
        lambda: relevel.rescue_in_place(database, force=True),
        lambda: relevel.DB(folder / "db" / "new", create_if_missing=True),
    ):
        with contextlib.suppress(relevel.InvalidArgumentError):
            refused(action)

    assert state_of(database) == before


def may_not_read(folder: Path) -> None:
    """A table of ``db`` may not be read: that is said of it, by name, and the rest is there."""
    (unreadable,) = (file for file in (folder / "db").iterdir() if not os.access(file, os.R_OK))
    report = relevel.check(folder / "db")
    rescued = relevel.rescue(folder / "db", folder / "own" / "rescued")

    assert not report.is_clean
    assert unreadable.name in {finding.span.file for finding in report.findings}
    assert not rescued.is_complete
    assert set(relevel.scan(folder / "own" / "rescued")) < set(PAIRS)


def full(folder: Path) -> None:
    """``db`` is on a file system that becomes full: writes are refused then, and what was acknowledged is there."""
    database, place = folder / "small" / "db", folder / "small"
    acknowledged: dict[bytes, bytes] = {}

    def write(db: relevel.DB, start: int) -> None:
        for number in range(start, start + 10_000):
            key = b"%06d" % number
            db.put(key, VALUE, sync=number % 10 == 0)
            acknowledged[key] = VALUE

    with relevel.DB(database, create_if_missing=True, write_buffer_size=1 << 18) as db:
        refused(lambda: write(db, 0))
        assert dict(db) == acknowledged
    assert acknowledged
    assert list(relevel.scan(database)) == sorted(acknowledged.items())
    with relevel.DB(database, read_only=True) as db:
        assert dict(db) == acknowledged
    before = {path.name for path in place.iterdir()}
    refused(lambda: relevel.rescue(database, place / "rescued"))
    assert {path.name for path in place.iterdir()} == before


def room_again(folder: Path) -> None:
    """There is more room again where ``full`` ended: it opens, is healthy, and is written to."""
    database = folder / "small" / "db"
    expected = dict(relevel.scan(database))
    with relevel.DB(database) as db:
        assert dict(db) == expected
        db.put(b"more", VALUE, sync=True)
        db.compact_range()
        assert dict(db) == {**expected, b"more": VALUE}
    assert relevel.check(database).is_clean


PROGRAMS: Final = {program.__name__: program for program in (works, may_not_write, may_not_read, full, room_again)}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]))
