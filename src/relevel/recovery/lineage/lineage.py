"""Lineage: which tables were made from which, and so which of them count, where no manifest could be read.

A compaction copies the versions it keeps. Where the same user key and sequence number is in two tables, the one with the higher
number was made from the other: what it has not taken over of its range had been overwritten or deleted, and stays so. A log of
which nothing is newer than the tables had been written to one of them.

Whether any table is missing, tables cannot tell, but where every sequence number is there. LOG can: it says what was made and
deleted, and how many tables counted last. Where that is just what is there, it is as good as a manifest. Else what a replaced
table holds beyond what was made from it is *uncertain*: it is left out, and told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from relevel.findings import Finding, KeyRange, Severity, Span
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.standing import DatabaseFile, Proof, Standing
from relevel.recovery.lineage.chronicle import read_chronicle
from relevel.recovery.lineage.completeness import Proved, prove
from relevel.recovery.lineage.tally import has_more_writes_than_numbers
from relevel.recovery.lineage.traced import Traced, trace_files
from relevel.recovery.survey.survey import Survey
from relevel.recovery.survey.table import TableSurvey, weighed

_NO_MANIFEST: Final = "manifest.none"


def trace(found: Survey, *, include_uncertain: bool = False) -> Survey:
    """Settle what counts where no manifest says so; a survey of a database that has one is given back as it is.

    Args:
        found: the survey.
        include_uncertain: let replaced tables count in which there is more than can be proved to be outdated.
    """
    if found.directory.proof is not Proof.NONE:
        return found
    chronicle = read_chronicle(found.directory.storage)
    traced = trace_files(found, chronicle)
    proved = prove(found, traced, chronicle)
    uncertain: list[Finding] = []
    if proved is None:
        uncertain = [
            finding
            for name, made in sorted(traced.descendants.items())
            for finding in _uncertain(_by_name(found, name), made, found.comparator)
        ]
        if include_uncertain:
            traced.superseded.difference_update(finding.span.file for finding in uncertain)
            uncertain = []
    if has_more_writes_than_numbers(traced.live, traced.logs):
        message = "there are more writes than sequence numbers, so these are the files of more than one database"
        uncertain.append(Finding.of("database.mixed", Span("."), message, KeyRange()))
    return _settled(found, traced, uncertain, proved)


def _uncertain(table: TableSurvey, made: Sequence[TableSurvey], comparator: Comparator) -> Iterator[Finding]:
    """The ends of a replaced table beyond all that was made from it."""
    scans = [each.scan for each in made if each.scan is not None]
    own = table.scan
    assert own is not None and own.smallest is not None and own.largest is not None  # it shares a version with each
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


def _settled(found: Survey, traced: Traced, uncertain: Sequence[Finding], proved: Proved | None) -> Survey:
    """The survey with what was traced in it."""

    def stands(file: DatabaseFile) -> DatabaseFile:
        if file.standing is not Standing.UNPROVEN or file.kind not in (FileKind.TABLE, FileKind.LOG):
            return file
        if file.name in traced.orphans:
            return replace(file, standing=Standing.ORPHAN)
        if file.name in traced.superseded:
            return replace(file, standing=Standing.SUPERSEDED)
        return file if proved is None else replace(file, standing=Standing.LIVE)

    def of_file(findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(weighed(files[finding.span.file], finding) for finding in findings)

    files = {file.name: stands(file) for file in found.directory.files}
    told = [_told(finding, proved) for finding in found.directory.findings]
    directory = _directory(found.directory, tuple(files.values()), (*told, *uncertain), proved)
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
    directory: Directory, files: tuple[DatabaseFile, ...], findings: tuple[Finding, ...], proved: Proved | None
) -> Directory:
    proof = directory.proof if proved is None else proved.proof
    return replace(directory, files=files, findings=findings, proof=proof)


def _told(finding: Finding, proved: Proved | None) -> Finding:
    if finding.code != _NO_MANIFEST or proved is None:
        return finding
    message = f"no manifest could be read; {proved.reason}"
    return replace(
        finding, severity=Severity.WARNING, message=message, evidence={**finding.evidence, "inferred": proved.reason}
    )
