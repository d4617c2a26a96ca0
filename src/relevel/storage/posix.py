"""New directories that appear whole or not at all.

A result is built in a hidden sibling, ``.<name>.relevel-<random>``; each file is fsynced as it is finished. ``publish``
fsyncs the directory, renames it into place in one step that never replaces anything, and fsyncs the parent. Whatever
else ends the work, the sibling is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from relevel import _kernel
from relevel._kernel import File
from relevel.errors import DestinationExistsError, InvalidArgumentError, RelevelError, StorageError
from relevel.storage.copying import copy_contents
from relevel.storage.failure import named_error, storage_error
from relevel.storage.removal import remove_directory
from relevel.storage.rename import rename_without_replacing

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LONGEST_PREFIX: Final = 60
CREATE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""How a new file is opened: for writing, and never over one that exists."""


class NewDirectory:
    """A directory being built; a context manager.

    ::

        with NewDirectory("rescued", source="broken", space_needed=total) as new:
            new.copy(table_path, "000005.ldb")
            new.write("CURRENT", b"MANIFEST-000001\\n")
            new.publish()

    Leaving the block without ``publish`` removes everything. One owner; ``path`` may be handed to other processes.
    """

    def __init__(
        self,
        destination: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        source: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None,
        space_needed: int | None = None,
        may_be_taken: bool = False,
    ) -> None:
        """Name the directory to be made; nothing is made yet.

        Args:
            destination: must not exist; its parent must.
            source: the evidence; a destination in or below it is refused.
            space_needed: bytes that will be written, where that is known; told to the user when the disk is full.
            may_be_taken: leave it to ``with`` to refuse what is there.

        Raises:
            DestinationExistsError: something is at the destination.
            InvalidArgumentError: the destination is empty, or in or below the source.
        """
        self.destination = os.fsdecode(destination)
        if not self.destination:
            raise InvalidArgumentError("the destination is empty; give the path of a directory to be made")
        self._place = Path(self.destination).absolute()
        self._space_needed = space_needed
        self._building: Path | None = None
        self._names: set[str] = set()
        self._published = False
        if not may_be_taken:
            self._refuse_taken()
        if source is not None:
            self._refuse_inside(os.fsdecode(source))

    def __enter__(self) -> NewDirectory:
        """Make the hidden sibling.

        Raises:
            DestinationExistsError: something has appeared at the destination.
            StorageError: the parent is missing or not writable.
        """
        self._refuse_taken()
        prefix = os.fsdecode(os.fsencode(self._place.name)[:_LONGEST_PREFIX])
        building = self._place.parent / f".{prefix}.relevel-{secrets.token_hex(6)}"
        try:
            building.mkdir()
        except OSError as error:
            raise self._explain(error, doing="cannot make") from error
        self._building = building
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove what was not published, and say in plain words what the file system refused."""
        if not self._published and self._building is not None:
            remove_directory(self._building, self._names)
        if isinstance(error, OSError) and not isinstance(error, RelevelError | InterruptedError):
            if self._is_ours(error):
                raise self._explain(error, doing="cannot write") from error
            if error.filename is not None:  # one without is the caller's, such as of a pipe that progress is written to
                raise named_error("cannot read", self.destination, error) from error

    def path(self, name: str) -> str:
        """Give the path of a file in the directory: where it is built, and after ``publish`` where it is."""
        if self._building is None:
            raise InvalidArgumentError(f"{self.destination!r} is not being built; use `with NewDirectory(…)`")
        if name in {"", ".", ".."} or Path(name).name != name:
            raise InvalidArgumentError(f"{name!r} is not the name of a file")
        self._names.add(name)
        return str((self._place if self._published else self._building) / name)

    def write(self, name: str, data: bytes) -> None:
        """Write a new file, fsynced.

        Raises:
            DestinationExistsError: the directory has a file of this name.
            StorageError: the file system refuses.
        """
        with self._created(name) as descriptor:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)

    def link(self, source_path: str, name: str) -> None:
        """Give a file that never changes a second name in the directory; copy it where the file system cannot.

        Raises:
            DestinationExistsError, StorageError: as ``copy``.
        """
        try:
            os.link(source_path, self.path(name))
        except FileExistsError as error:
            raise DestinationExistsError(f"{self.path(name)!r} is being written twice") from error
        except OSError:
            self.copy(source_path, name)

    def copy(
        self,
        source: str | bytes | os.PathLike[str] | os.PathLike[bytes] | File,
        name: str,
        size: int | None = None,
    ) -> int:
        """Copy a file's content, or its first ``size`` bytes, to a new file, fsynced; by reference where the file system can.
        Returns its size.

        The new file has the mode and time of a new file, not the source's.

        Raises:
            DestinationExistsError: the directory has a file of this name.
            StorageError: the file system refuses.
        """
        with self._created(name) as descriptor:
            content = source if isinstance(source, File) else os.fsdecode(source)
            copied = copy_contents(content, descriptor, size)
            os.fsync(descriptor)
        return copied

    def rename(self, name: str, new_name: str) -> None:
        """Give a finished file of the directory another name.

        Raises:
            DestinationExistsError: the directory has a file of this name.
            StorageError: the file system refuses.
        """
        try:
            rename_without_replacing(Path(self.path(name)), Path(self.path(new_name)))
        except FileExistsError as error:
            raise DestinationExistsError(f"{self.path(new_name)!r} is being written twice") from error

    def publish(self) -> None:
        """Put the directory in its place, durably.

        Raises:
            DestinationExistsError: something has appeared at the destination.
            StorageError: the file system refuses.
        """
        if self._building is None or self._published:
            raise InvalidArgumentError(f"{self.destination!r} is not being built, or is published")
        try:
            sync_directory(self._building)
            rename_without_replacing(self._building, self._place)
            self._published = True
            sync_directory(self._place.parent)
        except FileExistsError as error:
            raise _taken(self.destination) from error
        except OSError as error:
            raise self._explain(error, doing="cannot publish") from error

    @contextlib.contextmanager
    def _created(self, name: str) -> Iterator[int]:
        path = self.path(name)
        try:
            descriptor = os.open(path, CREATE_FLAGS, 0o666)
        except FileExistsError as error:
            raise DestinationExistsError(f"{path!r} is being written twice") from error
        except OSError as error:
            raise self._explain(error, doing="cannot write") from error
        try:
            yield descriptor
        except OSError as error:
            if isinstance(error, RelevelError):
                raise
            raise self._explain(error, doing="cannot write") from error
        finally:
            os.close(descriptor)

    def _refuse_taken(self) -> None:
        if os.path.lexists(self._place):
            raise _taken(self.destination)

    def _refuse_inside(self, source: str) -> None:
        evidence, parent = Path(source).resolve(), self._place.parent.resolve()
        if parent == evidence or evidence in parent.parents:
            raise InvalidArgumentError(
                f"{self.destination!r} lies in {source!r}, which is not written to; choose a destination outside it"
            )

    def _is_ours(self, error: OSError) -> bool:
        """Whether the refusal was about what is being written, not about what is being read."""
        if error.errno in _NO_SPACE:
            return True
        named = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
        return self._building is not None and any(name.startswith(str(self._building)) for name in named)

    def _explain(self, error: OSError, *, doing: str) -> StorageError:
        if error.errno in _NO_SPACE:
            reason = self._no_space()
        elif error.errno == errno.ENOENT:
            reason = "the directory that would hold it does not exist; make it first"
        else:
            return storage_error(doing, self.destination, error)
        explained = StorageError(f"{doing} {self.destination!r}: {reason}")
        explained.errno = error.errno
        return explained

    def _no_space(self) -> str:
        needed = "" if self._space_needed is None else f"{self._space_needed} bytes are needed, "
        try:
            free = shutil.disk_usage(self._place.parent).free + self._size_so_far()
        except OSError:
            return f"no space left; {needed}choose another destination or make room"
        return f"no space left: {needed}{free} bytes are free without the half-made result; choose another destination or make room"

    def _size_so_far(self) -> int:
        if self._building is None or not self._building.is_dir():
            return 0
        return sum(file.stat().st_size for file in self._building.iterdir())


def _taken(destination: str) -> DestinationExistsError:
    return DestinationExistsError(f"{destination!r} exists; relevel never writes over anything: choose another name")


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable. Windows has no way to, and needs none."""
    if sys.platform == "win32":
        return
    _kernel.sync_directory(str(path))
