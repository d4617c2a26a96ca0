"""DB.stats: LevelDB's numbers as a value."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from tests.engine.living import PAIRS, SMALL, fill


def test_levels_count_what_is_on_disk(tmp_path: Path) -> None:
    """Tables and bytes of all seven levels are those of the directory."""
    with relevel.DB(fill(tmp_path / "db"), **SMALL) as db:
        db.compact_range()
        levels = db.stats().levels

        tables = list((tmp_path / "db").glob("*.ldb"))
        assert len(levels) == 7
        assert sum(level.table_count for level in levels) == len(tables) > 0
        assert sum(level.size for level in levels) == sum(table.stat().st_size for table in tables)
        assert [level.table_count for level in levels] == [
            int(db.get_property(b"leveldb.num-files-at-level%d" % level) or b"-1") for level in range(7)
        ]


def test_work_is_counted_where_its_result_goes(tmp_path: Path) -> None:
    """Bytes read and written; a value that was taken does not change."""
    with relevel.DB(fill(tmp_path / "db"), **SMALL) as db:
        before = db.stats()
        db.put(PAIRS[0][0], b"newer")
        db.compact_range()
        after = db.stats()

    assert sum(level.work.read_size for level in before.levels) == 0
    assert sum(level.work.read_size for level in after.levels) > 0
    assert sum(level.work.written_size for level in after.levels) > 0


def test_every_change_has_a_sequence_number(tmp_path: Path) -> None:
    """Puts, deletions and each operation of a batch."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        assert db.stats().last_sequence == 0
        db.put(b"key", b"value")
        db.delete(b"key")
        with db.write_batch() as batch:
            batch.put(b"a", b"")
            batch.put(b"b", b"")

        assert db.stats().last_sequence == 4


def test_memory_and_log_grow_with_writes_and_a_flush_empties_them(tmp_path: Path) -> None:
    """The log holds what the memtable does."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"key", b"value" * 1000)
        grown = db.stats()
        db.compact_range()
        flushed = db.stats()

    assert grown.memtable_size > 5000
    assert grown.log_size > 5000
    assert (flushed.memtable_size, flushed.log_size) == (0, 0)


def test_what_was_replayed_read_only_is_in_memory(tmp_path: Path) -> None:
    """It is in no table."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"key", b"value" * 1000)

    with relevel.DB(tmp_path / "db", read_only=True) as db:
        assert db.stats().memtable_size > 5000
        assert int(db.get_property(b"leveldb.approximate-memory-usage") or b"0") > 5000


def test_snapshots_are_counted(tmp_path: Path) -> None:
    """Those that are open."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        one, other = db.snapshot(), db.snapshot()
        assert db.stats().snapshot_count == 2
        one.close()
        assert db.stats().snapshot_count == 1
        other.close()
        assert db.stats().snapshot_count == 0


def test_the_cache_is_measured(tmp_path: Path) -> None:
    """It holds what was read, up to what it may."""
    with relevel.DB(fill(tmp_path / "db"), lru_cache_size=30_000, **SMALL) as db:
        assert db.stats().block_cache_size == 0
        assert len(list(db)) == len(PAIRS)

        assert 0 < db.stats().block_cache_size <= 30_000


@pytest.mark.parametrize("read_only", [False, True])
def test_sizes_are_of_tables_and_follow_the_order(tmp_path: Path, read_only: bool) -> None:
    """Half of the keys has about half of the bytes; ranges add up."""
    fill(tmp_path / "db")
    with relevel.DB(tmp_path / "db") as db:
        db.compact_range()
    with relevel.DB(tmp_path / "db", read_only=read_only) as db:
        whole, first, second, rest = db.approximate_sizes(
            (b"", b"\xff"), (b"", b"1000"), (b"1000", b"\xff"), (b"2000", b"\xff")
        )

    assert first + second == whole > 0
    assert 0.4 < first / whole < 0.6
    assert rest == 0
