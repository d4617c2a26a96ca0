"""How much room a database takes after everything was merged: as much as LevelDB's own, give or take."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import module

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"compression": None},
    "snappy": {"compression": "snappy"},
    "bloom": {"compression": "snappy", "bloom_filter_bits": 10},
}


def merged_size(name: str, database: Path, **options: object) -> int:
    """Bytes of all files after the same work in an implementation."""
    pick = random.Random(7)
    db = module(name).DB(
        str(database),
        create_if_missing=True,
        write_buffer_size=1 << 18,
        max_file_size=1 << 20,
        block_size=4096,
        **options,
    )
    for _ in range(60_000):
        key = b"key-%08d" % pick.randrange(30_000)
        if pick.random() < 0.1:
            db.delete(key)
        else:
            db.put(key, pick.randbytes(20) * 4)
    for _ in range(2):
        db.compact_range(start=b"\0", stop=b"\xff")
    db.close()
    return sum(file.stat().st_size for file in database.glob("*.ldb"))


@pytest.mark.parametrize("settings", list(SETTINGS))
def test_a_merged_database_takes_no_more_room_than_leveldbs(settings: str, tmp_path: Path) -> None:
    """Within a twentieth, filters and compression or not."""
    options = {"bloom_filter_bits": 0, **SETTINGS[settings]}

    own = merged_size("relevel", tmp_path / "relevel", **options)
    leveldbs = merged_size("plyvel", tmp_path / "plyvel", **options)

    assert own <= 1.05 * leveldbs
