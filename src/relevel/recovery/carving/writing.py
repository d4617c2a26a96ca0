"""Writing: databases planned from the pieces that were kept, and put on disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relevel.errors import StorageError
from relevel.findings import Finding, KeyRange, Span
from relevel.format.filename import log_name, table_name
from relevel.format.internal_key import user_key_of
from relevel.recovery.carving.claims import Claims, read_claims
from relevel.recovery.carving.kin import Kin, find_kin
from relevel.recovery.carving.numbers import Numbered, number_pieces
from relevel.recovery.carving.piece import Kind, Piece
from relevel.storage.posix import CREATE_FLAGS, NewDirectory, sync_directory

_CURRENT: Final = "CURRENT"


@dataclass(frozen=True, slots=True)
class Database:
    """One database to be written.

    Attributes:
        folder: its directory below the destination; empty where it is the destination.
        pieces: what it is made of, in the order of the image.
        digests: the hash of each.
        names: file name by place in ``pieces``.
        current: the manifest that CURRENT is to name; None where there is none.
        claims: what that manifest says.
        missing: numbers of the tables that it counts on and that were not found.
    """

    folder: str
    pieces: tuple[Piece, ...]
    digests: tuple[str, ...]
    names: Mapping[int, str]
    current: str | None
    claims: Claims | None
    missing: tuple[int, ...]


def plan_databases(pieces: Sequence[Piece], digests: Sequence[str], findings: list[Finding]) -> list[Database]:
    """Tell databases apart and name their files. What is doubtful about it is added to ``findings``."""
    claims = {index: read_claims(piece) for index, piece in enumerate(pieces) if piece.kind is Kind.MANIFEST}
    families = find_kin(pieces, claims)
    databases = []
    for number, kin in enumerate(families, start=1):
        folder = str(number) if len(families) > 1 else ""
        own = {at: claims[index] for at, index in enumerate(kin.members) if index in claims}
        members = [pieces[index] for index in kin.members]
        numbered = number_pieces(members, own)
        newest = next((own[at] for at in own if numbered.names.get(at) == numbered.current), None)
        database = _database(folder, members, [digests[index] for index in kin.members], numbered, newest)
        databases.append(database)
        findings += _doubts(database, numbered, [pieces[index] for index in sorted(kin.unsure)])
    if len(families) > 1:
        message = f"{len(families)} databases were told apart; each has a directory of its own: {_folders(families)}"
        findings.append(Finding.of("carve.several-databases", pieces[0].span, message))
    return databases


def _folders(families: Sequence[Kin]) -> str:
    return ", ".join(f"{number} ({len(kin.members)} files)" for number, kin in enumerate(families, start=1))


def _database(
    folder: str, pieces: Sequence[Piece], digests: Sequence[str], numbered: Numbered, claims: Claims | None
) -> Database:
    live = {} if claims is None else claims.live
    there = {name for index, name in numbered.names.items() if pieces[index].kind is Kind.TABLE}
    missing = tuple(number for number in sorted(live) if table_name(number) not in there)
    return Database(folder, tuple(pieces), tuple(digests), numbered.names, numbered.current, claims, missing)


def _doubts(database: Database, numbered: Numbered, unsure: Sequence[Piece]) -> list[Finding]:
    found = []
    prefix = f"{database.folder}/" if database.folder else ""
    if database.claims is None:
        files = len(database.names)
        message = f"no manifest was found for {files} files{f' in {database.folder}' if prefix else ''}; their numbers are made up"
        found.append(Finding.of("carve.no-manifest", database.pieces[0].span, message))
    else:
        found += [_missing_table(database.claims, prefix, number) for number in database.missing]
        log = log_name(database.claims.log_number)
        if database.claims.log_number and log not in database.names.values():
            message = f"{prefix}{log}: the manifest counts on this log, and it was not found (or was empty)"
            found.append(Finding.of("log.missing", Span(prefix + log), message))
    for piece in unsure:
        place = f"{piece.image.name}: the {piece.kind} at offset {piece.span.offset}"
        message = f"{place} was put into {database.folder}, and nothing says that it is not of another database"
        found.append(Finding.of("carve.unsure", piece.span, message))
    for index in numbered.nameless:
        piece = database.pieces[index]
        message = f"{piece.image.name}: the {piece.kind} at offset {piece.span.offset} is older than its manifest; it was left out"
        found.append(Finding.of("carve.nameless", piece.span, message))
    return found


def _missing_table(claims: Claims, prefix: str, number: int) -> Finding:
    metadata = claims.live[number]
    name = prefix + table_name(number)
    message = f"{name}: the manifest counts on this table ({metadata.file_size} bytes), and it was not found"
    keys = KeyRange(user_key_of(metadata.smallest), user_key_of(metadata.largest))
    return Finding.of("table.missing", Span(name), message, keys)


def write_database(target: NewDirectory, database: Database) -> None:
    """Write one database into a directory that is being built, every file synced.

    Raises:
        StorageError: the image cannot be read, or the file system refuses.
    """
    place = Path(target.path(database.folder)) if database.folder else Path(target.path(_CURRENT)).parent
    if database.folder:
        place.mkdir()
    for index, name in database.names.items():
        _write(place / name, database.pieces[index])
    if database.current is not None:
        _write_bytes(place / _CURRENT, f"{database.current}\n".encode())
    sync_directory(place)


def _write(path: Path, piece: Piece) -> None:
    with _new_file(path) as descriptor:
        for chunk in piece.chunks():
            _write_all(descriptor, chunk)


def _write_bytes(path: Path, data: bytes) -> None:
    with _new_file(path) as descriptor:
        _write_all(descriptor, data)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[int]:
    """A new file, fsynced. What is refused gets its name: by that ``NewDirectory`` tells it from what is read."""
    descriptor = os.open(path, CREATE_FLAGS, 0o666)
    try:
        yield descriptor
        os.fsync(descriptor)
    except OSError as error:
        if not isinstance(error, StorageError):
            error.filename = str(path)
        raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
