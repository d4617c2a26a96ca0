"""survey: every LevelDB under a tree, in one report, one export and one list of hashes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from relevel.decoders.choice import choose_decoding
from relevel.decoders.decoder import NotDecodedError
from relevel.errors import (
    DatabaseInUseError,
    InvalidArgumentError,
    NotADatabaseError,
    NotSupportedError,
    RelevelError,
    StorageError,
)
from relevel.exports.export import WRITERS, format_of
from relevel.exports.part import Part, storable
from relevel.exports.wanted import Wanted
from relevel.exports.writer import Layout, Writer
from relevel.recovery.read.reader import Reader
from relevel.recovery.tree.look import DatabaseSummary, State, summarise
from relevel.recovery.tree.places import PassedBy, Place, find_places
from relevel.storage.failure import refusals
from relevel.storage.new_file import NewFile
from relevel.storage.read_only import LOCK_NAME, EntryKind, ReadOnlyDirectory

MANY_FORMATS: Final = tuple(name for name, writer in WRITERS.items() if writer.holds_many)
"""The formats that hold more than one database."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A database of which rows or hashes may be missing, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class TreeExport:
    """What was written of all databases.

    Attributes:
        destination: the new file.
        format: its format.
        row_count: versions.
        byte_count: size of the file.
        incomplete: databases of which rows are missing because reading them ended early.
    """

    destination: str
    format: str
    row_count: int
    byte_count: int
    incomplete: tuple[Incomplete, ...]


@dataclass(frozen=True, slots=True)
class HashList:
    """The list that was written.

    Attributes:
        destination: the new file.
        file_count: files in it.
        left_out: files that could not be read, and links, which are not followed.
    """

    destination: str
    file_count: int
    left_out: tuple[Incomplete, ...]


@dataclass(frozen=True, slots=True)
class SurveyReport:
    """What there is under a tree.

    Attributes:
        root: the tree.
        databases: every database found, in the order of paths.
        passed_by: directories that could not be looked into, other file systems, pipes, sockets and devices, and databases of
            other kinds.
        export: what was written of all, where that was asked for.
        hashes: the list of hashes, where that was asked for.
    """

    root: str
    databases: tuple[DatabaseSummary, ...]
    passed_by: tuple[PassedBy, ...]
    export: TreeExport | None
    hashes: HashList | None

    @property
    def is_clean(self) -> bool:
        """Whether every database is healthy, everything could be looked into, and what was written is complete."""
        is_healthy = all(database.state is State.HEALTHY for database in self.databases)
        is_whole = not (self.export and self.export.incomplete) and not (self.hashes and self.hashes.left_out)
        return is_healthy and is_whole and not any(passed.is_refused for passed in self.passed_by)


def survey(
    root: str | os.PathLike[str],
    *,
    export: str | os.PathLike[str] | None = None,
    format: str | None = None,
    hashes: str | os.PathLike[str] | None = None,
    versions: str = "all",
    decode: str | None = None,
    encoding: str = "escaped",
    progress: Callable[[int], None] | None = None,
) -> SurveyReport:
    """Find every LevelDB under a tree, damaged ones too, and read each of them. Nothing in the tree is changed.

    Args:
        root: a directory. No folder under it is entered by a symbolic link, and no other file system.
        export: a new file for the versions of all databases, with a first column ``database``; outside the tree.
        format: its format; by its suffix if not given.
        hashes: a new file for the SHA-256 of every file of every database, as ``sha256sum`` writes and checks them.
        versions: which versions are exported, as for ``relevel.export``.
        decode: how keys and values are decoded in the export, as for ``relevel.export``; ``"auto"`` guesses for each database.
        encoding: how text formats write keys and values.
        progress: told of databases read.

    Raises:
        NotADatabaseError, StorageError: there is no such directory, or a file cannot be written.
        DestinationExistsError: a destination is taken.
        InvalidArgumentError: a destination lies in the tree, or the arguments make no sense.
        NotSupportedError: a package is not installed.
    """
    tree = Path(root)
    new_export = None if export is None else NewFile(Path(export), tree)
    new_hashes = None if hashes is None else NewFile(Path(hashes), tree)
    chosen = None if export is None else _format(Path(export), format)
    found = list(find_places(tree))
    places = [place.path for place in found if isinstance(place, Place)]
    summaries = []
    for place in places:
        summaries.append(summarise(place))
        if progress:
            progress(len(summaries))
    written = listed = None
    if new_export is not None and chosen is not None and export is not None:
        layout = Layout(has_database=True, has_decoded=decode is not None, encoding=encoding)
        facts = _export_all(places, new_export, lambda path: WRITERS[chosen](path, layout), Wanted(versions), decode)
        written = TreeExport(str(export), chosen, *facts)
    if new_hashes is not None and hashes is not None:
        listed = _hash_all(places, new_hashes, Path(hashes))
    passed_by = tuple(passed for passed in found if isinstance(passed, PassedBy))
    return SurveyReport(str(tree), tuple(summaries), passed_by, written, listed)


def _format(place: Path, format: str | None) -> str:
    chosen = format_of(place, format)
    if chosen not in MANY_FORMATS:
        raise InvalidArgumentError(f"{chosen} does not hold many databases; choose {', '.join(MANY_FORMATS)}")
    return chosen


def _export_all(
    places: Iterable[Path], new: NewFile, make_writer: Callable[[Path], Writer], wanted: Wanted, decode: str | None
) -> tuple[int, int, tuple[Incomplete, ...]]:
    """Write every database's versions: how many there were, the size of the file, and what is incomplete."""
    count, incomplete = 0, []
    with ExitStack() as stack:
        stack.enter_context(new)
        writer = make_writer(new.path)
        stack.callback(writer.abandon)
        for path in places:
            try:
                part = _part(path, wanted, decode)
            except (StorageError, DatabaseInUseError, NotADatabaseError, NotSupportedError, NotDecodedError) as error:
                incomplete.append(Incomplete(str(path), str(error)))
                continue
            taken, reason = _take(writer, part)
            count += taken
            if reason is not None:
                incomplete.append(Incomplete(str(path), reason))
        writer.close()
        size = new.publish()
    return count, size, tuple(incomplete)


def _part(path: Path, wanted: Wanted, decode: str | None) -> Part:
    reader = Reader(path)
    decoding = None if decode is None else choose_decoding(decode, reader)
    return Part(reader, wanted, database=storable(path), decoding=decoding)


def _take(writer: Writer, part: Part) -> tuple[int, str | None]:
    """How many rows were written, and why these may not be all; what cannot be written is raised."""
    written = 0

    def note(count: int) -> None:
        nonlocal written
        written = count

    try:
        return writer.take(replace(part, progress=note)).row_count, None
    except OSError as error:
        if not part.reader.broke_off:  # the file that is written
            raise
        return written, str(error)


def _hash_all(places: Iterable[Path], new: NewFile, place: Path) -> HashList:
    count, left_out = 0, []
    with new:
        with refusals("cannot write", str(place)), new.path.open("xb") as file:
            for found in _hashes(places):
                if isinstance(found, Incomplete):
                    left_out.append(found)
                else:
                    file.write(found)
                    count += 1
        new.publish()
    return HashList(str(place), count, tuple(left_out))


def _hashes(places: Iterable[Path]) -> Iterator[bytes | Incomplete]:
    for path in places:
        try:
            directory = ReadOnlyDirectory(path)
            entries = directory.entries()
        except RelevelError as error:
            yield Incomplete(str(path), str(error))
            continue
        for entry in entries:
            if entry.kind is EntryKind.SYMLINK:
                yield Incomplete(str(path / entry.name), "a link, which is not followed")
            elif entry.kind is EntryKind.REGULAR and entry.name != LOCK_NAME:
                yield _hash_of(directory, entry.name)


def _hash_of(directory: ReadOnlyDirectory, name: str) -> bytes | Incomplete:
    try:
        return _hash_line(directory.sha256(name), directory.root / name)
    except StorageError as error:
        return Incomplete(str(directory.root / name), str(error))


def _hash_line(sha256: str, path: Path) -> bytes:
    """A line as ``sha256sum`` writes it: where the name has a line end or a backslash, they are escaped and the line says so."""
    name = os.fsencode(path)
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"" if escaped == name else b"\\"
    return mark + sha256.encode() + b"  " + escaped + b"\n"
