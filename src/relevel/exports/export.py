"""export: the versions of a database in a new file, in the format of another tool."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from relevel.decoders.choice import choose_decoding
from relevel.errors import InvalidArgumentError
from relevel.exports.arrow_files import ArrowFileWriter, ParquetWriter
from relevel.exports.duckdb_file import DuckDbWriter
from relevel.exports.line_files import CsvWriter, JsonLinesWriter
from relevel.exports.part import Part, Taken
from relevel.exports.sqlite_file import SqliteWriter
from relevel.exports.wanted import Wanted
from relevel.exports.writer import Layout, Writer
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.history import History
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.steady import refuse_outrun, steadily
from relevel.recovery.past.horizon import Horizon
from relevel.recovery.past.moments import SequenceEstimate
from relevel.recovery.past.target import GoesBack
from relevel.recovery.read.reader import Reader
from relevel.storage.new_file import NewFile

WRITERS: Final[Mapping[str, type[Writer]]] = {
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
    "parquet": ParquetWriter,
    "arrow": ArrowFileWriter,
    "sqlite": SqliteWriter,
    "duckdb": DuckDbWriter,
}
"""What writes each format."""
_SUFFIXES: Final[Mapping[str, str]] = {
    **{f".{name}": name for name in WRITERS},
    ".json": "jsonl",
    ".ndjson": "jsonl",
    ".feather": "arrow",
    ".db": "sqlite",
    ".sqlite3": "sqlite",
}


@dataclass(frozen=True, slots=True)
class ExportReport(GoesBack):
    """What was written.

    Attributes:
        source: the database's directory.
        destination: the new file.
        format: its format.
        versions: which versions were wanted.
        at: the sequence number looked back to, where one was.
        estimate: where a time was given, the sequence number it stands for, and how sure that is.
        decoder: what keys and values were decoded with; None where they were not.
        guess: how sure it is that this decoder was the right one; None where it was named.
        row_count: versions written.
        byte_count: size of the new file.
        findings: what was found wrong on the way; damage may have cost rows.
        horizon: with ``at``, how far back the past of the keys wanted is complete.
    """

    source: str
    destination: str
    format: str
    versions: str
    at: int | None
    estimate: SequenceEstimate | None
    decoder: str | None
    guess: str | None
    row_count: int
    byte_count: int
    findings: tuple[Finding, ...]
    horizon: Horizon | None = None


def export(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    format: str | None = None,
    versions: str = "all",
    at: int | datetime | None = None,
    prefix: bytes = b"",
    start: bytes | None = None,
    stop: bytes | None = None,
    decode: str | None = None,
    encoding: str = "escaped",
    comparator: Comparator | None = None,
    progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Write the versions of a database, whatever its state, into a new file for another tool. The database is not changed.

    Args:
        source: the database's directory.
        destination: the new file; must not exist. It appears when it is whole.
        format: ``"jsonl"``, ``"csv"``, ``"parquet"``, ``"arrow"``, ``"sqlite"`` or ``"duckdb"``; by the suffix if not given.
        versions: ``"all"``, every version on disk; ``"live"``, what a read gives; ``"deleted"``, the last value of every key that
            is gone and has one on disk.
        at: with live versions, as of this sequence number, or of the last one before this time, which is an estimate.
        prefix: only keys that start with this.
        start: only keys at or after this one.
        stop: only keys before this one.
        decode: the name of a decoder, two names for keys and values, such as ``"utf-8:json"``, or ``"auto"``.
        encoding: how the text formats write keys and values.
        comparator: the order of the keys, where the manifest does not name a known one.
        progress: told of versions written.

    Raises:
        InvalidArgumentError: the arguments make no sense together.
        NotADatabaseError, StorageError: there is nothing to read, or the destination cannot be written.
        DestinationExistsError: the destination is taken.
        NotSupportedError: a package is not installed, or the comparator is not known, or the format cannot hold a value.
        DatabaseInUseError: another program changes the database faster than it can be read.
    """
    place = Path(destination)
    chosen = format_of(place, format)
    asked = Wanted(versions, 0 if isinstance(at, datetime) else at, prefix, start, stop)
    layout = Layout(has_decoded=decode is not None, encoding=encoding)

    def work(directory: Directory) -> ExportReport:
        new = NewFile(place, Path(source))
        reader = Reader(source, comparator, directory=directory)
        decoding = None if decode is None else choose_decoding(decode, reader)
        past = History.over(reader)
        target = past.target(at)
        wanted = replace(asked, at=target.sequence)
        horizon = None if wanted.at is None else past.horizon(prefix=prefix, start=start, stop=stop)
        part = Part(reader, wanted, decoding=decoding, progress=progress)
        with new:
            taken = _write(WRITERS[chosen], new.path, layout, part)
            refuse_outrun(directory)
            byte_count = new.publish()
        return ExportReport(
            source=str(directory.path),
            destination=str(place),
            format=chosen,
            versions=versions,
            at=wanted.at,
            estimate=target.estimate,
            decoder=decoding.name if decoding else None,
            guess=(decoding.guess or None) if decoding else None,
            row_count=taken.row_count,
            byte_count=byte_count,
            findings=tuple(taken.findings),
            horizon=horizon,
        )

    return steadily(source, work)


def format_of(place: Path, format: str | None) -> str:
    """The format named, or the one that the suffix of the file means.

    Raises:
        InvalidArgumentError: there is none.
    """
    known = ", ".join(WRITERS)
    if format is not None:
        if format not in WRITERS:
            raise InvalidArgumentError(f"{format!r} is no format: choose {known}")
        return format
    found = _SUFFIXES.get(place.suffix.lower())
    if found is None:
        raise InvalidArgumentError(f"{str(place)!r} does not end in a format's name: choose --format {known}")
    return found


def _write(writer_class: type[Writer], path: Path, layout: Layout, part: Part) -> Taken:
    writer = writer_class(path, layout)
    try:
        taken = writer.take(part)
        writer.close()
    finally:
        writer.abandon()
    return taken
