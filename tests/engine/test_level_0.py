"""Tables of level 0 overlap: what is newest in them is told by sequence numbers, not by the numbers of files.

After a repair LevelDB's tables have any numbers; LevelDB, which searches them by number, then gives values that were replaced.
"""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

import relevel
from tests.engine.living import note_tables

KEYS = [b"%03d" % number for number in range(50)]
VALUES = [b"oldest", b"between", b"newest"]


def made(path: Path, order: tuple[int, ...]) -> Path:
    """A database of three tables in level 0, each with every key; ``order`` says which number each gets."""
    for value in VALUES:
        with relevel.DB(path, create_if_missing=True) as db:
            for key in KEYS:
                db.put(key, value)
    relevel.DB(path).close()  # makes a table of the last log
    return renumbered(path, order)


def renumbered(path: Path, order: tuple[int, ...]) -> Path:
    """Give the tables other numbers, all in level 0."""
    tables = sorted(path.glob("*.ldb"))
    names = [tables[at] for at in order]
    numbers = {table_number(old): table_number(new) for old, new in zip(tables, names, strict=True)}
    for table in tables:
        table.rename(table.with_suffix(".moved"))
    for table, name in zip(tables, names, strict=True):
        table.with_suffix(".moved").rename(name)
    note_tables(path, lambda _, noted: (0, noted._replace(number=numbers[noted.number])))
    return path


def table_number(path: Path) -> int:
    """The number in the name of a table."""
    return int(path.stem)


@pytest.mark.parametrize("order", list(permutations(range(len(VALUES)))), ids=str)
def test_the_newest_is_found_whatever_its_number(order: tuple[int, ...], tmp_path: Path) -> None:
    """By get, by iteration both ways, and after all was merged."""
    expected = [(key, VALUES[-1]) for key in KEYS]
    with relevel.DB(made(tmp_path / "db", order)) as db:
        assert db.stats().levels[0].table_count == len(VALUES)

        for _ in range(2):
            assert [(key, db.get(key)) for key in KEYS] == expected
            assert list(zip(KEYS, db.get_many(KEYS), strict=True)) == list(db) == expected
            assert list(db.iterator(reverse=True)) == expected[::-1]
            db.compact_range()


@pytest.mark.parametrize("order", list(permutations(range(len(VALUES)))), ids=str)
def test_so_it_is_by_what_only_reads(order: tuple[int, ...], tmp_path: Path) -> None:
    """Dump, scan, get, and a rescue."""
    database = made(tmp_path / "db", order)

    assert [(row.key, row.value) for row in relevel.dump(database)] == [(key, VALUES[-1]) for key in KEYS]
    assert list(relevel.scan(database)) == [(key, VALUES[-1]) for key in KEYS]
    assert relevel.get(database, KEYS[0]) == VALUES[-1]
    assert relevel.rescue(database, tmp_path / "rescued").is_complete
    assert list(relevel.scan(tmp_path / "rescued")) == [(key, VALUES[-1]) for key in KEYS]


def test_a_memtable_stays_in_level_0_while_tables_are_merged(tmp_path: Path) -> None:
    """Between the tables there is a place for it further down, which what they are merged to may cover."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for key in (b"a", b"z"):
            db.put(key, b"value")
            db.core.flusher.flush()
        with db.core.compactor.alone():
            db.put(b"m", b"value")
            db.core.flusher.flush()

            assert db.stats().levels[0].table_count == 1
