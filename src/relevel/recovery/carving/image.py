"""Images: the files, or the one device, in which lost tables and logs are looked for. Opened for reading only."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from relevel import _kernel
from relevel.errors import InvalidArgumentError
from relevel.storage.failure import refusals
from relevel.storage.read_only import LOCK_NAME, EntryKind, ReadOnlyDirectory


@dataclass(frozen=True, slots=True)
class Image:
    """Bytes to look through.

    Attributes:
        name: what reports call it: the path that was given, or within the directory that was given.
        path: where it is.
        size: bytes.
    """

    name: str
    path: str
    size: int

    def open(self) -> _kernel.File:
        """Open it.

        Raises:
            StorageError: it cannot be opened.
        """
        return _open(self.path)

    def read(self, offset: int, size: int) -> bytes:
        """Read bytes of it; fewer where it ends before.

        Raises:
            StorageError: they cannot be read.
        """
        with refusals("cannot read", self.path):
            return self.open().read(offset, size)


def find_images(source: str | os.PathLike[str]) -> list[Image]:
    """An image or device itself; of a directory every file in it and below, in order of names. Links are not followed.

    Raises:
        InvalidArgumentError: the path is empty, or leads to something that has no bytes to read at a place.
        StorageError: it is not there or may not be read.
    """
    path = os.fsdecode(source)
    if not path:
        raise InvalidArgumentError("the path of the image is empty")
    with refusals("cannot read", path):
        mode = Path(path).stat().st_mode
    if stat.S_ISDIR(mode):
        return list(_below(path, ""))
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        raise InvalidArgumentError(f"{path!r} is neither a file, a block device nor a directory")
    return [Image(path, path, _open(path).size)]


def _below(path: str, prefix: str) -> Iterator[Image]:
    directory = ReadOnlyDirectory(path)
    for entry in directory.entries():
        below = directory.path(entry.name)
        if entry.kind is EntryKind.REGULAR and entry.size and entry.name != LOCK_NAME:
            yield Image(prefix + entry.name, below, entry.size)
        elif entry.kind is EntryKind.OTHER and stat.S_ISDIR(os.lstat(below).st_mode):
            yield from _below(below, f"{prefix}{entry.name}/")


def _open(path: str) -> _kernel.File:
    with refusals("cannot open", path):
        return _kernel.File(path)
