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
