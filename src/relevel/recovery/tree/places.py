"""Places: directories under a tree that hold a LevelDB, damaged ones too, and those that cannot be looked into.

A directory is taken for a database where its names say so together, or where the bytes of a file do::

    MANIFEST-NNNNNN                 a database, with or without CURRENT
    CURRENT                         a database whose manifests are gone, if CURRENT names one, or LOCK or tables are there too
    NNNNNN.ldb                      tables alone; of NNNNNN.sst one must end in LevelDB's number
    NNNNNN.log                      logs alone; one must begin with a record
    OPTIONS-NNNNNN or IDENTITY      RocksDB's, which has LevelDB's names: told, and not read

No symbolic link is followed, no other file system is entered, and what is neither a file nor a directory is not opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relevel import _kernel
from relevel.errors import NotADatabaseError
from relevel.format.filename import FileKind, parse_filename
from relevel.format.footer import TABLE_MAGIC
from relevel.storage.failure import refusals
from relevel.storage.read_only import open_quietly

_ROCKSDB: Final = ("OPTIONS-", "IDENTITY")
_MOST_LOOKED_AT: Final = 16
_RECORD_HEADER: Final = 7
_RECORD_TYPES: Final = range(1, 5)
_MOST_CURRENT: Final = 100
_SPECIAL: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a disk"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A directory that holds a LevelDB."""

    path: Path


@dataclass(frozen=True, slots=True)
class PassedBy:
    """Something that was not looked into, or not read.

    Attributes:
        path: what.
        reason: why not.
        is_refused: whether the system refused, so that databases may have been missed.
    """

    path: str
    reason: str
    is_refused: bool


def find_places(root: Path) -> Iterator[Place | PassedBy]:
    """Walk a tree, in the order of names.

    Raises:
        NotADatabaseError: the root is no directory.
        StorageError: it cannot be looked at.
    """
    with refusals("cannot read", str(root)):
        status = root.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADatabaseError(f"{str(root)!r} is a file; give the directory under which databases are to be found")
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            if folder != root and folder.lstat().st_dev != status.st_dev:
                yield PassedBy(str(folder), "another file system: survey it by itself", is_refused=False)
                continue
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            waiting += reversed(list(_folders(listed)))
            yield from _look_at(folder, listed)
            yield from _special(listed)
        except OSError as error:
            yield PassedBy(str(folder), error.strerror or str(error), is_refused=True)


def _folders(entries: list[os.DirEntry[str]]) -> Iterator[Path]:
    return (Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def _special(entries: list[os.DirEntry[str]]) -> Iterator[PassedBy]:
    """What is neither a file nor a directory nor a link."""
    for entry in entries:
        if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False) or entry.is_symlink()):
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except FileNotFoundError:  # it has gone since
                continue
            what = next((name for is_it, name in _SPECIAL if is_it(mode)), "no file")
            yield PassedBy(entry.path, f"{what}: not opened", is_refused=False)


def _look_at(folder: Path, entries: list[os.DirEntry[str]]) -> Iterator[Place | PassedBy]:
    names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    kinds: dict[FileKind, list[str]] = {}
    for name in names:
        kinds.setdefault(parse_filename(name).kind, []).append(name)
    if not _is_database(folder, kinds):
        return
    if _is_rocksdb(folder, names, kinds):
        yield PassedBy(str(folder), "a RocksDB, which relevel does not read", is_refused=False)
        return
    yield Place(folder)


def _is_rocksdb(folder: Path, names: list[str], kinds: dict[FileKind, list[str]]) -> bool:
    """Whether RocksDB's own files are there, and no table is LevelDB's."""
    if not any(name.startswith(_ROCKSDB) for name in names):
        return False
    return not any(_ends_as_a_table(folder / name) for name in kinds.get(FileKind.TABLE, ())[:_MOST_LOOKED_AT])


def _is_database(folder: Path, kinds: dict[FileKind, list[str]]) -> bool:
    if FileKind.MANIFEST in kinds:
        return True
    tables, logs = kinds.get(FileKind.TABLE, []), kinds.get(FileKind.LOG, [])
    if FileKind.CURRENT in kinds and (tables or FileKind.LOCK in kinds or _names_a_manifest(folder / "CURRENT")):
        return True
    if any(name.endswith(".ldb") for name in tables):
        return True
    if any(_ends_as_a_table(folder / name) for name in tables[:_MOST_LOOKED_AT]):
        return True
    return any(_begins_as_a_log(folder / name) for name in logs[:_MOST_LOOKED_AT])


def _names_a_manifest(path: Path) -> bool:
    return parse_filename(_read(path, 0, _MOST_CURRENT).decode("ascii", "replace").strip()).kind is FileKind.MANIFEST


def _ends_as_a_table(path: Path) -> bool:
    return _read(path, -8, 8) == TABLE_MAGIC.to_bytes(8, "little")


def _begins_as_a_log(path: Path) -> bool:
    header = _read(path, 0, _RECORD_HEADER)
    if len(header) < _RECORD_HEADER or header[6] not in _RECORD_TYPES:
        return False
    size = int.from_bytes(header[4:6], "little")
    payload = _read(path, _RECORD_HEADER, size)
    stored = int.from_bytes(header[:4], "little")
    return len(payload) == size and _kernel.mask_crc(_kernel.crc32c(header[6:7] + payload)) == stored


def _read(path: Path, offset: int, size: int) -> bytes:
    """Some bytes of a file, from its end where the offset is negative; none where it cannot be read."""
    try:
        descriptor = open_quietly(str(path))
    except OSError:
        return b""
    try:
        if offset < 0:
            offset = max(0, os.fstat(descriptor).st_size + offset)
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
