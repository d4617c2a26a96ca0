"""A directory that is evidence: listed and read, never written to.

What is promised, and how it is kept:

- No byte, name or time stamp changes. Files and the directory itself are opened for reading only and, where the system
  allows it (Linux, for the owner), without touching their access times.
- LOCK is never opened. Closing any descriptor of a file drops every POSIX lock that this process holds on it, so that
  merely hashing LOCK would unlock a database that the same process has open.
- Nothing but regular files (or symbolic links to them) is opened: no pipe to wait on, no device to disturb.
- A name cannot lead out of the directory, whoever wrote it: names come out of CURRENT files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from relevel import _kernel
from relevel.errors import InvalidArgumentError, NotADatabaseError, StorageError
from relevel.storage.failure import storage_error
from relevel.storage.lock import is_locked
from relevel.strenum import StrEnum

LOCK_NAME: Final = "LOCK"
NO_LIMIT: Final = 1 << 63
"""What no block and no record has: bytes."""
WHOLE_READ_LIMIT: Final = 1 << 30
"""Bytes up to which ``read`` reads a file whole; past it, the caller must say how much."""

_CHUNK_SIZE: Final = 1 << 20
_READ_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
_NO_ACCESS_TIME: Final = getattr(os, "O_NOATIME", 0)


class EntryKind(StrEnum):
    """What an entry of a directory is to the file system."""

    REGULAR = "regular"
    SYMLINK = "symlink"
    """A symbolic link that ends at a regular file; size and time are the file's."""
    OTHER = "other"
    """A directory, pipe, socket, device or broken link: never opened."""


class DirectoryEntry(NamedTuple):
    """One name in a directory.

    Attributes:
        name: undecodable bytes as surrogate escapes.
        size: bytes; 0 where the kind is OTHER.
        mtime_ns: when the content last changed, in nanoseconds since 1970.
        kind: what it is.
    """

    name: str
    size: int
    mtime_ns: int
    kind: EntryKind

    @property
    def is_file(self) -> bool:
        """Whether there is content to read: a regular file, or a link to one."""
        return self.kind is not EntryKind.OTHER


class FileFingerprint(NamedTuple):
    """One entry and the SHA-256 of its content in hex: None for LOCK, for what is no file, for what is unreadable."""

    entry: DirectoryEntry
    sha256: str | None


class ReadOnlyDirectory:
    """A directory whose files are read and never changed. Cheap, picklable, safe for threads; holds no descriptor."""

    __slots__ = ("_location", "root")

    root: Path
    """The directory, as it was given."""

    def __init__(self, path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> None:
        """Name a directory.

        Raises:
            InvalidArgumentError: the path is empty, as an unset variable is.
            NotADatabaseError: a file is there.
            StorageError: nothing is there, or it may not be listed.
        """
        name = os.fsdecode(path)
        if not name or "\0" in name:
            raise InvalidArgumentError(f"{name!r} is not the path of a directory")
        self.root = Path(name)
        self._location = str(self.root)
        descriptor = self._open_directory()
        if descriptor is not None:
            os.close(descriptor)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._location!r})"

    def entries(self, is_wanted: Callable[[str], bool] | None = None) -> tuple[DirectoryEntry, ...]:
        """List the directory as it is now, in the order of names. Opens none of the files.

        Args:
            is_wanted: told a name, whether to describe it; all are described where it is not given.

        Raises:
            StorageError: the directory cannot be listed.
        """
        descriptor = self._open_directory()
        try:
            with os.scandir(self._location if descriptor is None else descriptor) as found:
                entries = [_describe(entry) for entry in found if is_wanted is None or is_wanted(entry.name)]
        except OSError as error:
            raise storage_error("cannot list", self._location, error) from error
        finally:
            if descriptor is not None:
                os.close(descriptor)
        return tuple(sorted(entry for entry in entries if entry is not None))

    def path(self, name: str) -> str:
        """Give the path of a name in the directory, for callers that open it read-only themselves.

        Raises:
            InvalidArgumentError: the name is empty or leads out of the directory.
        """
        if name in {"", ".", ".."} or "/" in name or "\0" in name or (os.altsep is not None and os.sep in name):
            raise InvalidArgumentError(f"{name!r} is not the name of a file in {self._location!r}")
        return f"{self._location}{'' if self._location.endswith(os.sep) else os.sep}{name}"

    def source(self, name: str) -> str | _kernel.File | _kernel.Limited:
        """Give what the kernel reads a file from.

        Raises:
            InvalidArgumentError: as ``path``.
        """
        return self.whole_source(name)

    def whole_source(self, name: str) -> str | _kernel.File:
        """Give the file as it is, or its path, for copying it or for an engine: nothing limits what is looked at.

        Raises:
            InvalidArgumentError: as ``path``.
        """
        return self.path(name)

    @property
    def block_limit(self) -> int:
        """Bytes up to which a block or record is looked at: whatever it has."""
        return NO_LIMIT

    def has_moved_on(self, name: str) -> bool:
        """Whether a file was written to or deleted since it was first looked at: never, where nothing was kept of it."""
        return False

    @property
    def is_locked(self) -> bool:
        """Whether the system says that a program has the database open. LOCK is not touched."""
        return is_locked(self.path(LOCK_NAME))

    def exists(self, name: str) -> bool:
        """Say whether there is a regular file, or a link to one, of this name."""
        try:
            return stat.S_ISREG(os.stat(self.path(name)).st_mode)  # noqa: PTH116 - at every opening
        except (OSError, InvalidArgumentError):
            return False

    def size(self, name: str) -> int:
        """Give a file's size in bytes.

        Raises:
            StorageError: it is not there, or not a file.
        """
        return self._file_status(name).st_size

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        """Read bytes of a file; fewer than ``size`` where the file ends before.

        Args:
            name: a name in the directory.
            offset: bytes from the start of the file.
            size: how many bytes at most; None reads to the end.

        Raises:
            StorageError: not a file, not readable, LOCK, or more than ``WHOLE_READ_LIMIT`` bytes without a ``size``.
        """
        with self._opened(name) as descriptor:
            rest = max(0, os.fstat(descriptor).st_size - offset)
            if size is None and rest > WHOLE_READ_LIMIT:
                raise StorageError(f"{self.path(name)!r} has {rest} bytes: too many to read at once")
            return _read_at(descriptor, offset, rest if size is None else min(size, rest))

    def sha256(self, name: str) -> str:
        """Hash a file's content; hex digits.

        Raises:
            StorageError: as ``read``.
        """
        digest = hashlib.sha256()
        with self._opened(name) as descriptor:
            offset = 0
            while chunk := _read_at(descriptor, offset, _CHUNK_SIZE):
                digest.update(chunk)
                offset += len(chunk)
        return digest.hexdigest()

    def fingerprint(self) -> tuple[FileFingerprint, ...]:
        """Describe every entry with its content's hash; equal before and after where nothing was touched.

        Reads every file whole.
        """
        return tuple(FileFingerprint(entry, self._hash_if_readable(entry)) for entry in self.entries())

    def _hash_if_readable(self, entry: DirectoryEntry) -> str | None:
        if not entry.is_file or entry.name == LOCK_NAME:
            return None
        try:
            return self.sha256(entry.name)
        except StorageError:
            return None

    def _open_directory(self) -> int | None:
        """Open the directory for listing; None where this system lists by path only."""
        try:
            if not stat.S_ISDIR(os.stat(self._location).st_mode):  # noqa: PTH116 - at every opening
                raise NotADatabaseError(_not_a_directory(self._location))
            return open_quietly(self._location) if os.scandir in os.supports_fd else None
        except OSError as error:
            raise storage_error("cannot open", self._location, error) from error

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        path = self.path(name)
        self._file_status(name)
        try:
            descriptor = open_quietly(path)
        except OSError as error:
            raise storage_error("cannot open", path, error) from error
        try:
            yield descriptor
        except OSError as error:
            if isinstance(error, StorageError):
                raise
            raise storage_error("cannot read", path, error) from error
        finally:
            os.close(descriptor)

    def _file_status(self, name: str) -> os.stat_result:
        path = self.path(name)
        try:
            status = os.stat(path)  # noqa: PTH116 - at every opening
        except OSError as error:
            raise storage_error("cannot read", path, error) from error
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(f"cannot read {path!r}: it is not a regular file")
        if name == LOCK_NAME or self._is_lock(status):
            raise StorageError(f"cannot read {path!r}: closing a lock's file drops the locks that this process holds")
        return status

    def _is_lock(self, status: os.stat_result) -> bool:
        """Whether a file is LOCK under another name: a link to it, or a file system that ignores case."""
        try:
            lock = os.stat(self.path(LOCK_NAME))  # noqa: PTH116 - at every opening
        except OSError:
            return False
        return status.st_ino != 0 and os.path.samestat(status, lock)


def _describe(entry: os.DirEntry[str]) -> DirectoryEntry | None:
    """Describe one name; None where it went away since it was listed."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISREG(status.st_mode):
        return DirectoryEntry(entry.name, status.st_size, status.st_mtime_ns, EntryKind.REGULAR)
    kind = EntryKind.OTHER
    if stat.S_ISLNK(status.st_mode):
        with contextlib.suppress(OSError):
            target = entry.stat()
            if stat.S_ISREG(target.st_mode):
                kind, status = EntryKind.SYMLINK, target
    return DirectoryEntry(entry.name, 0 if kind is EntryKind.OTHER else status.st_size, status.st_mtime_ns, kind)


def open_quietly(path: str) -> int:
    """Open for reading without touching the access time where that is allowed."""
    if _NO_ACCESS_TIME:
        with contextlib.suppress(PermissionError):  # Linux allows O_NOATIME to a file's owner only
            return os.open(path, _READ_FLAGS | _NO_ACCESS_TIME)
    return os.open(path, _READ_FLAGS)


def _read_at(descriptor: int, offset: int, size: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    chunks = []
    while size > 0 and (chunk := os.read(descriptor, min(size, _CHUNK_SIZE))):
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _not_a_directory(location: str) -> str:
    parent = str(Path(location).absolute().parent)
    return f"{location!r} is a file; give the directory that holds the database, such as {parent!r}"
