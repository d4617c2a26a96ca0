"""The report of carving as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from relevel.recovery.carve import CarvedDatabase, CarvedFile, CarveReport
from relevel.report.text import findings_lines, range_text, size_text

_MOST_FILES: Final = 1000


def carve_lines(report: CarveReport) -> Iterator[str]:
    """The report of ``carve``."""
    yield f"{report.source} -> {report.destination}: {size_text(report.byte_count)} looked through"
    for database in report.databases:
        yield _database_line(database)
    yield ""
    yield f"{'file':<24} {'offset':>14} {'size':>10} {'proof':<8} {'whole':<5} {'entries':>9}  {'sequences':<21} keys"
    for file in report.files[:_MOST_FILES]:
        yield _file_line(file)
    if len(report.files) > _MOST_FILES:
        yield f"… and {len(report.files) - _MOST_FILES} more; --json has them all"
    yield ""
    yield from findings_lines(report.findings)
    yield "complete: one database, with all that its manifest counts on" if report.is_complete else "not complete"


def _database_line(database: CarvedDatabase) -> str:
    missing = f", {database.missing_table_count} more missing" if database.missing_table_count else ""
    return (
        f"{database.path}: tables: {database.table_count}{missing}; logs: {database.log_count}; "
        f"manifest {database.manifest or 'none'}; comparator {database.comparator or 'not known'}"
    )


def _file_line(file: CarvedFile) -> str:
    sequences = "" if file.sequences is None else f"{file.sequences[0]}..{file.sequences[1]}"
    keys = "" if file.keys is None else range_text(file.keys)
    offset = "+".join(str(extent[1]) for extent in file.extents)
    whole = "yes" if file.is_whole else "no"
    return (
        f"{file.file:<24} {offset:>14} {size_text(file.size):>10} {file.proof!s:<8} {whole:<5} "
        f"{file.entry_count:>9}  {sequences:<21} {keys}"
    ).rstrip()
