"""find: every copy of one key on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.recovery.inventory.steady import steadily
from relevel.recovery.read.newest import newest
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Rows, Version


@dataclass(frozen=True, slots=True)
class Copy:
    """One version of the key in one file.

    Attributes:
        version: the version; its state is the one it has in the whole database, its source this file.
        level: the level of the table; None for a log, or where no manifest says.
        standing: what the file counts for.
    """

    version: Version
    level: int | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class FindReport:
    """Every copy of one key.

    Attributes:
        key: the user key.
        copies: newest first; the same version in several files comes once for each.
        findings: what was found wrong in the files that may hold the key.
        unproved: those of the database that may have cost a newer version than the newest that can be read; empty where it is
            proved that there was none.
    """

    key: bytes
    copies: tuple[Copy, ...]
    findings: tuple[Finding, ...]
    unproved: tuple[Finding, ...]


def find(path: str | os.PathLike[str], key: bytes, *, comparator: Comparator | None = None) -> FindReport:
    """Find every version of a key in every file: live, superseded and orphan tables, and all logs.

    Args:
        path: the database's directory.
        key: the user key.
        comparator: the order of the keys, where the manifest does not name a known one.

    Raises:
        NotADatabaseError, StorageError: there is nothing to read.
        DatabaseInUseError: another program changes it faster than it can be read.
    """
    return steadily(path, lambda directory: _find(Reader(path, comparator, directory=directory), key))


def _find(reader: Reader, key: bytes) -> FindReport:
    rows = reader.rows("versions", past=True, start=key)
    states = {(version.sequence, version.type, version.value): version.state for version in _of_key(rows, key)}
    findings = {(finding.code, finding.span): finding for finding in rows.findings}
    copies: list[Copy] = []
    for file in _candidates(reader, key):
        alone = Reader(reader.directory.path, reader.comparator, only=file.name, directory=reader.directory)
        in_file = alone.rows("versions", past=True, start=key)
        for version in _of_key(in_file, key):
            state = states.get((version.sequence, version.type, version.value), version.state)
            copies.append(Copy(version._replace(state=state), file.level, file.standing))
        findings.update({(finding.code, finding.span): finding for finding in in_file.findings})
    reader.refuse_outrun()
    copies.sort(key=lambda copy: (-copy.version.sequence, copy.version.file, copy.version.offset))
    return FindReport(key, tuple(copies), tuple(findings.values()), newest(reader, key).doubts)


def _of_key(rows: Rows, key: bytes) -> Iterator[Version]:
    return takewhile(lambda version: version.key == key, rows)


def _candidates(reader: Reader, key: bytes) -> Iterator[DatabaseFile]:
    """The files that may hold the key: all but the tables whose range, by the manifest, ends before or begins after it."""
    compare = reader.comparator.compare
    for file in [*reader.directory.of_kind(FileKind.TABLE), *reader.directory.of_kind(FileKind.LOG)]:
        bounds = file.metadata
        if bounds is None or (
            compare(user_key_of(bounds.smallest), key) <= 0 and compare(key, user_key_of(bounds.largest)) <= 0
        ):
            yield file
