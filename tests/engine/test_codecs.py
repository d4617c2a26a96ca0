"""Tables in every compression, written and read back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import relevel
from tests.engine.conftest import module
from tests.engine.living import PAIRS, SMALL, fill

CODECS = [None, "snappy", "zstd", "zlib", "deflate"]


def size_of_tables(path: Path) -> int:
    """Bytes of all tables."""
    return sum(table.stat().st_size for table in path.glob("*.ldb"))


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_written_is_read(tmp_path: Path, codec: str | None) -> None:
    """By a flush and by a compaction; by get, both ways, and by the recovery suite."""
    fill(tmp_path / "db", compression=codec)
    with relevel.DB(tmp_path / "db", compression=codec) as db:
        db.compact_range()

    with relevel.DB(tmp_path / "db") as db:
        assert list(db) == PAIRS
        assert list(db.iterator(reverse=True)) == PAIRS[::-1]
        assert db.get_many([key for key, _ in PAIRS]) == [value for _, value in PAIRS]
    assert relevel.check(tmp_path / "db").findings == ()
    assert list(relevel.scan(tmp_path / "db")) == PAIRS


@pytest.mark.parametrize("codec", CODECS[1:])
def test_compression_compresses(tmp_path: Path, codec: str) -> None:
    """Less than half, of values that repeat themselves; and blocks that do not become smaller stay as they are."""
    plain, packed, noise = (tmp_path / name for name in ("plain", "packed", "noise"))
    chance = random.Random(1)
    with (
        relevel.DB(fill(plain, compression=None), compression=None) as one,
        relevel.DB(fill(packed, compression=codec), compression=codec) as other,
        relevel.DB(noise, create_if_missing=True, compression=codec) as third,
    ):
        for number in range(500):
            third.put(b"%d" % number, chance.randbytes(100))
        for db in (one, other, third):
            db.compact_range()

    assert size_of_tables(packed) < size_of_tables(plain) / 2
    assert 50_000 < size_of_tables(noise) < 60_000
    assert relevel.check(noise).findings == ()


def test_codecs_may_change_with_every_opening(tmp_path: Path) -> None:
    """Tables of all of them in one database, read together, then merged."""
    truth = {}
    for number, codec in enumerate(CODECS):
        pairs = {key: b"%d " % number * 30 for key, _ in PAIRS[number::3]}
        fill(tmp_path / "db", pairs.items(), compression=codec)
        truth.update(pairs)

    with relevel.DB(tmp_path / "db", **SMALL) as db:
        assert list(db) == sorted(truth.items())
        db.compact_range()
        assert list(db) == sorted(truth.items())


@pytest.mark.parametrize("codec", [None, "snappy"])
def test_leveldb_reads_its_own(tmp_path: Path, codec: str | None) -> None:
    """The two that LevelDB of every age knows."""
    plyvel = module("plyvel")
    with relevel.DB(fill(tmp_path / "db", compression=codec), compression=codec) as db:
        db.compact_range()

    with plyvel.DB(str(tmp_path / "db"), paranoid_checks=True) as db:
        assert list(db.iterator(verify_checksums=True)) == PAIRS
