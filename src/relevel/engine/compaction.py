"""Which tables to merge next: LevelDB's leveled compaction, as a function of a version.

Source: google/leveldb, db/version_set.cc (PickCompaction, SetupOtherInputs, AddBoundaryInputs).

A level that is too large gives one table (level 0: all that overlap), merged with those of the next level that overlap it. A
table that meets nothing below is moved without being read. What is merged always takes with it the neighbours that hold older
versions of the same user key: leaving those behind would bring old values back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from relevel._kernel.engine import Table
from relevel.engine.options import Options
from relevel.engine.version import LAST_LEVEL, LiveTable, Version, key_range, total_size
from relevel.format.version_edit import VersionEdit

_GRANDPARENT_FACTOR: Final = 10
_EXPANSION_FACTOR: Final = 25
"""How many tables' worth of bytes one compaction may read when it takes more of the upper level along."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """One merge of a level into the next.

    Attributes:
        version: what it was picked from.
        level: the upper level.
        upper: its tables that are merged.
        lower: the tables of the level below that are merged.
        grandparents: tables two levels down that overlap the result.
    """

    version: Version
    level: int
    upper: tuple[LiveTable, ...]
    lower: tuple[LiveTable, ...]
    grandparents: tuple[LiveTable, ...]

    @property
    def output_level(self) -> int:
        """Where the result goes."""
        return self.level + 1

    def is_trivial_move(self, options: Options) -> bool:
        """Whether the one table may be moved down as it is: nothing to merge it with, and not too much below."""
        limit = grandparent_limit(options)
        return len(self.upper) == 1 and not self.lower and total_size(self.grandparents) <= limit

    def runs(self) -> list[list[Table]]:
        """The kernel's inputs: every table of level 0 alone, the others as runs."""
        upper = [[table] for table in self.upper] if self.level == 0 else [self.upper]
        return [[table.handle for table in run] for run in [*upper, self.lower] if run]

    def deeper(self) -> list[list[Table]]:
        """The levels below the result, whose tables a deletion must still hide."""
        return [[table.handle for table in level] for level in self.version.levels[self.output_level + 1 :]]

    def edit(self) -> VersionEdit:
        """The change that takes the inputs away and sets the compaction pointer."""
        gone = [(self.level, table.number) for table in self.upper]
        gone += [(self.output_level, table.number) for table in self.lower]
        pointer = max((table.metadata.largest for table in self.upper), key=self.version.order.internal)
        return VersionEdit(compact_pointers=((self.level, pointer),), deleted_files=tuple(gone))


def grandparent_limit(options: Options) -> int:
    """Bytes two levels down that one table may overlap."""
    return _GRANDPARENT_FACTOR * options.max_file_size


def pressure(version: Version, options: Options) -> tuple[float, int]:
    """The level that most needs compaction and how much: at 1 and above it does. The last level never does."""
    scores = [(len(version.levels[0]) / options.level0_compaction_trigger, 0)]
    scores += [(version.size(level) / max_bytes(level, options), level) for level in range(1, LAST_LEVEL)]
    return max(scores, key=lambda score: (score[0], -score[1]))


def max_bytes(level: int, options: Options) -> int:
    """Bytes a level below 0 may hold."""
    return int(options.level1_size * 10 ** (level - 1))


def pick(
    version: Version, pointers: dict[int, bytes], options: Options, charged: LiveTable | None = None
) -> Compaction | None:
    """Choose the next compaction; None where no level needs one.

    Args:
        version: the present one.
        pointers: where the last compaction of each level ended: internal keys.
        options: sizes.
        charged: a table that is searched in vain too often, merged where nothing is more urgent.
    """
    score, level = pressure(version, options)
    if score >= 1:
        return make_compaction(version, level, [_next_table(version, level, pointers.get(level))], options)
    if charged is not None:
        level = next((level for level, table in version.tables() if table is charged), LAST_LEVEL)
        if level < LAST_LEVEL:
            return make_compaction(version, level, [charged], options)
    return None


def _next_table(version: Version, level: int, pointer: bytes | None) -> LiveTable:
    tables = version.levels[level]
    if pointer is not None:
        after = version.order.internal(pointer)
        for table in tables:
            if version.order.internal(table.metadata.largest) > after:
                return table
    return tables[0]


def make_compaction(version: Version, level: int, chosen: Sequence[LiveTable], options: Options) -> Compaction:
    """Complete some tables of a level, at least one, to what must be merged together."""
    upper = _complete_upper(version, level, list(chosen))
    lower = _complete(version, level + 1, version.overlapping(level + 1, *key_range(upper)))
    if lower:
        upper, lower = _expand(version, level, upper, lower, options)
    grandparents: list[LiveTable] = []
    if level + 2 <= LAST_LEVEL:
        grandparents = version.overlapping(level + 2, *key_range([*upper, *lower]))
    return Compaction(version, level, tuple(upper), tuple(lower), tuple(grandparents))


def _expand(
    version: Version, level: int, upper: list[LiveTable], lower: list[LiveTable], options: Options
) -> tuple[list[LiveTable], list[LiveTable]]:
    """Take more of the upper level where that adds nothing to the lower."""
    more = _complete_upper(version, level, version.overlapping(level, *key_range([*upper, *lower])))
    if len(more) > len(upper) and total_size([*more, *lower]) < _EXPANSION_FACTOR * options.max_file_size:
        same = _complete(version, level + 1, version.overlapping(level + 1, *key_range(more)))
        if len(same) == len(lower):
            return more, same
    return upper, lower


def _complete_upper(version: Version, level: int, tables: list[LiveTable]) -> list[LiveTable]:
    if level == 0:
        return version.overlapping(0, *key_range(tables))
    return _complete(version, level, tables)


def _complete(version: Version, level: int, tables: list[LiveTable]) -> list[LiveTable]:
    """Add the neighbours that hold older versions of the last user key, as other programs' tables may."""
    if not tables:
        return tables
    neighbours = version.levels[level]
    last = max(tables, key=lambda table: version.order.internal(table.metadata.largest))
    start = stop = neighbours.index(last) + 1
    while stop < len(neighbours) and neighbours[stop].first == neighbours[stop - 1].last:
        stop += 1
    return [*tables, *(table for table in neighbours[start:stop] if table not in tables)]


def level_for_flush(version: Version, first: object, last: object, options: Options) -> int:
    """The level a memtable's table may go to: down to 2 where it overlaps nothing on the way and not too much below."""
    if version.overlaps(0, first, last):
        return 0
    level = 0
    while level < options.deepest_flush_level and not version.overlaps(level + 1, first, last):
        if level + 2 <= LAST_LEVEL:
            below = version.overlapping(level + 2, first, last)
            if total_size(below) > grandparent_limit(options):
                break
        level += 1
    return level
