"""Looking at a database before opening it: whether opening would lose anything. Reads only.

LevelDB opens some damaged databases and deletes what it then takes for obsolete: after a lost CURRENT every table, after a
manifest that lost its last edit the tables which that edit had added. Here such a database is refused, with an error that says
what to run next, before anything is touched. What a crash leaves of a database that was being made, and in which nothing can have
been written yet, is no database: one is made there.

A manifest whose last record is cut by the end of the file, as a crash leaves it, is enough if nothing that the lost edit
replaced has been removed. An edit's inputs are removed only after it is durable: so if every table of the version before it is
there, and the log that this version begins with is there too, the version and its logs hold everything.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from relevel.engine.options import Options
from relevel.engine.order import KeyOrder
from relevel.errors import CorruptionError, InvalidArgumentError, NotADatabaseError
from relevel.files.current import scan_current
from relevel.files.log import looks_like_log
from relevel.files.manifest import ManifestScan, scan_manifest
from relevel.files.outdated import has_newer_tables, log_let_go, newest_in_tables, why_surely_outdated
from relevel.findings import Finding, Severity, Span
from relevel.format.comparator import BYTEWISE, Comparator, find_comparator
from relevel.format.filename import FileKind, FileName, is_asked_for, log_name, parse_filename, table_name
from relevel.format.internal_key import MAX_SEQUENCE, user_key_of
from relevel.format.java_size import with_true_size
from relevel.format.version_edit import LEVEL_COUNT, FileMetadata
from relevel.storage.read_only import DirectoryEntry, ReadOnlyDirectory

_DATA: Final = frozenset({FileKind.TABLE, FileKind.LOG, FileKind.MANIFEST})
_TORN: Final = "manifest.tail.torn"
_MOST_NAMED: Final = 5
_FIRST_NUMBER: Final = 2
_LONGEST_FIRST_MANIFEST: Final = 1024
"""Bytes of a manifest in which nothing can be but what a new database begins with."""
_NEVER_REACHED: Final = 1 << 62
"""No counter gets here: a file with such a number is not the database's."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What will be opened.

    Attributes:
        comparator: the order of the user keys.
        manifest: the version to start from; None for a new database.
        manifest_number: its number.
        levels: its tables: level 0 with the highest number first, the others in key order.
        has_noted_sizes: whether they are as long as the manifest says; those that Java's LevelDB made are not.
        has_newer_tables: whether there are newer ones that the manifest does not know, as a crash leaves them.
        last_sequence: the newest sequence number in the tables, or one that was given out later.
        logs: numbers of the logs to replay, in order.
        with_old_suffix: numbers of tables whose files end in ``.sst``.
        first_free_number: no file has this number or a higher one.
    """

    comparator: Comparator
    manifest: ManifestScan | None = None
    manifest_number: int = 0
    levels: tuple[tuple[FileMetadata, ...], ...] = ((),) * LEVEL_COUNT
    has_noted_sizes: bool = True
    has_newer_tables: bool = False
    last_sequence: int = 0
    logs: tuple[int, ...] = ()
    with_old_suffix: Set[int] = frozenset()
    first_free_number: int = _FIRST_NUMBER


def assess(directory: ReadOnlyDirectory, options: Options) -> Assessment:
    """Decide whether a directory can be opened, and from what.

    Raises:
        NotADatabaseError: there is no database and none may be made.
        InvalidArgumentError: there is one and there must not be; or it has another comparator.
        NotSupportedError: its comparator is not known.
        CorruptionError: opening it could lose data.
    """
    entries = directory.entries()
    files = [(parse_filename(entry.name), entry) for entry in entries]
    is_none = not any(name.kind in _DATA or name.kind is FileKind.CURRENT for name, _ in files)
    may_make = options.create_if_missing and not options.read_only
    if may_make and (is_none or _was_never_made(directory, files)):
        return Assessment(
            options.comparator or BYTEWISE, first_free_number=_first_free_number(name for name, _ in files)
        )
    if is_none:
        raise NotADatabaseError(
            f"{_place(directory)}: there is no database (create_if_missing is false); give the directory that holds one"
        )
    if options.error_if_exists:
        raise InvalidArgumentError(f"{_place(directory)}: exists (error_if_exists is true)")
    names = [name for name, _ in files if is_asked_for(name)]
    manifest = _read_manifest(directory, names)
    _refuse_misnamed(directory, manifest, files)
    comparator = _choose_comparator(manifest.comparator or "", options)
    tables = _find_tables(files)
    _refuse_outdated(directory, manifest, names)
    levels = _live_levels(directory, manifest, tables)
    return Assessment(
        comparator=comparator,
        manifest=manifest,
        manifest_number=parse_filename(manifest.name).number or 0,
        levels=_arrange(directory, levels, comparator),
        has_noted_sizes=levels == [list(noted.values()) for noted in manifest.levels],
        has_newer_tables=has_newer_tables(manifest, names),
        last_sequence=_last_sequence(directory, manifest, tables),
        logs=_choose_logs(directory, manifest, names),
        with_old_suffix=frozenset(number for number, entry in tables.items() if entry.name.endswith(".sst")),
        first_free_number=_first_free_number(name for name, _ in files),
    )


def _was_never_made(directory: ReadOnlyDirectory, files: Sequence[tuple[FileName, DirectoryEntry]]) -> bool:
    """Whether this is what a crash leaves before a new database has its CURRENT: no table, no record, and no manifest of any."""
    for name, entry in files:
        if name.kind in {FileKind.CURRENT, FileKind.TABLE} or (name.kind is FileKind.LOG and entry.size):
            return False
        if name.kind is FileKind.MANIFEST and entry.size > _LONGEST_FIRST_MANIFEST:
            return False
    manifests = (entry.name for name, entry in files if name.kind is FileKind.MANIFEST)
    return not any(any(scan_manifest(directory, name).tables()) for name in manifests)


def _read_manifest(directory: ReadOnlyDirectory, files: Sequence[FileName]) -> ManifestScan:
    current = scan_current(directory, [file.name for file in files])
    for finding in current.findings:
        if finding.severity > Severity.NOTE:
            raise _refusal(directory, finding)
    assert current.manifest_name is not None, "a CURRENT without a manifest is a finding"
    manifest = scan_manifest(directory, current.manifest_name)
    for finding in manifest.findings:
        if finding.severity > Severity.NOTE and not (finding.code == _TORN and _is_enough(directory, manifest, files)):
            raise _refusal(directory, finding)
    return manifest


def _refuse_outdated(directory: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> None:
    """Refuse the manifest of a backup that was put back over newer tables."""
    reason = why_surely_outdated(directory, manifest, names)
    if reason is not None:
        finding = Finding.of("manifest.partial", Span(manifest.name), f"{manifest.name}: {reason}")
        raise _refusal(directory, finding)


def _is_enough(directory: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> bool:
    """Whether nothing that an edit lost from the manifest's end replaced has been removed."""
    number = manifest.log_number
    if not manifest.complete or not number:
        return False
    return directory.exists(log_name(number)) or number == log_let_go(directory, manifest, names)


def _choose_comparator(name: str, options: Options) -> Comparator:
    if options.comparator is None:
        return find_comparator(name)
    if options.comparator.name != name:
        raise InvalidArgumentError(f"{options.comparator.name} does not match existing comparator : {name}")
    return options.comparator


def _find_tables(files: Iterable[tuple[FileName, DirectoryEntry]]) -> dict[int, DirectoryEntry]:
    """The tables by number, of files in the order of names: as in LevelDB, ``.ldb`` goes before ``.sst``."""
    tables: dict[int, DirectoryEntry] = {}
    for name, entry in files:
        if name.kind is FileKind.TABLE and is_asked_for(name):
            tables.setdefault(name.number or 0, entry)
    return tables


def _first_free_number(names: Iterable[FileName]) -> int:
    numbers = (name.number for name in names if name.number is not None)
    return max((number + 1 for number in numbers if number < _NEVER_REACHED), default=_FIRST_NUMBER)


def _live_levels(
    directory: ReadOnlyDirectory, manifest: ManifestScan, there: dict[int, DirectoryEntry]
) -> list[list[FileMetadata]]:
    """The tables of each level, with the sizes that they have. Refuse where one is missing, or is not of its size."""
    missing = [noted.number for _, noted in manifest.tables() if noted.number not in there]
    if missing:
        named = ", ".join(directory.path(table_name(number)) for number in missing[:_MOST_NAMED])
        message = f"{len(missing)} missing files; e.g.: {named}"
        raise _refusal(directory, Finding.of("table.missing", Span(table_name(missing[0])), message))
    levels: list[list[FileMetadata]] = [[] for _ in manifest.levels]
    for level, noted in manifest.tables():
        entry = there[noted.number]
        table = with_true_size(noted, entry.name, entry.size)
        if entry.size != table.file_size:
            message = f"{entry.name}: has {entry.size} bytes, and the manifest says {noted.file_size}"
            raise _refusal(directory, Finding.of("table.size-mismatch", Span(entry.name, 0, entry.size), message))
        levels[level].append(table)
    return levels


def _arrange(
    directory: ReadOnlyDirectory, live: Sequence[Sequence[FileMetadata]], comparator: Comparator
) -> tuple[tuple[FileMetadata, ...], ...]:
    """Put the tables of each level in order.

    Refuse tables below level 0 that are not apart: one of them would be read for a key, perhaps the wrong one.
    """
    order = KeyOrder(comparator)
    level0, *deeper = live
    levels = [sorted(level0, key=lambda metadata: metadata.number, reverse=True)]
    for level, tables in enumerate(deeper, start=1):
        ordered = sorted(tables, key=lambda metadata: order.internal(metadata.smallest))
        levels.append(ordered)
        for left, right in pairwise(ordered):
            if not _is_before(order, left.largest, right.smallest):
                name = table_name(right.number)
                message = (
                    f"{name}: begins before {table_name(left.number)} ends, in level {level}, where tables are apart"
                )
                raise _refusal(directory, Finding.of("level.overlap", Span(name, 0, right.file_size), message))
    return tuple(map(tuple, levels))


def _is_before(order: KeyOrder, left: bytes, right: bytes) -> bool:
    """Whether one internal key comes before another."""
    a, b = order.user(user_key_of(left)), order.user(user_key_of(right))
    return bool(a < b) or (a == b and order.internal(left) < order.internal(right))


def _last_sequence(directory: ReadOnlyDirectory, manifest: ManifestScan, there: Mapping[int, DirectoryEntry]) -> int:
    """What the manifest notes, unless it or goleveldb's ways tell that this may be too low: then tables are read.

    goleveldb begins a manifest that has become too large anew, in a flush, with the last number from before it and the log from
    before it, which is gone then; and a transaction's number is followed by a lower one where a memtable with older changes is
    a table only after that. What such a manifest does not know was made since: it is in tables that are newer than that log.
    """
    noted, log = manifest.last_sequence or 0, manifest.log_number or 0
    is_log_gone = manifest.is_goleveldbs and not directory.exists(log_name(log))
    known = manifest.newest
    if known == noted and not is_log_gone:
        return noted
    numbers = sorted((table.number for _, table in manifest.tables() if table.number > log), reverse=True)
    newest = newest_in_tables(directory, [there[number].name for number in numbers], MAX_SEQUENCE)
    return max(known, newest)


def _choose_logs(directory: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> tuple[int, ...]:
    there = {name.number for name in names if name.kind is FileKind.LOG and name.number is not None}
    for number in filter(None, (manifest.previous_log_number, manifest.log_number)):
        if number not in there and number != log_let_go(directory, manifest, names):
            message = f"{log_name(number)}: is not there, and the manifest counts on it"
            raise _refusal(directory, Finding.of("log.missing", Span(log_name(number)), message))
    return tuple(sorted(filter(manifest.counts_on_log, there)))


def _refuse_misnamed(
    directory: ReadOnlyDirectory, manifest: ManifestScan, files: Sequence[tuple[FileName, DirectoryEntry]]
) -> None:
    """Refuse to go on without a log under a name for which nobody asks, such as ``7.log`` or ``000007.LOG``."""
    there = {name.number for name, _ in files if name.kind is FileKind.LOG and is_asked_for(name)}
    for name, entry in files:
        meant = parse_filename(entry.name.lower()) if name.kind is FileKind.STRANGER else name
        number = meant.number or 0
        may_count = meant.kind is FileKind.LOG and entry.is_file and number not in there
        if may_count and manifest.counts_on_log(number) and looks_like_log(directory, entry.name):
            message = (
                f"{entry.name}: this is {log_name(number)}, which counts, and LevelDB does not find it under this name"
            )
            raise _refusal(directory, Finding.of("file.misnamed", Span(entry.name, 0, entry.size), message))


def _refusal(directory: ReadOnlyDirectory, finding: Finding) -> CorruptionError:
    place = _place(directory)
    quoted = shlex.quote(place)
    message = (
        f"{place}: {finding.message}. It was not opened and nothing was changed; run `relevel check {quoted}` to see what is "
        f"damaged and `relevel rescue {quoted} DST` for a healthy copy"
    )
    return CorruptionError(message, finding)


def _place(directory: ReadOnlyDirectory) -> str:
    return str(directory.root)
