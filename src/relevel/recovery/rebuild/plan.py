"""Plan: what a rescue will do, and what it cannot get back. This is what ``--dry-run`` prints.

Where a whole manifest says which tables count, the database keeps its shape: intact tables are carried over as they are, damaged
ones are rewritten from what can be read of them at the same level under the same number, and the logs become a new run in
level 0. Otherwise, or where that would overfill level 0, or where LevelDB would read older versions there before newer ones,
everything is merged by sequence number into one level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from relevel import _kernel
from relevel.findings import Finding, Severity
from relevel.format.filename import FileKind
from relevel.recovery.inventory.standing import DatabaseFile, Proof, Standing
from relevel.recovery.survey.levels import overlaps
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.succession import logs_are_newest, newer_by_number, verify_log_ends, verify_logs
from relevel.recovery.survey.survey import Survey
from relevel.recovery.survey.table import TableSurvey
from relevel.strenum import StrEnum

_LEVEL_0_ROOM: Final = 12
"""Tables in level 0 at which LevelDB lets writes wait: one that is written to in haste has so many. Opening it makes one more of
the log, as a rescue does."""


class Treatment(StrEnum):
    """What becomes of one table."""

    CARRY = "carry"
    """Copied byte for byte."""
    REWRITE = "rewrite"
    """Written anew from the entries that can be read."""
    SORT = "sort"
    """Written anew with its entries put in order."""
    MERGE = "merge"
    """Its entries go into new tables together with those of others."""
    NONE = "none"
    """Nothing of it can be read."""


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What becomes of one table."""

    table: TableSurvey
    treatment: Treatment


@dataclass(frozen=True)
class Plan:
    """What a rescue will do.

    Attributes:
        survey: the state of every file.
        keeps_shape: whether levels and file numbers stay.
        tables: what becomes of each table that counts.
        logs: the logs that count.
        missing: the tables that count and are not there.
        losses: the findings that cost entries, or may.
        healed: the findings that cost nothing because the bytes were put back.
    """

    survey: Survey
    keeps_shape: bool
    tables: tuple[TablePlan, ...]
    logs: tuple[LogSurvey, ...]
    missing: tuple[DatabaseFile, ...]
    losses: tuple[Finding, ...]
    healed: tuple[Finding, ...]

    @property
    def lost_byte_count(self) -> int:
        """Bytes that are lost for sure, and those that by the manifest missing and cut tables had."""
        cut = [item.table.file for item in self.tables if item.table.losses]
        claims = [(file.metadata.file_size, file.size) for file in (*self.missing, *cut) if file.metadata is not None]
        missing = sum(max(0, claimed - size) for claimed, size in claims)
        return missing + self._lost_size

    @property
    def lost_entry_estimate(self) -> int:
        """About how many entries these bytes held, older versions included, judging by the bytes that can be read."""
        scans = [item.table.scan for item in self.tables if item.table.scan is not None]
        entries = sum(scan.put_count + scan.deletion_count for scan in scans)
        read = sum(scan.file_size for scan in scans) - self._lost_size
        return round(self.lost_byte_count * entries / read) if read > 0 else 0

    @property
    def _lost_size(self) -> int:
        """Bytes of files that are there."""
        return sum(finding.span.size for finding in self.losses if finding.is_lost_for_sure)


def make_plan(found: Survey) -> Plan:
    """Decide what to do with each file of a surveyed directory."""
    counts = (Standing.LIVE, Standing.UNPROVEN)
    tables = [table for table in found.tables if table.file.standing in counts]
    logs = tuple(log for log in found.logs if log.file.standing in counts)
    keeps_shape = _keeps_shape(found, tables, logs)
    return Plan(
        survey=found,
        keeps_shape=keeps_shape,
        tables=tuple(TablePlan(table, _treatment(table, keeps_shape)) for table in tables),
        logs=logs,
        missing=tuple(found.directory.of_kind(FileKind.TABLE, Standing.MISSING)),
        losses=tuple(_losses(found, tables, logs)),
        healed=tuple(finding for finding in found.findings if finding.is_healed and finding.severity > Severity.NOTE),
    )


def _keeps_shape(found: Survey, tables: list[TableSurvey], logs: tuple[LogSurvey, ...]) -> bool:
    if found.directory.proof is not Proof.MANIFEST or any((table.file.level or 0) > 6 for table in tables):
        return False
    level_0 = [table for table in tables if table.file.level == 0]
    if len(level_0) > _LEVEL_0_ROOM or not newer_by_number(level_0, found.comparator):
        return False
    if not all(table.is_in_its_place for table in tables) or not logs_are_newest(tables, logs):
        return False
    levels = {table.file.level for table in tables} - {0, None}
    return not any(
        next(overlaps([table for table in tables if table.file.level == level], found.comparator), None)
        for level in levels
    )


def _treatment(table: TableSurvey, keeps_shape: bool) -> Treatment:
    if table.scan is None or not _holds_entries(table, table.scan):
        return Treatment.NONE
    if table.is_out_of_order:
        return Treatment.SORT
    if not keeps_shape:
        return Treatment.MERGE
    return Treatment.CARRY if table.is_intact else Treatment.REWRITE


def _holds_entries(table: TableSurvey, scan: _kernel.TableScan) -> bool:
    """Whether there is anything to read: a scan counts no entry of a block that only healing or salvage makes readable."""
    mended = (finding.is_healed or finding.is_salvaged for finding in table.findings if _is_of_data(finding))
    return scan.smallest is not None or any(mended)


def _is_of_data(finding: Finding) -> bool:
    return finding.code.startswith("table.block.")


def _losses(found: Survey, tables: Sequence[TableSurvey], logs: Sequence[LogSurvey]) -> Iterator[Finding]:
    """What cannot be had back, and what cannot be proved."""
    yield from (finding for finding in found.directory.findings if finding.is_loss)
    for table in tables:
        sorts = _treatment(table, keeps_shape=True) is Treatment.SORT
        yield from (finding for finding in table.losses if not (sorts and finding.code.endswith(".key-order")))
    for log in logs:
        yield from log.losses
    in_turn = (
        *verify_logs(found.directory, tables, logs),
        *verify_log_ends(found.directory, found.logs, found.tables),
    )
    yield from (finding for finding in in_turn if finding.is_loss)
