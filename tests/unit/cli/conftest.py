"""Databases for commands."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel

PAIRS = [(b"%04d" % number, b"value %d" % number) for number in range(500)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A closed database with PAIRS, in its log."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for key, value in PAIRS:
            db.put(key, value)
    return tmp_path / "db"


@pytest.fixture
def damaged(database: Path) -> Path:
    """The same with a flipped bit in the middle of the log."""
    log = max(database.glob("*.log"))
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    return database


@pytest.fixture
def compacted(tmp_path: Path) -> Path:
    """A database in which compactions have dropped the first values of two keys."""
    place = tmp_path / "compacted"
    with relevel.DB(place, create_if_missing=True) as database:
        for value in (b"old", b"new"):
            database.put(b"key", value)
            database.put(b"other", value)
            database.compact_range()
        database.put(b"last", b"")
    return place
