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
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from relevel import _kernel
from relevel.files.log import looks_like_log
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
    """What the names say, whether in capitals or not.

    Of several for one file the one counts that is nearest to what LevelDB writes: ``8.ldb`` is a stranger beside ``000008.ldb``.
    """
    named = [(entry, _meant(entry.name)) for entry in entries]
    distances = [_distance(name) for _, name in named]
    nearest: dict[tuple[FileKind, int | None], tuple[bool, bool]] = {}
    for (entry, name), distance in zip(named, distances, strict=True):
        if entry.is_file:
            nearest[name.kind, name.number] = min(nearest.get((name.kind, name.number), distance), distance)
    return [
        (entry, name if distance == nearest.get((name.kind, name.number)) else _stranger(name))
        for (entry, name), distance in zip(named, distances, strict=True)
    ]


def _meant(name: str) -> FileName:
    """What a name says, in capitals or not."""
    said = parse_filename(name)
    if said.kind is not FileKind.STRANGER:
        return said
    in_any_case = map(parse_filename, (name.lower(), name.upper()))
    return next((meant._replace(name=name) for meant in in_any_case if meant.kind in NAME_MAKERS), said)


def _distance(name: FileName) -> tuple[bool, bool]:
    """How far a name is from LevelDB's: whether it is without the zeroes in front, and whether in another case."""
    return not _is_padded(name), parse_filename(name.name).kind is not name.kind


def _is_padded(name: FileName) -> bool:
    return is_asked_for(name._replace(name=name.name.lower()))


def _stranger(name: FileName) -> FileName:
    return FileName(FileKind.STRANGER, None, name.name)


def _unless_unmeant(storage: ReadOnlyDirectory, manifest: ManifestScan, name: FileName) -> FileName:
    """``2023.log`` is a stranger, unless the manifest names a log of that number, or it would count and looks like one."""
    if name.kind is not FileKind.LOG or _is_padded(name):
        return name
    is_named = name.number in {manifest.log_number, manifest.previous_log_number} - {0}
    counts = manifest.counts_on_log(name.number or 0)
    return name if is_named or (counts and looks_like_log(storage, name.name)) else _stranger(name)


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
    """Files with the size and the ends of a missing table, under numbers that were given out and that no table that counts has.

    Of several, whole ones go first, and the newest of these: it has the most in common with the one that is gone.
    """
    sizes = {metadata.file_size for metadata in missing}
    live = {metadata.number for _, metadata in manifest.tables()}
    fitting: dict[int, list[FileName]] = {}
    for entry, name in named:
        is_table = entry.is_file and name.kind is FileKind.TABLE and name.number not in live
        if is_table and entry.size in sizes and (name.number or 0) < (manifest.next_file_number or 0):
            number = _number_by_ends(storage, entry, missing)
            if number is not None:
                fitting.setdefault(number, []).append(name)
    return {
        min(names, key=lambda name: (len(names) > 1 and _is_hurt(storage, name.name), -(name.number or 0))).name: number
        for number, names in fitting.items()
    }


def with_logs_found(storage: ReadOnlyDirectory, manifest: ManifestScan, named: Sequence[Named]) -> list[Named]:
    """The same, with files recognised as logs that the manifest names and that are not there.

    A name for which LevelDB does not ask is no log's but where it has such a number, or what is in it.
    """
    named = [(entry, _unless_unmeant(storage, manifest, name) if entry.is_file else name) for entry, name in named]
    there = {name.number for entry, name in named if name.kind is FileKind.LOG and entry.is_file}
    missing = {manifest.log_number, manifest.previous_log_number} - {None, 0} - there
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


def verify_names(named: Sequence[Named], manifest: ManifestScan | None, *, is_proved: bool) -> Iterator[Finding]:
    """Find the files that LevelDB does not find, and those that it reads in their place.

    Args:
        named: the files of the directory, and what they are.
        manifest: what says which count; None where nothing does.
        is_proved: whether it says so of all of them.
    """
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
        if name.number is None or not entry.is_file or not _counts(name, manifest, claims, is_proved=is_proved):
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


def _counts(name: FileName, manifest: ManifestScan | None, tables: Container[int], *, is_proved: bool) -> bool:
    """Whether a file counts for what is live, or may."""
    if manifest is None or name.kind not in (FileKind.TABLE, FileKind.LOG):
        return name.kind in NAME_MAKERS and (manifest is None or manifest.name == name.name)
    if name.kind is FileKind.TABLE:
        return name.number in tables or not (is_proved or name.number in manifest.deleted)
    return manifest.counts_on_log(name.number or 0)


def _there(name: FileName) -> dict[str, object]:
    """What a finding has that tells of a missing file, where another serves for it."""
    return {"taken_for": NAME_MAKERS[name.kind](name.number or 0)}
