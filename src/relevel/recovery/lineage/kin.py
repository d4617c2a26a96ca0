"""Kin: which tables and logs share versions.

A compaction copies what it keeps, and a memtable becomes a table as it is. So of two tables that share a version the one with
the higher number was made from the other, and a table that shares one with a log was made from that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from relevel import _kernel
from relevel.format.comparator import Comparator
from relevel.recovery.read.inputs import table_input
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.held import HeldDirectory
from relevel.storage.temporary import temporary_folder

Descendants: TypeAlias = dict[str, list[TableSurvey]]


@dataclass(frozen=True, slots=True)
class Kin:
    """Tables and logs, and how many versions they share.

    Attributes:
        tables: by name.
        shared: how many versions a table shares with an older table or log, by their names, the older one first. A version that
            more than two have is counted for each two that follow one another.
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
            if older in self.tables:
                made[older].append(self.tables[newer])
        return dict(made)

    def made_from(self, name: str) -> list[TableSurvey]:
        """The tables that were made from one."""
        return [self.tables[newer] for older, newer in self.shared if older == name]

    def inputs_of(self, name: str) -> list[TableSurvey]:
        """The tables from which one was made."""
        return [self.tables[older] for older, newer in self.shared if newer == name and older in self.tables]

    def is_copied(self, name: str) -> bool:
        """Whether all that can be read of a table is in older tables and logs."""
        scan = self.tables[name].scan if name in self.tables else None
        entries = 0 if scan is None else scan.put_count + scan.deletion_count
        return 0 < entries <= sum(count for (_, newer), count in self.shared.items() if newer == name)


def read_kin(
    tables: Iterable[TableSurvey], logs: Iterable[LogSurvey], storage: HeldDirectory, comparator: Comparator
) -> Kin:
    """Merge tables and logs to find out what they share. Reads all of them.

    Raises:
        OSError: the system cannot read one.
    """
    known = {table.file.name: table for table in sorted(tables, key=number_of) if table.access is not None}
    pairs = _kernel.shared_versions(merge_inputs(known.values(), logs, storage), comparator.kernel)
    return Kin(known, {(older, newer): count for older, newer, count in pairs if newer in known})


def merge_inputs(
    tables: Iterable[TableSurvey], logs: Iterable[LogSurvey], storage: HeldDirectory
) -> list[_kernel.Input]:
    """Logs and then tables, as inputs of one merge; not those that cannot be read or have nothing in them."""
    inputs: list[_kernel.Input] = [
        _kernel.LogInput(log.source(storage), log.file.name, temp_dir=temporary_folder())
        for log in logs
        if log.scan is not None and log.scan.max_sequence is not None
    ]
    return inputs + [
        table_input(table.storage(storage), table.file, "current", table.access)
        for table in tables
        if table.access is not None
    ]


def number_of(table: TableSurvey) -> int:
    """Its file number."""
    return table.file.number or 0
