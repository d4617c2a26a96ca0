"""Orders that relevel knows by the name in the database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import relevel
from tests.engine.living import PAIRS, SMALL
from tests.fixtures.catalogue import FOLDER


def copy_of(name: str, tmp_path: Path) -> Path:
    """A copy of a real database that can be written to."""
    return Path(shutil.copytree(FOLDER / name / "db", tmp_path / "db"))


@pytest.mark.parametrize("name", ["chromium-indexeddb", "plyvel-reverse"])
def test_a_real_database_of_another_order_needs_no_option(tmp_path: Path, name: str) -> None:
    """It is read, written to and compacted in its own order, and stays what its program opens."""
    path = copy_of(name, tmp_path)
    before = list(relevel.scan(path))
    with relevel.DB(path, **SMALL) as db:
        assert list(db) == before
        assert list(db.iterator(reverse=True)) == before[::-1]
        assert [db.get(key) for key, _ in before] == [value for _, value in before]
        for key, value in before:
            db.put(key, value + b"!")
        db.compact_range()

        assert list(db) == [(key, value + b"!") for key, value in before]
    assert relevel.check(path).is_clean
    assert relevel.info(path).comparator == relevel.info(FOLDER / name / "db").comparator


def test_ranges_follow_the_order_of_the_database(tmp_path: Path) -> None:
    """From a key to a later one, whatever their bytes are."""
    path = copy_of("chromium-indexeddb", tmp_path)
    keys = [key for key, _ in relevel.scan(path)]
    with relevel.DB(path, read_only=True) as db:
        found = list(db.iterator(start=keys[100], stop=keys[300], include_value=False))

    assert found == keys[100:300]


def test_a_registered_order_needs_no_option(tmp_path: Path) -> None:
    """Once for the process, for the engine and for the recovery suite."""

    def backwards(a: bytes, b: bytes) -> int:
        return (a < b) - (a > b)

    with relevel.DB(
        tmp_path / "db", create_if_missing=True, comparator=backwards, comparator_name=b"test.OfThisFile", **SMALL
    ) as db:
        for key, value in PAIRS[:300]:
            db.put(key, value)
    with pytest.raises(relevel.NotSupportedError, match=r"test\.OfThisFile"):
        relevel.DB(tmp_path / "db")

    relevel.register_comparator("test.OfThisFile", backwards)

    with relevel.DB(tmp_path / "db") as db:
        assert list(db) == PAIRS[:300][::-1]


def test_another_order_than_the_databases_is_refused(tmp_path: Path) -> None:
    """With LevelDB's words."""
    path = copy_of("chromium-indexeddb", tmp_path)

    with pytest.raises(relevel.InvalidArgumentError, match="does not match existing comparator : idb_cmp1"):
        relevel.DB(path, comparator=lambda a, b: 0, comparator_name="mine")
