"""Databases of Java's LevelDB, whose manifest gives every table that a compaction made four bytes more than it has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import relevel
from tests.engine.living import PAIRS, fill, note_tables


@pytest.fixture(params=[4], ids=lambda more: f"{more} more")
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database whose tables end in .sst, with more noted than they have."""
    path = fill(tmp_path / "db")
    with relevel.DB(path) as db:
        db.compact_range()
    note_tables(path, lambda level, noted: (level, noted._replace(file_size=noted.file_size + request.param)))
    for table in path.glob("*.ldb"):
        table.rename(table.with_suffix(".sst"))
    return path


def test_it_is_healthy(database: Path, tmp_path: Path) -> None:
    """For check, for rescue, and to be read."""
    assert relevel.check(database).is_clean
    assert relevel.rescue(database, tmp_path / "rescued").is_complete
    assert list(relevel.scan(tmp_path / "rescued")) == list(relevel.scan(database)) == PAIRS


def test_it_is_opened_and_gone_on_with(database: Path) -> None:
    """Read-only and to write; it stays healthy."""
    with relevel.DB(database, read_only=True) as db:
        assert list(db) == PAIRS
    with relevel.DB(database) as db:
        db.put(PAIRS[0][0], b"newer")
        db.compact_range()
        assert db.get(PAIRS[0][0]) == b"newer"

    assert relevel.check(database).is_clean


def test_once_it_was_opened_to_write_leveldb_reads_it(database: Path) -> None:
    """Its manifest says the true sizes from then on."""
    plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")
    relevel.DB(database).close()

    with plyvel.DB(str(database), paranoid_checks=True) as db:
        assert list(db) == PAIRS


@pytest.mark.parametrize("database", [5, 8], indirect=True)
def test_any_other_size_is_damage(database: Path) -> None:
    """Java's is off by four, and by nothing else."""
    assert "table.size-mismatch" in {finding.code for finding in relevel.check(database).findings}
    with pytest.raises(relevel.CorruptionError, match="the manifest says"):
        relevel.DB(database)


@pytest.mark.parametrize("database", [0], indirect=True)
def test_a_table_of_which_four_bytes_were_cut_is_damaged_all_the_same(database: Path) -> None:
    """It has no footer where it ends."""
    table = min(database.glob("*.sst"))
    os.truncate(table, table.stat().st_size - 4)

    assert not relevel.check(database).is_clean
    with relevel.DB(database) as db, pytest.raises(relevel.CorruptionError):
        list(db)


def test_a_table_of_leveldbs_is_as_large_as_noted(database: Path) -> None:
    """One that ends in .ldb is not Java's."""
    table = min(database.glob("*.sst"))
    table.rename(table.with_suffix(".ldb"))

    assert "table.size-mismatch" in {finding.code for finding in relevel.check(database).findings}


@pytest.mark.parametrize("size", [4, 20, 48])
def test_a_table_that_has_lost_its_end_is_still_the_same(size: int, database: Path, tmp_path: Path) -> None:
    """Its index tells where it ended, by either size; four bytes less look like what Java's noted."""
    for table in database.glob("*.sst"):
        table.write_bytes(table.read_bytes()[:-size])

    report = relevel.rescue(database, tmp_path / "rescued")

    assert report.is_complete
    assert list(relevel.scan(tmp_path / "rescued")) == PAIRS
