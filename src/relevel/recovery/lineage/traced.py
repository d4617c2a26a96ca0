"""Traced: which tables and logs count, by which of them were made from which and by what LOG tells."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from relevel.format.filename import parse_filename
from relevel.recovery.inventory.standing import Standing
from relevel.recovery.lineage.chronicle import Chronicle
from relevel.recovery.lineage.kin import Descendants, Kin, read_kin
from relevel.recovery.lineage.unfinished import holds_nothing, unfinished
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.succession import newest_in
from relevel.recovery.survey.survey import Survey
from relevel.recovery.survey.table import TableSurvey


@dataclass(frozen=True, slots=True)
class Traced:
    """What was found of the tables and logs that no manifest names.

    Attributes:
        live: the tables that count.
        logs: the logs that count.
        superseded: names of tables and logs that were replaced.
        orphans: names of tables that never counted.
        descendants: of each table that was replaced, and that LOG does not call deleted, those made from it.
    """

    live: list[TableSurvey]
    logs: list[LogSurvey]
    superseded: set[str]
    orphans: set[str]
    descendants: Descendants

    @property
    def superseded_numbers(self) -> set[int | None]:
        """The numbers of what was replaced."""
        return {parse_filename(name).number for name in self.superseded}


def trace_files(found: Survey, chronicle: Chronicle) -> Traced:
    """Find out what counts of the tables and logs that no manifest names. Reads all of them.

    Raises:
        OSError: the system cannot read one.
    """
    tables = [table for table in found.tables if table.file.standing is Standing.UNPROVEN]
    logs = [log for log in found.logs if log.file.standing is Standing.UNPROVEN]
    storage, comparator = found.directory.storage, found.comparator
    kin = read_kin(tables, logs, storage, comparator)
    orphans = {table.file.name for table in tables if _is_untold(table, kin, chronicle)}
    orphans |= unfinished(kin.without(orphans), storage, comparator)
    made = kin.without(orphans).made_from_each()
    superseded = {table.file.name for table in tables if table.file.number in chronicle.removed_tables}
    superseded |= made.keys()
    newest = newest_in(table for table in tables if table.file.name not in orphans)
    needed = {older for older, newer in kin.shared if newer in orphans}
    removed = set() if _is_any_missing(tables, chronicle) else chronicle.removed_logs
    flushed = {log.file.name for log in logs if log.file.name not in needed and _is_flushed(log, newest, removed)}
    return Traced(
        live=[table for table in tables if table.file.name not in superseded | orphans],
        logs=[log for log in logs if log.file.name not in flushed],
        superseded=superseded | flushed,
        orphans=orphans - superseded,
        descendants=made,
    )


def _is_untold(table: TableSurvey, kin: Kin, chronicle: Chronicle) -> bool:
    """Whether a table was being made when LOG ended, and nothing is in it that is not in others."""
    name, number = table.file.name, table.file.number
    if number in chronicle.pending:
        return kin.is_copied(name)
    is_told = number in chronicle.created or number in chronicle.removed_tables
    if chronicle.table_count is None or is_told or kin.made_from(name):
        return False
    return holds_nothing(table) or kin.is_copied(name)


def _is_any_missing(tables: list[TableSurvey], chronicle: Chronicle) -> bool:
    """Whether a table that LOG tells of is gone: a log that LOG calls removed may be all that is left of what was in it."""
    return not chronicle.created.keys() - chronicle.removed_tables <= {table.file.number for table in tables}


def _is_flushed(log: LogSurvey, newest: int, removed: Set[int]) -> bool:
    """Whether what is in a log had been written to tables, as LOG tells or the sequence numbers in the tables do."""
    if log.file.number in removed:
        return True
    return log.scan is not None and log.scan.max_sequence is not None and log.scan.max_sequence <= newest
