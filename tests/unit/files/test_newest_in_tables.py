"""The newest sequence number in tables, whatever their order and their state."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import relevel
from relevel.files.outdated import newest_in_tables
from relevel.format.internal_key import MAX_SEQUENCE
from relevel.storage.read_only import ReadOnlyDirectory
from tests.fixtures.catalogue import FOLDER as FIXTURES


@pytest.mark.parametrize("name", ["plyvel-reverse", "chromium-indexeddb", "plyvel-plain"])
def test_it_is_found_in_any_order_and_beside_damage(name: str, tmp_path: Path) -> None:
    """The order of the keys is not known where this is asked; and what is hurt hides no other entry."""
    database = Path(shutil.copytree(FIXTURES / name / "db", tmp_path / "db"))
    tables = sorted(path.name for path in database.glob("*.ldb"))
    newest = max(row.sequence for table in tables for row in relevel.dump(database, all_versions=True, file=table))

    assert newest_in_tables(ReadOnlyDirectory(database), tables, MAX_SEQUENCE) == newest

    padding = database / tables[0]
    content = bytearray(padding.read_bytes())
    content[-20] ^= 1
    padding.write_bytes(content)
    assert newest_in_tables(ReadOnlyDirectory(database), tables, MAX_SEQUENCE) == newest


def test_a_hurt_copy_beside_a_whole_table_in_another_order_is_a_stranger(tmp_path: Path) -> None:
    """The table is not taken for hurt because its keys are in no order that is known."""
    database = Path(shutil.copytree(FIXTURES / "plyvel-reverse" / "db", tmp_path / "db"))
    table = min(database.glob("*.ldb"))
    content = bytearray(table.read_bytes())
    content[20] ^= 0xFF
    (database / f"{table.stem} (1).ldb").write_bytes(content)

    found = [finding.code for finding in relevel.info(database).findings]

    assert "file.stranger" in found
    assert "file.misnamed" not in found
