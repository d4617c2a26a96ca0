"""A version: which tables are live, level by level. A value; every change makes a new one.

Level 0 holds tables as memtables became them, overlapping. Below, the tables of a level are disjoint and in key order, except
that LevelDB lets the versions of one user key straddle two neighbours.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from relevel._kernel.engine import Table
from relevel.engine.order import KeyOrder
from relevel.format.internal_key import user_key_of
from relevel.format.version_edit import LEVEL_COUNT, FileMetadata, VersionEdit

OpenTable: TypeAlias = Callable[[FileMetadata], Table]
"""Gives the kernel's handle of a table."""

LAST_LEVEL: Final = LEVEL_COUNT - 1


class LiveTable:
    """One table of a version. Equal only to itself.

    Attributes:
        metadata: what the manifest says of it.
        handle: the kernel's.
        first: value of its smallest user key in the key order.
        last: value of its largest.
    """

    __slots__ = ("first", "handle", "last", "metadata")

    def __init__(self, metadata: FileMetadata, handle: Table, order: KeyOrder) -> None:
        self.metadata = metadata
        self.handle = handle
        self.first = order.user(user_key_of(metadata.smallest))
        self.last = order.user(user_key_of(metadata.largest))

    def __repr__(self) -> str:
        return f"<LiveTable {self.metadata.number}, {self.metadata.file_size} bytes>"

    @property
    def number(self) -> int:
        """Its file number."""
        return self.metadata.number

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.metadata.file_size


class Version:
    """The live tables. Immutable.

    Attributes:
        order: the order of the keys.
        levels: seven of them; level 0 with the highest file number first, the others in key order.
    """

    __slots__ = ("levels", "order")

    def __init__(self, order: KeyOrder, levels: Iterable[Iterable[LiveTable]] = ((),) * LEVEL_COUNT) -> None:
        self.order = order
        self.levels = tuple(tuple(level) for level in levels)

    def apply(self, edit: VersionEdit, open_table: OpenTable) -> Version:
        """Make the version after an edit."""
        gone: list[set[int]] = [set() for _ in self.levels]
        for level, number in edit.deleted_files:
            gone[level].add(number)
        added: list[list[LiveTable]] = [[] for _ in self.levels]
        for level, metadata in edit.new_files:
            added[level].append(LiveTable(metadata, open_table(metadata), self.order))
            gone[level].add(metadata.number)
        levels = list(self.levels)
        for level, (numbers, tables) in enumerate(zip(gone, added, strict=True)):
            if numbers or tables:
                kept = [table for table in levels[level] if table.number not in numbers]
                levels[level] = tuple(self._sorted(level, [*kept, *tables]))
        return Version(self.order, levels)

    def _sorted(self, level: int, tables: list[LiveTable]) -> list[LiveTable]:
        if level == 0:
            return sorted(tables, key=lambda table: table.number, reverse=True)
        return sorted(tables, key=lambda table: self.order.internal(table.metadata.smallest))

    def tables(self) -> Iterator[tuple[int, LiveTable]]:
        """Yield every live table with its level."""
        for level, tables in enumerate(self.levels):
            for table in tables:
                yield level, table

    def size(self, level: int) -> int:
        """Bytes of a level."""
        return total_size(self.levels[level])

    def handles(self) -> list[list[Table]]:
        """The kernel's handles, by level."""
        return [[table.handle for table in level] for level in self.levels]

    def overlapping(self, level: int, first: Any, last: Any) -> list[LiveTable]:
        """The tables of a level that hold keys between two, both included; None is unbounded.

        In level 0 the range grows to that of the tables found, until no other table touches it.
        """
        if level > 0:
            return list(self._disjoint(level, first, last))
        while True:
            found = [table for table in self.levels[0] if _touches(table, first, last)]
            if not found:
                return found
            lower, upper = key_range(found)
            grown = (first is not None and lower < first, last is not None and last < upper)
            if not any(grown):
                return found
            first = lower if grown[0] else first
            last = upper if grown[1] else last

    def overlaps(self, level: int, first: Any, last: Any) -> bool:
        """Whether a level has a table that holds keys between two."""
        if level == 0:
            return any(_touches(table, first, last) for table in self.levels[0])
        return bool(self._disjoint(level, first, last))

    def _disjoint(self, level: int, first: Any, last: Any) -> Sequence[LiveTable]:
        tables = self.levels[level]
        start = 0 if first is None else bisect.bisect_left(tables, first, key=lambda table: table.last)
        stop = len(tables) if last is None else bisect.bisect_right(tables, last, key=lambda table: table.first)
        return tables[start:stop]


def _touches(table: LiveTable, first: Any, last: Any) -> bool:
    return not ((first is not None and table.last < first) or (last is not None and last < table.first))


def key_range(tables: Iterable[LiveTable]) -> tuple[Any, Any]:
    """The first and last user key of some tables, at least one, as the key order's values."""
    tables = list(tables)
    return min(table.first for table in tables), max(table.last for table in tables)


def total_size(tables: Iterable[LiveTable]) -> int:
    """Bytes of some tables."""
    return sum(table.metadata.file_size for table in tables)
