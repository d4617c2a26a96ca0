"""Misnamed: files of the database under names that LevelDB does not look for.

What was copied by way of another system, a file manager or a backup may come back as ``000005.LDB``, ``000005 (1).ldb`` or
``000005.ldb.bak``. Capitals change nothing. A table that the manifest counts on is known by its number, anywhere in the name, and
by what the manifest says of it: its size and end keys, which have sequence numbers in them. (These alone do not prove it: where
values are all of one size, what a compaction makes of a table may have the same.) So a copy that was put beside serves where the
table itself is gone or hurt. One with a replaced table's number, and the size and ends of one that is gone, is taken for that; this
is not proved, and told. A log is known by its number in the name, and by going on where the manifest ends; that it is not an older
copy nothing proves.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from typing import Final, TypeAlias

from relevel import _kernel
from relevel.files.manifest import ManifestScan
from relevel.files.outdated import SLACK, first_sequence
from relevel.findings import Finding, KeyRange, Severity, Span
from relevel.format.filename import NAME_MAKERS, FileKind, FileName, is_asked_for, log_name, parse_filename, table_name
from relevel.format.internal_key import user_key_of
from relevel.format.version_edit import FileMetadata
from relevel.recovery.survey.identity import end_keys
from relevel.storage.read_only import DirectoryEntry, ReadOnlyDirectory

Named: TypeAlias = tuple[DirectoryEntry, FileName]
"""A file and what its name says, or should."""

_OF_LOG: Final = re.compile(r"(?<![0-9])([0-9]{1,19})(?![0-9]).*\.log", re.IGNORECASE)
"""A name made from a log's: ``000006 (1).log``, ``000006.log.bak``."""
_ABOUT_ORDER: Final = (".key-order", ".separator")
"""Ends of the codes of faults that only who knows the order of the keys can find."""
_DIGITS: Final = re.compile(r"(?<![0-9])0*([0-9]{1,20})(?![0-9])")


def read_names(entries: Iterable[DirectoryEntry]) -> list[Named]:
    """What the names say, whether in capitals or not; a name as LevelDB writes it goes before one that it does not."""
    named = [(entry, parse_filename(entry.name)) for entry in entries]
    asked_for = {(name.kind, name.number) for _, name in named if is_asked_for(name)}
    own = [(entry, _unless_beside(name, asked_for)) for entry, name in named]
    taken = {(name.kind, name.number) for _, name in own}
    return [(entry, _in_any_case(name, taken)) for entry, name in own]


def _unless_beside(name: FileName, asked_for: Set[tuple[FileKind, int | None]]) -> FileName:
    """``8.ldb`` is a stranger beside ``000008.ldb``."""
    is_beside = not is_asked_for(name) and (name.kind, name.number) in asked_for
    return _stranger(name) if is_beside else name


def _stranger(name: FileName) -> FileName:
    return FileName(FileKind.STRANGER, None, name.name)


def _unless_unmeant(name: FileName, wanted: Container[int | None]) -> FileName:
    """``2023.log`` is a stranger, unless a log of that number is wanted."""
    is_padded = is_asked_for(name._replace(name=name.name.lower()))
    return name if name.kind is not FileKind.LOG or is_padded or name.number in wanted else _stranger(name)


def _in_any_case(name: FileName, taken: set[tuple[FileKind, int | None]]) -> FileName:
    if name.kind is not FileKind.STRANGER:
        return name
    for meant in map(parse_filename, (name.name.lower(), name.name.upper())):
        if meant.kind in NAME_MAKERS and (meant.kind, meant.number) not in taken:
            return meant._replace(name=name.name)
    return name


def with_tables_found(storage: ReadOnlyDirectory, manifest: ManifestScan, named: Sequence[Named]) -> list[Named]:
    """The same, with files recognised as tables that the manifest counts on and that are not there, or not whole.

    Reads nothing where no file that does not count has the size of one that does. What has a replaced table's number serves last.
    """
    live = {metadata.number: metadata for _, metadata in manifest.tables()}
    own = _own_files(named, live)
    sizes = {metadata.file_size for metadata in live.values()}
    stand_ins: dict[str, int] = {}
    for entry, name in named:
        is_table = name.kind is FileKind.TABLE and own.get(name.number, entry.name) != entry.name
        if entry.is_file and (is_table or name.kind is FileKind.STRANGER) and entry.size in sizes:
            number = _number_by_ends(storage, entry, (live[each] for each in _numbers_in(entry.name) if each in live))
            if number is not None and number not in stand_ins.values() and _is_hurt(storage, own.get(number)):
                stand_ins[entry.name] = number
    missing = [live[number] for number in live if number not in own and number not in stand_ins.values()]
    stand_ins |= _replaced_ones(storage, manifest, named, missing)
    displaced = {own.get(number) for number in stand_ins.values()}
    return [(entry, _with_number(name, stand_ins.get(entry.name), displaced)) for entry, name in named]


def _replaced_ones(
    storage: ReadOnlyDirectory, manifest: ManifestScan, named: Sequence[Named], missing: Sequence[FileMetadata]
) -> dict[str, int]:
    """Files with the size and the ends of a missing table, under numbers that were given out and that no table that counts has."""
    sizes = {metadata.file_size for metadata in missing}
    live = {metadata.number for _, metadata in manifest.tables()}
    found: dict[str, int] = {}
    for entry, name in named:
        is_table = entry.is_file and name.kind is FileKind.TABLE and name.number not in live
        if is_table and entry.size in sizes and (name.number or 0) < (manifest.next_file_number or 0):
            number = _number_by_ends(storage, entry, missing)
            if number is not None and number not in found.values():
                found[entry.name] = number
    return found


def with_logs_found(storage: ReadOnlyDirectory, manifest: ManifestScan, named: Sequence[Named]) -> list[Named]:
    """The same, with files recognised as logs that the manifest names and that are not there.

    A name for which LevelDB does not ask is no log's but where it has such a number.
    """
    wanted = {manifest.log_number, manifest.previous_log_number}
    named = [(entry, _unless_unmeant(name, wanted)) for entry, name in named]
    there = {name.number for entry, name in named if name.kind is FileKind.LOG and entry.is_file}
    missing = wanted - {None, 0} - there
    return [
        (entry, _as_log(storage, manifest, name, missing)) if missing and entry.is_file else (entry, name)
        for entry, name in named
    ]


def _as_log(storage: ReadOnlyDirectory, manifest: ManifestScan, name: FileName, missing: set[int | None]) -> FileName:
    said = _OF_LOG.search(name.name) if name.kind is FileKind.STRANGER else None
    number = int(said[1]) if said is not None else None
    if number is None or number not in missing:
        return name
    first = first_sequence(storage, name.name)
    if first is None or first > (manifest.last_sequence or 0) + 1 + SLACK:
        return name
    missing.remove(number)
    return FileName(FileKind.LOG, number, name.name)


def _own_files(named: Iterable[Named], live: Mapping[int, FileMetadata]) -> dict[int | None, str]:
    """The file of each table that counts; of two with one number the one that LevelDB reads."""
    own: dict[int | None, str] = {}
    for entry, name in named:
        is_live = name.kind is FileKind.TABLE and name.number in live and entry.is_file
        if is_live and (name.number not in own or entry.name.endswith(".ldb")):
            own[name.number] = entry.name
    return own


def _numbers_in(name: str) -> list[int]:
    return [int(digits) for digits in _DIGITS.findall(name)]


def _number_by_ends(storage: ReadOnlyDirectory, entry: DirectoryEntry, claims: Iterable[FileMetadata]) -> int | None:
    """The number of the table that a file is, if its size and ends are those of one."""
    try:
        ends = end_keys(storage, entry.name)
    except OSError:
        return None
    fitting = (claim for claim in claims if claim.file_size == entry.size and ends == (claim.smallest, claim.largest))
    return next((claim.number for claim in fitting), None)


def _is_hurt(storage: ReadOnlyDirectory, name: str | None) -> bool:
    """Whether a table is not there, or anything is wrong with it but the order of its keys, which is not known here."""
    if name is None:
        return True
    try:
        faults = _kernel.scan_table(storage.source(name), check_filter=False).faults
    except OSError:
        return True
    return any(not fault.code.endswith(_ABOUT_ORDER) for fault in faults)


def _with_number(name: FileName, number: int | None, displaced: set[str | None]) -> FileName:
    if number is not None:
        return FileName(FileKind.TABLE, number, name.name)
    return _stranger(name) if name.name in displaced else name


def verify_names(named: Sequence[Named], manifest: ManifestScan | None) -> Iterator[Finding]:
    """Find the files that LevelDB does not find, and those that it reads in their place."""
    said = {entry.name: parse_filename(entry.name) for entry, _ in named}
    displaced = {
        said[entry.name].number: entry.name
        for entry, name in named
        if entry.is_file
        and name.kind is FileKind.STRANGER
        and said[entry.name].kind is FileKind.TABLE
        and is_asked_for(said[entry.name])
    }
    claims = {} if manifest is None else {metadata.number: metadata for _, metadata in manifest.tables()}
    for entry, name in named:
        if name.number is None or not entry.is_file or not _counts(name, manifest, claims):
            continue
        message = ""
        if name.kind is FileKind.TABLE and name.number in displaced:
            message = f"is the table that the manifest counts on, whole, and {displaced[name.number]} is hurt"
        elif said[entry.name][:2] != name[:2] or not is_asked_for(said[entry.name]):
            message = f"this is {NAME_MAKERS[name.kind](name.number)}, and LevelDB does not find it under this name"
        if name.kind is FileKind.LOG and parse_filename(entry.name.lower()).kind is not FileKind.LOG:
            message = f"taken for {log_name(name.number)}, on which the manifest counts; it may be an older copy"
            behind = Span(entry.name, entry.size)  # what may be lost comes after it
            yield Finding("log.missing", Severity.WARNING, behind, f"{entry.name}: {message}", evidence=_there(name))
        elif name.kind is FileKind.TABLE and name.number in claims and name.number not in _numbers_in(entry.name):
            keys = KeyRange(user_key_of(claims[name.number].smallest), user_key_of(claims[name.number].largest))
            message = (
                f"{entry.name}: taken for {table_name(name.number)}, on which the manifest counts: it has its size, its "
                "first and its last key; it may be one that it was made from"
            )
            yield Finding("table.missing", Severity.WARNING, Span(entry.name), message, keys, _there(name))
        elif message:
            yield Finding.of("file.misnamed", Span(entry.name, 0, entry.size), f"{entry.name}: {message}")


def _counts(name: FileName, manifest: ManifestScan | None, tables: Container[int]) -> bool:
    """Whether a file counts for what is live, or may."""
    if manifest is None or name.kind not in (FileKind.TABLE, FileKind.LOG):
        return name.kind in NAME_MAKERS and (manifest is None or manifest.name == name.name)
    if name.kind is FileKind.TABLE:
        return name.number in tables
    return (name.number or 0) >= (manifest.log_number or 0) or name.number == manifest.previous_log_number


def _there(name: FileName) -> dict[str, object]:
    """What a finding has that tells of a missing file, where another serves for it."""
    return {"taken_for": NAME_MAKERS[name.kind](name.number or 0)}
