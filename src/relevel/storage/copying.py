"""Copies of a file's content: by reference where the file system can share blocks, in chunks elsewhere."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

from relevel._kernel import File
from relevel.errors import StorageError
from relevel.storage.failure import refusals, storage_error

if sys.platform == "linux":
    import fcntl

_CHUNK_SIZE: Final = 1 << 18
_FICLONE: Final = 0x40049409
"""Linux's ioctl that makes one file share another's blocks (Btrfs, XFS, bcachefs, OCFS2)."""


def copy_contents(source: str | File, target: int, size: int | None = None) -> int:
    """Copy a file's content, or its first ``size`` bytes, into an open, empty file. Returns how many bytes there are now.

    Args:
        source: its path, or the file held open.
        target: a descriptor open for writing.
        size: bytes wanted; None for all.

    Raises:
        StorageError: the source cannot be read.
        OSError: the target cannot be written.
    """
    file = source if isinstance(source, File) else _open(source)
    if not _share_blocks(file, target):
        _copy_chunks(file, target)
    if size is not None:
        os.ftruncate(target, size)
    return os.fstat(target).st_size


def _open(path: str) -> File:
    with refusals("cannot read", path):
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise StorageError(f"cannot copy {path!r}: it is not a regular file")
        return File(path)


def _share_blocks(source: File, target: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target, _FICLONE, source.fileno())
    except OSError:
        return False
    return True


def _copy_chunks(source: File, target: int) -> None:
    offset = 0
    while True:
        try:
            chunk = source.read(offset, _CHUNK_SIZE)
        except OSError as error:
            raise storage_error("cannot read", os.fsdecode(error.filename or "a file"), error) from error
        if not chunk:
            return
        offset += len(chunk)
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(target, rest) :]
