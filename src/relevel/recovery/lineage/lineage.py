"""Lineage: which tables were made from which, and so which of them count, where no manifest could be read.

A compaction copies the versions it keeps. Where the same user key and sequence number is in two tables, the one with the higher
number was made from the other: what it has not taken over of its range had been overwritten or deleted, and stays so. A log of
which nothing is newer than the tables had been written to one of them.

Whether any table is missing, tables cannot tell. LOG can: it says what was made and deleted, and how many tables counted last.
Where that is just what is there, it is as good as a manifest. Else what a replaced table holds beyond what was made from it is
*uncertain*: it is left out, and told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from relevel.findings import Finding, KeyRange, Severity, Span
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind, parse_filename
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.doubt import SLACK
from relevel.recovery.inventory.standing import DatabaseFile, Proof, Standing
from relevel.recovery.lineage.chronicle import Chronicle, read_chronicle
from relevel.recovery.lineage.kin import Descendants, read_kin
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.succession import newest_in
from relevel.recovery.survey.survey import Survey
from relevel.recovery.survey.table import TableSurvey, weighed

_NO_MANIFEST: Final = "manifest.none"


@dataclass(frozen=True, slots=True)
class _Traced:
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


def trace(found: Survey, *, include_uncertain: bool = False) -> Survey:
    """Settle what counts where no manifest says so; a survey of a database that has one is given back as it is.

    Args:
        found: the survey.
        include_uncertain: let replaced tables count in which there is more than can be proved to be outdated.
    """
    if found.directory.proof is not Proof.NONE:
        return found
    chronicle = read_chronicle(found.directory.storage)
    traced = _traced(found, chronicle)
    reason = _why_complete(traced, chronicle)
    uncertain: list[Finding] = []
    if reason is None:
        uncertain = [
            finding
            for name, made in sorted(traced.descendants.items())
            for finding in _uncertain(_by_name(found, name), made, found.comparator)
        ]
        if include_uncertain:
            traced.superseded.difference_update(finding.span.file for finding in uncertain)
            uncertain = []
    return _settled(found, traced, uncertain, reason)


def _traced(found: Survey, chronicle: Chronicle) -> _Traced:
    tables = [table for table in found.tables if table.file.standing is Standing.UNPROVEN]
    kin = read_kin(tables, found.directory.storage, found.comparator)
    pending = {table.file.name for table in tables if table.file.number in chronicle.pending}
    orphans = {name for name in pending if kin.is_copied(name)} | kin.unfinished()
    made = kin.without(orphans).made_from_each()
    superseded = {table.file.name for table in tables if table.file.number in chronicle.removed_tables}
    superseded |= made.keys()
    counting = [table for table in tables if table.file.name not in orphans]
    newest = newest_in(counting)
    logs = [log for log in found.logs if log.file.standing is Standing.UNPROVEN]
    flushed = {log.file.name for log in logs if _is_flushed(log, newest, chronicle)}
    return _Traced(
        live=[table for table in tables if table.file.name not in superseded | orphans],
        logs=[log for log in logs if log.file.name not in flushed],
        superseded=superseded | flushed,
        orphans=orphans - superseded,
        descendants=made,
    )


def _is_flushed(log: LogSurvey, newest: int, chronicle: Chronicle) -> bool:
    if log.file.number in chronicle.removed_logs:
        return True
    return log.scan is not None and log.scan.max_sequence is not None and log.scan.max_sequence <= newest


def _why_complete(traced: _Traced, chronicle: Chronicle) -> str | None:
    """Say how LOG proves that no table and no log is missing; None where it does not."""
    numbers = {table.file.number for table in traced.live}
    told = chronicle.created.keys() - chronicle.removed_tables
    settled = {parse_filename(name).number for name in traced.superseded}
    is_all = chronicle.table_count == len(numbers) and told - settled <= numbers <= chronicle.created.keys()
    if (
        not is_all
        or not all(_is_as_told(table, chronicle) for table in traced.live)
        or not _ends_with_a_log(traced, chronicle)
    ):
        return None
    return f"LOG says that {len(numbers)} tables counted last, and just these are there"


def _is_as_told(table: TableSurvey, chronicle: Chronicle) -> bool:
    """Whether a table is the one that LOG tells of under its number."""
    if table.scan is None or table.file.number is None:
        return False
    size, entry_count = chronicle.created[table.file.number]
    entries = table.scan.put_count + table.scan.deletion_count
    is_hurt = any(finding.is_loss for finding in table.findings)
    return size in (None, table.file.size) and (is_hurt or entry_count in (None, entries))


def _ends_with_a_log(traced: _Traced, chronicle: Chronicle) -> bool:
    """Whether the newest log is there and goes on where the tables end: an empty one does not tell, for it may have been cut.

    While a memtable becomes a table there are two logs.
    """
    begins = [
        log.scan.min_sequence for log in traced.logs if log.scan is not None and log.scan.min_sequence is not None
    ]
    if len(begins) < (2 if chronicle.is_flushing else 1) or any(log.losses for log in traced.logs):
        return False
    last = max(log.file.number or 0 for log in traced.logs)
    is_newest_told = all(log.scan and log.scan.max_sequence for log in traced.logs if log.file.number == last)
    return (
        is_newest_told
        and last > max(chronicle.removed_logs, default=0)
        and min(begins) <= newest_in(traced.live) + 1 + SLACK
    )


def _uncertain(table: TableSurvey, made: Sequence[TableSurvey], comparator: Comparator) -> Iterator[Finding]:
    """The ends of a replaced table beyond all that was made from it."""
    scans = [each.scan for each in made if each.scan is not None]
    own = table.scan
    if own is None or own.smallest is None or own.largest is None:
        return
    order = comparator.sort_key
    first, last = user_key_of(own.smallest), user_key_of(own.largest)
    lower = min((user_key_of(scan.smallest) for scan in scans if scan.smallest is not None), key=order)
    upper = max((user_key_of(scan.largest) for scan in scans if scan.largest is not None), key=order)
    names = ", ".join(sorted(each.file.name for each in made))
    for beyond, keys in (
        (order(first) < order(lower), KeyRange(first, lower)),
        (order(upper) < order(last), KeyRange(upper, last)),
    ):
        if beyond:
            message = (
                f"{table.file.name}: was replaced by {names}, which do not reach as far; nothing proves whether what it "
                "holds beyond them is live, so it is left out"
            )
            yield Finding.of("table.uncertain", Span(table.file.name, 0, table.file.size), message, keys)


def _by_name(found: Survey, name: str) -> TableSurvey:
    return next(table for table in found.tables if table.file.name == name)


def _settled(found: Survey, traced: _Traced, uncertain: Sequence[Finding], reason: str | None) -> Survey:
    """The survey with what was traced in it."""

    def stands(file: DatabaseFile) -> DatabaseFile:
        if file.standing is not Standing.UNPROVEN or file.kind not in (FileKind.TABLE, FileKind.LOG):
            return file
        if file.name in traced.orphans:
            return replace(file, standing=Standing.ORPHAN)
        if file.name in traced.superseded:
            return replace(file, standing=Standing.SUPERSEDED)
        return file if reason is None else replace(file, standing=Standing.LIVE)

    def of_file(findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(weighed(files[finding.span.file], finding) for finding in findings)

    files = {file.name: stands(file) for file in found.directory.files}
    told = [_told(finding, reason) for finding in found.directory.findings]
    directory = _directory(found.directory, tuple(files.values()), (*told, *uncertain), reason)
    tables = tuple(
        replace(table, file=files[table.file.name], findings=of_file(table.findings)) for table in found.tables
    )
    logs = tuple(replace(log, file=files[log.file.name], findings=of_file(log.findings)) for log in found.logs)
    rest = found.findings[len(found.directory.findings) :]
    findings = (
        *directory.findings,
        *(weighed(files[finding.span.file], finding) if finding.span.file in files else finding for finding in rest),
    )
    return replace(found, directory=directory, tables=tables, logs=logs, findings=findings)


def _directory(
    directory: Directory, files: tuple[DatabaseFile, ...], findings: tuple[Finding, ...], reason: str | None
) -> Directory:
    proof = directory.proof if reason is None else Proof.INFERRED
    return replace(directory, files=files, findings=findings, proof=proof)


def _told(finding: Finding, reason: str | None) -> Finding:
    if finding.code != _NO_MANIFEST or reason is None:
        return finding
    message = f"no manifest could be read; {reason}"
    return replace(
        finding, severity=Severity.WARNING, message=message, evidence={**finding.evidence, "inferred": reason}
    )
