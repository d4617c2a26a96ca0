"""Opening a database that was left with an empty log: it is gone on in as it is, where nobody else's copy would change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from relevel.engine import opening
from relevel.format.filename import parse_filename
from tests.engine.conftest import module

ENTRIES = {b"%04d" % i: b"value %d" % i for i in range(1000)}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of one table and an empty log."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for key, value in ENTRIES.items():
            db.put(key, value)
        db.compact_range()
    return tmp_path / "db"


def contents(path: Path) -> dict[str, bytes]:
    """Every file but LOG, which tells of each opening."""
    return {file.name: file.read_bytes() for file in path.iterdir() if not file.name.startswith("LOG")}


def test_opening_changes_nothing_where_there_is_nothing_to_do(database: Path) -> None:
    """No file is new, none is gone, none has changed."""
    before = contents(database)

    for _ in range(3):
        with relevel.DB(database) as db:
            assert dict(db) == ENTRIES
            assert contents(database) == before

    assert contents(database) == before


def test_what_is_written_then_is_found_by_everybody(database: Path) -> None:
    """Puts, tables and merges go to the log and the manifest that were there."""
    expected = dict(ENTRIES)
    for number in range(6):
        with relevel.DB(database) as db:
            for key in list(ENTRIES)[number::7]:
                db.put(key, b"%d" % number)
                expected[key] = b"%d" % number
            if number % 2:
                db.compact_range()
            if number == 5:
                db.compact_range()

    assert relevel.check(database).is_clean
    assert [path.name for path in database.glob("MANIFEST-*")] == [(database / "CURRENT").read_text().strip()]
    with relevel.DB(database) as db:
        assert dict(db) == expected
    with module("plyvel").DB(str(database)) as other:
        assert dict(other) == expected
    with relevel.DB(database) as db:
        assert dict(db) == expected


def link(path: Path) -> None:
    """As ``cp --link`` makes a backup."""
    backup = path.parent / "backup"
    backup.mkdir()
    for file in path.iterdir():
        os.link(file, backup / file.name)


def move_behind_links(path: Path) -> None:
    """Every file is elsewhere, and a symbolic link leads there."""
    path.rename(path.parent / "elsewhere")
    path.mkdir()
    for file in (path.parent / "elsewhere").iterdir():
        (path / file.name).symlink_to(file)


@pytest.mark.parametrize(
    ("share", "elsewhere"), [(link, "backup"), (move_behind_links, "elsewhere")], ids=["hard links", "symbolic links"]
)
def test_a_copy_made_of_links_is_not_written_to(share: Callable[[Path], None], elsewhere: str, database: Path) -> None:
    """Files that have other names too are left alone: a new log and a new manifest are begun."""
    share(database)
    before = contents(database.parent / elsewhere)

    with relevel.DB(database) as db:
        db.put(b"new", b"value")
        db.compact_range()
        db.put(b"newer", b"value")

    assert contents(database.parent / elsewhere) == before
    with relevel.DB(database) as db:
        assert dict(db) == {**ENTRIES, b"new": b"value", b"newer": b"value"}


def test_a_long_manifest_is_replaced_by_a_short_one(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or every opening would read all that ever happened."""
    monkeypatch.setattr(opening, "_LONGEST_MANIFEST", 10)
    manifest = (database / "CURRENT").read_bytes()

    with relevel.DB(database) as db:
        assert dict(db) == ENTRIES

    assert (database / "CURRENT").read_bytes() != manifest
    assert relevel.check(database).is_clean


@pytest.mark.parametrize("reuse_logs", [False, True])
def test_a_database_whose_power_failed_while_it_was_opened_is_opened_again(database: Path, reuse_logs: bool) -> None:
    """An opening had made a table of the log, which nobody had synced, and the power failed before its manifest: the table is
    there, the log is empty. What is written then, with higher sequence numbers than the table's, is there at the next opening."""
    copy = shutil.copytree(database, database.parent / "copy")
    with relevel.DB(copy) as db:
        for key in ENTRIES:
            db.put(key, b"not synced")
        db.compact_range()
    number = 1 + max(parse_filename(path.name).number or 0 for path in database.iterdir())
    left = database / f"{number:06}.ldb"
    shutil.copy(max(copy.glob("*.ldb")), left)
    content = left.read_bytes()

    for value in (b"first", b"second"):
        with relevel.DB(database, reuse_logs=reuse_logs) as db:
            assert dict(db).keys() == ENTRIES.keys()
            for key in list(ENTRIES)[:300]:
                db.put(key, value, sync=True)
            db.compact_range()
        with relevel.DB(database, reuse_logs=reuse_logs) as db:
            assert dict(db) == {**ENTRIES, **dict.fromkeys(list(ENTRIES)[:300], value)}

    assert left.read_bytes() == content
    assert relevel.rescue(database, database.parent / "rescued").is_complete


@pytest.mark.parametrize("tail", [b"\0" * 100, b"\x12\x34"], ids=["zeros", "torn"])
def test_a_manifest_that_does_not_end_with_its_last_edit_is_replaced(tail: bytes, database: Path) -> None:
    """What is written behind such an end, other programs would not read."""
    manifest = database / (database / "CURRENT").read_text().strip()
    manifest.write_bytes(manifest.read_bytes() + tail)

    with relevel.DB(database) as db:
        db.put(b"new", b"value")
        db.compact_range()

    assert not manifest.exists()
    assert relevel.check(database).is_clean
    with module("plyvel").DB(str(database)) as other:
        assert dict(other) == {**ENTRIES, b"new": b"value"}
