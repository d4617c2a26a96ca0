"""Reports of surveys of trees as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from relevel.decoders.shown import printable
from relevel.exports.survey import Incomplete, SurveyReport
from relevel.recovery.tree.look import DatabaseSummary
from relevel.report.text import plural, size_text

_MOST_LINES: Final = 100


def survey_lines(report: SurveyReport) -> Iterator[str]:
    """The report of ``survey``."""
    if report.databases:
        yield f"{'state':<10} {'size':>10} {'entries':>10}  {'newest file':<25}  what it is"
    for database in report.databases:
        yield from _database_lines(database)
    passed_by = (f"{printable(passed.path)}: {printable(passed.reason)}" for passed in report.passed_by)
    yield from _some("passed by: ", passed_by)
    if report.export is not None:
        written = report.export
        size = size_text(written.byte_count)
        yield f"{plural(written.row_count, 'row')} written to {written.destination} ({written.format}, {size})"
        yield from _some("incomplete: ", map(_incomplete_line, written.incomplete))
    if report.hashes is not None:
        yield f"SHA-256 of {plural(report.hashes.file_count, 'file')} written to {report.hashes.destination}"
        yield from _some("not hashed: ", map(_incomplete_line, report.hashes.left_out))
    counts = Counter(str(database.state) for database in report.databases)
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items(), reverse=True)) or "none"
    yield f"{printable(report.root)}: {plural(len(report.databases), 'database')}: {states}"


def _database_lines(database: DatabaseSummary) -> Iterator[str]:
    size, newest = size_text(database.byte_count), database.newest_change or ""
    what = database.application or database.producer or ""
    yield f"{database.state:<10} {size:>10} {database.entry_count:>10}  {newest:<25}  {printable(what)}"
    findings = ", ".join(f"{count} {severity}" for severity, count in sorted(database.finding_counts.items()))
    yield f"           {printable(database.path)}" + (f"  [{findings}]" if findings else "")
    if database.error is not None:
        yield f"           {printable(database.error)}"


def _some(mark: str, lines: Iterable[str]) -> Iterator[str]:
    every = list(lines)
    for line in every[:_MOST_LINES]:
        yield mark + line
    if len(every) > _MOST_LINES:
        yield f"{mark}… and {len(every) - _MOST_LINES} more; --json has them all"


def _incomplete_line(incomplete: Incomplete) -> str:
    return f"{printable(incomplete.path)}: {printable(incomplete.reason)}"
