"""Which tables are merged next."""

from __future__ import annotations

from typing import Any

import pytest

from relevel.engine.compaction import Compaction, level_for_flush, make_compaction, pick, pressure
from relevel.engine.options import Options
from relevel.engine.order import KeyOrder
from relevel.engine.version import Version
from relevel.format.comparator import BYTEWISE, Comparator
from relevel.format.internal_key import encode_internal_key
from relevel.format.version_edit import FileMetadata, VersionEdit

MIB = 1 << 20
OPTIONS = Options(write_buffer_size=MIB, max_file_size=2 * MIB)
"""Sizes as LevelDB has them: 10 MiB in level 1, 20 MiB of grandparents."""


def table(number: int, first: str, last: str, size: int = MIB, sequences: tuple[int, int] = (9, 1)) -> FileMetadata:
    """A table of a manifest; its first key has the higher sequence number."""
    smallest, largest = (encode_internal_key(k.encode(), s) for k, s in zip((first, last), sequences, strict=True))
    return FileMetadata(number, size, smallest, largest)


def version(levels: dict[int, list[FileMetadata]], comparator: Comparator = BYTEWISE) -> Version:
    """A version with tables by level; nothing is opened."""
    files = tuple((level, metadata) for level, tables in levels.items() for metadata in tables)
    no_handle: Any = lambda metadata: None  # noqa: E731
    return Version(KeyOrder(comparator)).apply(VersionEdit(new_files=files), no_handle)


def numbers(compaction: Compaction | None) -> tuple[int, list[int], list[int]]:
    """Level, and the file numbers of what is merged."""
    assert compaction is not None
    upper, lower = ([one.number for one in tables] for tables in (compaction.upper, compaction.lower))
    return compaction.level, sorted(upper), sorted(lower)


def test_nothing_is_merged_where_no_level_is_too_large() -> None:
    """Three tables of level 0 are one too few."""
    small = version({0: [table(i, "a", "z") for i in range(1, 4)], 1: [table(9, "a", "z")]})

    assert pick(small, {}, OPTIONS) is None
    assert pressure(small, OPTIONS)[0] < 1


def test_four_tables_of_level_0_are_merged_with_what_they_overlap() -> None:
    """And with nothing else."""
    tables = [table(1, "a", "c"), table(2, "b", "d"), table(3, "x", "y"), table(4, "c", "e")]
    found = version({0: tables, 1: [table(7, "a", "b"), table(8, "d", "f"), table(9, "m", "n")]})

    assert numbers(pick(found, {0: tables[2].largest}, OPTIONS)) == (0, [1, 2, 4], [7, 8])


def test_the_range_of_level_0_grows_until_no_other_table_touches_it() -> None:
    """One table leads to the next."""
    tables = [table(1, "a", "c"), table(2, "c", "f"), table(3, "f", "h"), table(4, "x", "z")]
    found = version({0: tables})

    assert sorted(one.number for one in found.overlapping(0, b"a", b"b")) == [1, 2, 3]


def test_a_level_that_is_too_large_gives_one_table_after_another() -> None:
    """The pointer goes round."""
    tables = [table(i, f"{i}0", f"{i}9", 4 * MIB) for i in range(1, 5)]
    below = [table(10 + i, f"{i}5", f"{i}7", MIB) for i in range(1, 5)]
    found = version({1: tables, 2: below})

    assert numbers(pick(found, {}, OPTIONS)) == (1, [1], [11])
    assert numbers(pick(found, {1: tables[0].largest}, OPTIONS)) == (1, [2], [12])
    assert numbers(pick(found, {1: tables[3].largest}, OPTIONS)) == (1, [1], [11])


def test_more_of_the_upper_level_comes_along_where_that_adds_nothing_below() -> None:
    """Both upper tables overlap the same lower one."""
    found = version({1: [table(1, "a", "c"), table(2, "d", "f")], 2: [table(9, "b", "e")]})

    compaction = make_compaction(found, 1, [found.levels[1][0]], OPTIONS)

    assert numbers(compaction) == (1, [1, 2], [9])


def test_more_of_the_upper_level_stays_where_it_would_add_below() -> None:
    """The second upper table overlaps another lower one."""
    found = version({1: [table(1, "a", "c"), table(2, "d", "k")], 2: [table(8, "b", "e"), table(9, "g", "h")]})

    compaction = make_compaction(found, 1, [found.levels[1][0]], OPTIONS)

    assert numbers(compaction) == (1, [1], [8])


@pytest.mark.parametrize("level", [1, 2])
def test_older_versions_in_the_next_table_come_along(level: int) -> None:
    """LevelDB lets a user key straddle two tables; leaving the older half behind would bring it back."""
    tables = [table(1, "a", "k", sequences=(9, 5)), table(2, "k", "m", sequences=(3, 1)), table(3, "n", "p")]
    found = version({level: tables, level + 1: [table(9, "l", "m")]})

    compaction = make_compaction(found, level, [found.levels[level][0]], OPTIONS)

    assert numbers(compaction) == (level, [1, 2], [9])


def test_older_versions_in_the_lower_level_come_along() -> None:
    """For the same reason."""
    lower = [table(8, "a", "k", sequences=(9, 5)), table(9, "k", "m", sequences=(3, 1))]
    found = version({1: [table(1, "a", "b")], 2: lower})

    assert numbers(make_compaction(found, 1, [found.levels[1][0]], OPTIONS)) == (1, [1], [8, 9])


def test_a_table_that_meets_nothing_is_moved() -> None:
    """Unless it lies over too much two levels down."""
    found = version({1: [table(1, "a", "z")], 3: [table(9, "a", "z", 30 * MIB)]})
    beside = version({1: [table(1, "a", "b")], 2: [table(2, "c", "d")], 3: [table(9, "e", "z", 30 * MIB)]})

    assert make_compaction(beside, 1, [beside.levels[1][0]], OPTIONS).is_trivial_move(OPTIONS)
    assert not make_compaction(found, 1, [found.levels[1][0]], OPTIONS).is_trivial_move(OPTIONS)


def test_a_charged_table_is_merged_where_nothing_is_more_urgent() -> None:
    """It was searched in vain too often."""
    found = version({1: [table(1, "a", "c"), table(2, "d", "e")], 2: [table(9, "d", "e")]})

    assert numbers(pick(found, {}, OPTIONS, charged=found.levels[1][1])) == (1, [2], [9])


def test_a_memtable_goes_as_deep_as_it_meets_nothing() -> None:
    """But not below level 2, and not over too much."""
    found = version({1: [table(1, "a", "c")], 2: [table(2, "g", "h")], 3: [table(3, "s", "t", 30 * MIB)]})

    assert level_for_flush(version({0: [table(1, "a", "z")]}), b"b", b"c", OPTIONS) == 0
    assert level_for_flush(found, b"b", b"d", OPTIONS) == 0
    assert level_for_flush(found, b"g", b"i", OPTIONS) == 1
    assert level_for_flush(found, b"x", b"z", OPTIONS) == 2
    assert level_for_flush(found, b"s", b"t", OPTIONS) == 1
    assert level_for_flush(Version(found.order), b"a", b"z", OPTIONS) == 2


def test_another_order_of_the_keys_is_followed() -> None:
    """Reverse bytewise: the smallest key is the largest string."""
    reverse = Comparator("test.ReverseBytewise", "reverse-bytewise")
    found = version({1: [table(1, "c", "a"), table(2, "z", "x")], 2: [table(8, "y", "w"), table(9, "b", "b")]}, reverse)

    assert [one.number for one in found.levels[1]] == [2, 1]
    assert numbers(make_compaction(found, 1, [found.levels[1][0]], OPTIONS)) == (1, [2], [8])
