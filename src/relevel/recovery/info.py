"""info: what a database is: who wrote it, what it consists of, what each file counts for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from relevel.errors import NotSupportedError
from relevel.findings import Finding, KeyRange, Span
from relevel.format.comparator import BYTEWISE, Comparator
from relevel.format.filename import FileKind
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.inventory.producer import Producer, guess_producer
from relevel.recovery.inventory.standing import DatabaseFile, Proof, Standing
from relevel.recovery.inventory.steady import refuse_outrun, steadily
from relevel.recovery.survey.identity import is_as_claimed, replaced_finding
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.survey import Progress, Survey, survey
from relevel.recovery.survey.table import TableSurvey

_ORDER_UNKNOWN: Final = "database.order-unknown"
_ABOUT_ORDER: Final = (".key-order", ".range-mismatch", ".separator", "table.replaced", "level.overlap")
"""Ends of the codes of findings that only who knows the order of the keys can make."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One file.

    Attributes:
        name: file name.
        kind: what its name says it is.
        standing: what it counts for.
        level: the level of a table, where a manifest says.
        size: bytes.
        modified_ns: time of last modification, nanoseconds since the epoch; 0 where the file is missing.
        entry_count: entries that could be read of a table or log.
        keys: smallest and largest user key of a table or log; None where their order is not known.
        sequences: lowest and highest sequence number.
        codecs: data blocks by codec.
    """

    name: str
    kind: FileKind
    standing: Standing
    level: int | None
    size: int
    modified_ns: int
    entry_count: int | None = None
    keys: KeyRange | None = None
    sequences: tuple[int, int] | None = None
    codecs: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class LevelInfo:
    """One level: how many live tables it has and their bytes."""

    level: int
    table_count: int
    size: int


@dataclass(frozen=True, slots=True)
class InfoReport:
    """What a database is.

    Attributes:
        path: the database's directory.
        producer: who wrote it, as far as it shows.
        comparator: name of the order of the keys; None where no manifest names it and it cannot be told.
        proof: how well it is known which files count.
        manifest: the manifest in use.
        log_number: logs from this number on count.
        next_file_number: as the manifest says.
        last_sequence: the highest sequence number in the manifest, tables and logs that count.
        files: every file, in order of name.
        levels: levels that have live tables.
        codecs: data blocks by codec, over all tables.
        keys: smallest and largest user key of all that counts; None where their order is not known.
        size_by_standing: bytes of files by what they count for.
        findings: what is wrong.
    """

    path: str
    producer: Producer
    comparator: str | None
    proof: Proof
    manifest: str | None
    log_number: int | None
    next_file_number: int | None
    last_sequence: int
    files: tuple[FileInfo, ...]
    levels: tuple[LevelInfo, ...]
    codecs: dict[str, int]
    keys: KeyRange | None
    size_by_standing: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def is_order_known(self) -> bool:
        """Whether the order of the keys is known; without it which are the smallest and largest cannot be told."""
        return all(finding.code != _ORDER_UNKNOWN for finding in self.findings)


def info(
    path: str | os.PathLike[str],
    *,
    comparator: Comparator | None = None,
    progress: Progress | None = None,
) -> InfoReport:
    """Tell what a database is, without writing anything. Reads every file once.

    Args:
        path: the database's directory.
        comparator: the order of the keys, where the manifest does not name a known one.
        progress: told of bytes read.

    Raises:
        NotADatabaseError, StorageError: there is nothing to read.
        DatabaseInUseError: another program changes it faster than it can be read.
    """
    return steadily(path, lambda directory: _look(directory, comparator, progress))


def _look(directory: Directory, comparator: Comparator | None, progress: Progress | None) -> InfoReport:
    try:
        order = choose_comparator(directory, comparator)
    except NotSupportedError:
        return _in_unknown_order(directory, progress)
    return _report(directory, _survey(directory, order, progress), order.name)


def _in_unknown_order(directory: Directory, progress: Progress | None) -> InfoReport:
    """What can be told without the order of the keys. Which come first, and whether they are in order, cannot be."""
    name = directory.manifest.comparator if directory.manifest else None
    report = _report(directory, _survey(directory, BYTEWISE, progress), name)
    order = "their order" if name is None else f"the order {name!r}"
    message = f"{order} is not known, so it was not verified whether the keys are in it"
    return replace(
        report,
        files=tuple(replace(file, keys=None) for file in report.files),
        keys=None,
        findings=(
            Finding.of(_ORDER_UNKNOWN, Span("."), message),
            *(finding for finding in report.findings if not finding.code.endswith(_ABOUT_ORDER)),
            *_replaced(directory),
        ),
    )


def _replaced(directory: Directory) -> Iterator[Finding]:
    """Which files are not the tables that the manifest counts on: their sizes and ends tell in any order."""
    for file in directory.current_tables():
        with suppress(OSError):  # found when it was read to its end
            if file.metadata is not None and not is_as_claimed(directory.storage, file):
                yield replaced_finding(file, file.metadata)


def _survey(directory: Directory, comparator: Comparator, progress: Progress | None) -> Survey:
    found = survey(directory, comparator, progress=progress)
    refuse_outrun(directory)
    return found


def _report(directory: Directory, found: Survey, comparator: str | None) -> InfoReport:
    details = _details(found)
    manifest = directory.manifest
    counts = {file.name for file in [*directory.current_tables(), *directory.current_logs()]}
    scans = [item.scan for item in _looked_at(found) if item.scan is not None and item.file.name in counts]
    codecs: Counter[str] = Counter()
    for table in found.tables:
        codecs.update(table.scan.codecs if table.scan else {})
    sizes: Counter[str] = Counter()
    for file in directory.files:
        sizes[str(file.standing)] += file.size
    return InfoReport(
        path=str(directory.path),
        producer=guess_producer(found),
        comparator=comparator,
        proof=directory.proof,
        manifest=manifest.name if manifest else None,
        log_number=manifest.log_number if manifest else None,
        next_file_number=manifest.next_file_number if manifest else None,
        last_sequence=max(
            [(manifest.last_sequence or 0) if manifest else 0, *(scan.max_sequence or 0 for scan in scans)]
        ),
        files=tuple(details.get(file.name) or _plain(file) for file in directory.files),
        levels=_levels(directory),
        codecs=dict(codecs),
        keys=_whole_range(details.values(), counts, found.comparator),
        size_by_standing=dict(sizes),
        findings=found.findings,
    )


def _details(found: Survey) -> dict[str, FileInfo]:
    return {item.file.name: _detail(item) for item in _looked_at(found)}


def _looked_at(found: Survey) -> list[TableSurvey | LogSurvey]:
    return [*found.tables, *found.logs]


def _detail(item: TableSurvey | LogSurvey) -> FileInfo:
    plain = _plain(item.file)
    scan = item.scan
    if scan is None:
        return plain
    keys = None
    if scan.smallest is not None and scan.largest is not None:
        in_table = isinstance(item, TableSurvey)
        bounds = (user_key_of(scan.smallest), user_key_of(scan.largest)) if in_table else (scan.smallest, scan.largest)
        keys = KeyRange(*bounds)
    sequences = None if scan.min_sequence is None else (scan.min_sequence, scan.max_sequence or scan.min_sequence)
    return replace(
        plain,
        entry_count=scan.put_count + scan.deletion_count,
        keys=keys,
        sequences=sequences,
        codecs=item.scan.codecs if isinstance(item, TableSurvey) and item.scan else None,
    )


def _plain(file: DatabaseFile) -> FileInfo:
    return FileInfo(file.name, file.kind, file.standing, file.level, file.size, file.mtime_ns)


def _levels(directory: Directory) -> tuple[LevelInfo, ...]:
    tables = [file for file in directory.of_kind(FileKind.TABLE, Standing.LIVE) if file.level is not None]
    numbers = sorted({file.level for file in tables if file.level is not None})
    return tuple(
        LevelInfo(
            level,
            sum(1 for file in tables if file.level == level),
            sum(file.size for file in tables if file.level == level),
        )
        for level in numbers
    )


def _whole_range(files: Iterable[FileInfo], names: set[str], order: Comparator) -> KeyRange | None:
    """From the smallest to the largest user key of the files that count."""
    ranges = [file.keys for file in files if file.name in names and file.keys is not None]
    lowers = [keys.lower for keys in ranges if keys.lower is not None]
    uppers = [keys.upper for keys in ranges if keys.upper is not None]
    return KeyRange(min(lowers, key=order.sort_key), max(uppers, key=order.sort_key)) if lowers and uppers else None
