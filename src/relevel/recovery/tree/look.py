"""Look: one database of many, summed up in a line."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from relevel.errors import RelevelError
from relevel.findings import Finding, Severity
from relevel.format.filename import FileKind
from relevel.recovery.info import InfoReport, info
from relevel.recovery.inventory.standing import Standing
from relevel.recovery.tree.application import guess_application
from relevel.strenum import StrEnum


class State(StrEnum):
    """How a database is."""

    HEALTHY = "healthy"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class DatabaseSummary:
    """One database.

    Attributes:
        path: its directory.
        application: whose it is and what it holds, as far as its place tells: a guess.
        producer: who wrote it, as far as it shows.
        comparator: name of the order of the keys, where it is known.
        state: ``healthy`` where there is nothing worse than a note, ``damaged``, or ``unreadable``.
        table_count: tables on disk.
        log_count: logs on disk.
        byte_count: bytes of all its files.
        entry_count: entries of tables and logs, older versions included.
        last_sequence: the highest sequence number.
        newest_change: when a table or log was last written to, as the file system has it: an estimate of the newest change.
        finding_counts: how many findings there are of each severity.
        error: why it could not be read.
        findings: what is wrong.
    """

    path: str
    application: str | None
    producer: str | None
    comparator: str | None
    state: State
    table_count: int
    log_count: int
    byte_count: int
    entry_count: int
    last_sequence: int
    newest_change: str | None
    finding_counts: dict[str, int]
    error: str | None
    findings: tuple[Finding, ...]


def summarise(path: Path) -> DatabaseSummary:
    """Read a database and sum it up, whatever its state."""
    try:
        return _summary(path, info(path))
    except (RelevelError, OSError) as error:
        nothing = (0, 0, 0, 0, 0)
        application = guess_application(_absolute(path))
        return DatabaseSummary(str(path), application, None, None, State.UNREADABLE, *nothing, None, {}, str(error), ())


def _summary(path: Path, report: InfoReport) -> DatabaseSummary:
    there = [file for file in report.files if file.standing is not Standing.MISSING]
    data = [file for file in there if file.kind in (FileKind.TABLE, FileKind.LOG)]
    counts = Counter(str(finding.severity) for finding in report.findings)
    is_healthy = all(finding.severity is Severity.NOTE for finding in report.findings)
    newest = max((file.modified_ns for file in data), default=None)
    return DatabaseSummary(
        path=str(path),
        application=guess_application(_absolute(path), report.comparator),
        producer=report.producer.name,
        comparator=report.comparator,
        state=State.HEALTHY if is_healthy else State.DAMAGED,
        table_count=sum(file.kind is FileKind.TABLE for file in data),
        log_count=sum(file.kind is FileKind.LOG for file in data),
        byte_count=sum(file.size for file in there),
        entry_count=sum(file.entry_count or 0 for file in data),
        last_sequence=report.last_sequence,
        newest_change=None if newest is None else _time_text(newest),
        finding_counts=dict(counts),
        error=None,
        findings=report.findings,
    )


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  (without following links: the place is what tells)


def _time_text(nanoseconds: int) -> str:
    try:
        return datetime.fromtimestamp(nanoseconds // 10**9, timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{nanoseconds} ns"
