"""Databases that others left in states that LevelDB never leaves, and what comes of them when they are opened."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import relevel
from relevel.files.manifest import scan_manifest
from relevel.format.filename import MAX_FILE_NUMBER
from relevel.format.version_edit import FileMetadata
from relevel.storage.read_only import ReadOnlyDirectory
from tests.damage import forge
from tests.engine.living import PAIRS, fill, note_tables, state_of


@pytest.mark.parametrize("read_only", [False, True])
def test_levels_that_only_goleveldb_knows_are_refused(tmp_path: Path, read_only: bool) -> None:
    """With the way out; nothing is touched, and the way out leads out."""
    place = fill(tmp_path / "db", write_buffer_size=1 << 20)
    with relevel.DB(place) as db:
        db.compact_range()
    manifest = place / (place / "CURRENT").read_text().strip()
    ((_, table),) = scan_manifest(ReadOnlyDirectory(place), manifest.name).tables()
    state = forge.first_edit(log_number=99, next_file=100, last_sequence=len(PAIRS))
    added = forge.new_table(7, table.number, table.file_size, PAIRS[0][0], PAIRS[-1][0], sequences=(1, len(PAIRS)))
    manifest.write_bytes(forge.log([state, added]))
    before = state_of(place)

    with pytest.raises(relevel.CorruptionError, match=r"level 7, which only goleveldb accepts.*relevel rescue"):
        relevel.DB(place, read_only=read_only)

    assert state_of(place) == before
    assert list(relevel.scan(place)) == PAIRS
    relevel.rescue(place, tmp_path / "new")
    with relevel.DB(tmp_path / "new") as db:
        assert list(db) == PAIRS


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_file_numbers_that_are_used_up_are_told(tmp_path: Path, left: int) -> None:
    """When it is opened or later; nothing acknowledged is lost, and the way out leads out."""
    edit = forge.first_edit(next_file=MAX_FILE_NUMBER - left)
    place = forge.database(tmp_path / "db", [edit])
    written = {}

    with pytest.raises(relevel.NotSupportedError, match="file numbers are used up; run `relevel rescue"):  # noqa: SIM117
        with relevel.DB(place, write_buffer_size=1 << 16) as db:
            for number in range(1000):
                db.put(b"%04d" % number, bytes(1000))
                written[b"%04d" % number] = bytes(1000)

    assert dict(relevel.scan(place)) == written
    relevel.rescue(place, tmp_path / "new")
    with relevel.DB(tmp_path / "new") as db:
        db.compact_range()
        assert dict(db) == written


def test_a_table_that_meets_nothing_is_moved_and_not_written_anew(tmp_path: Path) -> None:
    """A level that is too large is made smaller so; everything is there before and after."""
    chance = random.Random(5)
    pairs = {b"%04d" % number: chance.randbytes(64 << 10) for number in range(200)}
    with relevel.DB(tmp_path / "db", create_if_missing=True, compression=None, write_buffer_size=1 << 20) as db:
        for key, value in pairs.items():
            db.put(key, value)
        db.compact_range()

    def higher(level: int, noted: FileMetadata) -> tuple[int, FileMetadata]:
        return 1, noted

    note_tables(tmp_path / "db", higher)
    tables = {path.name: path.stat().st_ino for path in (tmp_path / "db").glob("*.ldb")}
    with relevel.DB(tmp_path / "db", write_buffer_size=1 << 20) as db:
        db.core.wait_until(lambda: db.core.versions.current.size(1) < db.core.options.level1_size)
        moved = [len(level) for level in db.core.versions.current.levels]
        found = dict(db)

    assert found == pairs
    assert moved[1] > 0
    assert moved[2] > 0
    assert sum(moved) == len(tables)
    assert {path.name: path.stat().st_ino for path in (tmp_path / "db").glob("*.ldb")} == tables
    assert "Moved #" in (tmp_path / "db" / "LOG").read_text()
    assert relevel.check(tmp_path / "db").is_clean
