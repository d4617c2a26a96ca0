"""The names of a database's files.

Source: google/leveldb, db/filename.cc; ``CURRENT.N``, ``CURRENT.bak`` and ``.tmp`` are goleveldb's (file_storage.go).

::

    000005.ldb  000005.sst       a table                   CURRENT       names the manifest in use
    000006.log                   a log                     CURRENT.7     goleveldb: a CURRENT not yet renamed into place
    MANIFEST-000004              a manifest                CURRENT.bak   goleveldb: the CURRENT before this one
    000007.dbtmp  000007.tmp     half-made files           LOCK          the lock; its content is never used
                                                           LOG, LOG.old  messages for people

Numbers are decimal, padded to six digits and not cut at six; one counter serves logs, tables, manifests and temporary
files.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from relevel.strenum import StrEnum

MAX_FILE_NUMBER: Final = (1 << 64) - 1
"""File numbers are unsigned 64-bit. Part of the file format."""

_NUMBERED: Final = re.compile(r"([0-9]+)\.(ldb|sst|log|dbtmp|tmp)")
_PREFIXED: Final = re.compile(r"(MANIFEST-|CURRENT\.)([0-9]+)")


class FileKind(StrEnum):
    """What a file of a database is, by its name."""

    TABLE = "table"
    LOG = "log"
    MANIFEST = "manifest"
    CURRENT = "current"
    CURRENT_PENDING = "current-pending"
    CURRENT_BACKUP = "current-backup"
    LOCK = "lock"
    INFO_LOG = "info-log"
    TEMP = "temp"
    STRANGER = "stranger"


_KIND_BY_SUFFIX: Final = {
    "ldb": FileKind.TABLE,
    "sst": FileKind.TABLE,
    "log": FileKind.LOG,
    "dbtmp": FileKind.TEMP,
    "tmp": FileKind.TEMP,
}
_KIND_BY_PREFIX: Final = {"MANIFEST-": FileKind.MANIFEST, "CURRENT.": FileKind.CURRENT_PENDING}
_KIND_BY_NAME: Final = {
    "CURRENT": FileKind.CURRENT,
    "CURRENT.bak": FileKind.CURRENT_BACKUP,
    "LOCK": FileKind.LOCK,
    "LOG": FileKind.INFO_LOG,
    "LOG.old": FileKind.INFO_LOG,
}


class FileName(NamedTuple):
    """A name and what it says.

    Attributes:
        kind: what the file is; ``STRANGER`` where the name is none of LevelDB's.
        number: the file number; None where the kind has none.
        name: the name as it was given, undecodable bytes as surrogate escapes.
    """

    kind: FileKind
    number: int | None
    name: str


def parse_filename(name: str) -> FileName:
    """Say what a file is by its name, as LevelDB and goleveldb would.

    Any number of digits is a number as long as it fits 64 bits; only ASCII digits are digits.
    """
    kind = _KIND_BY_NAME.get(name)
    if kind is not None:
        return FileName(kind, None, name)
    if match := _NUMBERED.fullmatch(name):
        return _with_number(_KIND_BY_SUFFIX[match[2]], match[1], name)
    if match := _PREFIXED.fullmatch(name):
        return _with_number(_KIND_BY_PREFIX[match[1]], match[2], name)
    return FileName(FileKind.STRANGER, None, name)


def _with_number(kind: FileKind, digits: str, name: str) -> FileName:
    significant = digits.lstrip("0")
    if len(significant) <= 20:  # no longer number fits 64 bits, and int() is slow and refuses thousands of digits
        number = int(significant or "0")
        if number <= MAX_FILE_NUMBER:
            return FileName(kind, number, name)
    return FileName(FileKind.STRANGER, None, name)


def table_name(number: int, suffix: str = ".ldb") -> str:
    """Name the table with this number; ``suffix`` is ``.ldb``, or ``.sst`` as LevelDB wrote before 1.14."""
    return f"{number:06d}{suffix}"


def log_name(number: int) -> str:
    """Name the log with this number."""
    return f"{number:06d}.log"


def manifest_name(number: int) -> str:
    """Name the manifest with this number."""
    return f"MANIFEST-{number:06d}"


def temp_name(number: int) -> str:
    """Name the temporary file with this number, as LevelDB makes one before it renames it to CURRENT."""
    return f"{number:06d}.dbtmp"


NAME_MAKERS: Final = {FileKind.TABLE: table_name, FileKind.LOG: log_name, FileKind.MANIFEST: manifest_name}
"""What names tables (as ``.ldb``), logs and manifests."""


def is_asked_for(name: FileName) -> bool:
    """Say whether LevelDB looks for a table or a log under this very name: it pads numbers to six digits.

    Other files have the names that they have: a manifest the one that CURRENT gives it.
    """
    if name.number is None or name.kind not in (FileKind.TABLE, FileKind.LOG):
        return True
    if name.kind is FileKind.LOG:
        return name.name == log_name(name.number)
    return name.name in (table_name(name.number), table_name(name.number, ".sst"))
