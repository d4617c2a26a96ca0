"""Stand-ins: what a table was made from, with its size and its ends, where it is gone itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from tests.damage.test_in_the_wild import KEYS, rescued, tables
from tests.engine.living import flip


def replaced_by_its_like(database: Path) -> tuple[Path, Path]:
    """Values of one size: a replaced table, put back, and the one that was made from it, with the same size and the same ends."""
    kept = database.with_name("kept")
    with relevel.DB(database, create_if_missing=True, compression=None) as db:
        for key in KEYS:
            db.put(key, b"first")
        db.compact_range()
        (old,) = tables(database)
        shutil.copy(old, kept)
        for key in KEYS[100:200]:
            db.put(key, b"later")
        db.compact_range()
    (new,) = tables(database)
    assert new.stat().st_size == kept.stat().st_size
    shutil.move(kept, old)
    return old, new


def test_what_a_table_was_made_from_does_not_serve_in_its_place(tmp_path: Path) -> None:
    """Where something is there under the number."""
    database = tmp_path / "database"
    _, new = replaced_by_its_like(database)
    new.write_bytes(bytes(new.stat().st_size))

    report, found = rescued(database)

    assert b"first" not in {found.get(key) for key in KEYS[100:200]}
    assert not report.is_complete


@pytest.mark.parametrize("is_whole", [True, False])
def test_of_what_a_table_was_made_from_the_newest_whole_one_serves(is_whole: bool, tmp_path: Path) -> None:
    """Three generations, of which the last is gone."""
    database = tmp_path / "database"
    first, second = replaced_by_its_like(database)
    kept = shutil.copy(second, tmp_path / "kept"), shutil.copy(first, tmp_path / "first")
    first.unlink()
    with relevel.DB(database, compression=None) as db:
        for key in KEYS[200:300]:
            db.put(key, b"third")
        db.compact_range()
    for path in tables(database):
        path.unlink()
    shutil.move(kept[0], second)
    shutil.move(kept[1], first)
    if not is_whole:
        flip(second, 1000)

    report, found = rescued(database)

    assert {found[key] for key in KEYS[100:200]} == {b"later" if is_whole else b"first"}
    assert not report.is_complete


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_where_a_table_is_gone_what_may_be_it_is_told_to_be_possibly_stale(
    change: Callable[[str], str], tmp_path: Path
) -> None:
    """All of it, and it can be left out."""
    database = tmp_path / "database"
    old, new = replaced_by_its_like(database)
    new.unlink()
    old = old.rename(old.with_name(change(old.name)))

    report, found = rescued(database)
    certain = relevel.rescue(database, tmp_path / "certain", exclude_uncertain=True)

    assert found.keys() == set(KEYS)
    assert [(loss.code, loss.span.file) for loss in report.losses] == [("table.missing", old.name)]
    assert [(stale.count, stale.taken_for) for stale in report.possibly_stale] == [(len(KEYS), new.name)]
    assert certain.entry_count == 0
