"""Kin: which tables share versions, and what follows from it.

A compaction copies what it keeps, so of two tables that share a version the one with the higher number was made from the other.
Until a compaction ends, what it has written so far does not count: its last table has no footer yet, and everything in its tables
is in its inputs as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from relevel import _kernel
from relevel.format.comparator import Comparator
from relevel.recovery.read.inputs import table_input
from relevel.recovery.survey.access import Route
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.patched import Readable

Descendants: TypeAlias = dict[str, list[TableSurvey]]


@dataclass(frozen=True, slots=True)
class Kin:
    """Tables, and how many versions each two share.

    Attributes:
        tables: by name.
        shared: how many versions two tables share, by their names, the one with the lower number first.
    """

    tables: Mapping[str, TableSurvey]
    shared: Mapping[tuple[str, str], int]

    def without(self, names: Iterable[str]) -> Kin:
        """The same without some tables."""
        gone = set(names)
        return replace(self, shared={pair: count for pair, count in self.shared.items() if not gone & {*pair}})

    def made_from_each(self) -> Descendants:
        """Of each table from which others were made, those."""
        made: Descendants = defaultdict(list)
        for older, newer in self.shared:
            made[older].append(self.tables[newer])
        return dict(made)

    def unfinished(self) -> set[str]:
        """The names of the tables that a compaction has written that did not end."""
        found: set[str] = set()
        for name, table in self.tables.items():
            if _has_no_end(table) and self.is_copied(name):
                found |= {name, *self._written_before(name)}
        return found

    def _written_before(self, name: str) -> Iterator[str]:
        """Other tables of the compaction that has written this one: they are newer than all its inputs."""
        newest_input = max(_number(self.tables[older]) for older in self._older(name))
        for other, table in self.tables.items():
            if newest_input < _number(table) < _number(self.tables[name]) and self.is_copied(other):
                yield other

    def is_copied(self, name: str) -> bool:
        """Whether all that can be read of a table is in older ones."""
        scan = self.tables[name].scan if name in self.tables else None
        entries = 0 if scan is None else scan.put_count + scan.deletion_count
        return 0 < entries <= sum(self.shared[older, name] for older in self._older(name))

    def _older(self, name: str) -> list[str]:
        return [older for older, newer in self.shared if newer == name]


def read_kin(tables: Iterable[TableSurvey], storage: Readable, comparator: Comparator) -> Kin:
    """Merge tables to find out what they share. Reads all of them.

    Raises:
        OSError: the system cannot read one.
    """
    known = {table.file.name: table for table in tables if table.access is not None}
    inputs = [
        table_input(table.storage(storage), table.file, "current", table.access)
        for table in known.values()
        if table.access is not None
    ]
    shared = {}
    for one, other, count in _kernel.shared_versions(inputs, comparator.kernel):
        older, newer = sorted((one, other), key=lambda name: _number(known[name]))
        shared[older, newer] = count
    return Kin(known, shared)


def _has_no_end(table: TableSurvey) -> bool:
    """Whether neither footer nor index is there, as while a table is being written."""
    return table.access is not None and table.access.route is Route.WALK


def _number(table: TableSurvey) -> int:
    return table.file.number or 0
