"""What is tried as another user, on a read-only file system and on a small one.

    python -m tests.surroundings.programs NAME FOLDER

Each ends without a word where all is as it must be, and with an AssertionError where it is not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import relevel
from tests.damage.oracle import file_versions
from tests.engine.living import PAIRS, SMALL, fill, state_of

VALUE: Final = os.urandom(20_000)


def refused(action: Callable[[], object], error: type[relevel.RelevelError] = relevel.StorageError) -> str:
    """The text of the error that an action must end in."""
    try:
        action()
    except error as raised:
        return str(raised)
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
    """``db`` may be read and no more: it is looked at, rescued elsewhere and opened read-only, and stays as it is.

    Nor may anything be written to ``closed``.
    """
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
    refused(lambda: relevel.rescue(database, folder / "closed" / "rescued"))
    refused(lambda: relevel.rescue(database, database / "rescued"), relevel.InvalidArgumentError)
    refused(lambda: relevel.rescue_in_place(database, force=True))
    refused(lambda: relevel.DB(database / "new", create_if_missing=True))

    assert state_of(database) == before
    assert not list((folder / "closed").iterdir())


def may_not_read(folder: Path) -> None:
    """A table of ``db`` may not be read: that is said of it, by name, and what the other files hold is there."""
    (unreadable,) = (file for file in (folder / "db").iterdir() if not os.access(file, os.R_OK))
    others = {
        (each.key, each.value)
        for file in (folder / "db").iterdir()
        if file != unreadable
        for each in file_versions(file)
    }
    report = relevel.check(folder / "db")
    rescued = relevel.rescue(folder / "db", folder / "own" / "rescued")

    assert not report.is_clean
    assert unreadable.name in {finding.span.file for finding in report.findings}
    assert not rescued.is_complete
    assert list(relevel.scan(folder / "own" / "rescued")) == [pair for pair in PAIRS if pair in others]
    assert 0 < len(others) < len(PAIRS)


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
