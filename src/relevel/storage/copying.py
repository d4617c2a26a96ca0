"""Copies of a file's content: by reference where the file system can share blocks, in chunks elsewhere."""

from __future__ import annotations

import os
import stat
import sys
from typing import Final

from relevel.errors import StorageError
from relevel.storage.failure import storage_error
from relevel.storage.read_only import open_quietly

if sys.platform == "linux":
    import fcntl

_CHUNK_SIZE: Final = 1 << 20
_FICLONE: Final = 0x40049409
"""Linux's ioctl that makes one file share another's blocks (Btrfs, XFS, bcachefs, OCFS2)."""


def copy_contents(source_path: str, target: int) -> int:
    """Copy a file's content into an open, empty file. Returns its size.

    Raises:
        StorageError: the source cannot be read.
        OSError: the target cannot be written.
    """
    try:
        source = open_quietly(source_path)
    except OSError as error:
        raise storage_error("cannot read", source_path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise StorageError(f"cannot copy {source_path!r}: it is not a regular file")
        if not _share_blocks(source, target):
            _copy_chunks(source, target, source_path)
        return os.fstat(target).st_size
    finally:
        os.close(source)


def _share_blocks(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _copy_chunks(source: int, target: int, source_path: str) -> None:
    while True:
        try:
            chunk = os.read(source, _CHUNK_SIZE)
        except OSError as error:
            raise storage_error("cannot read", source_path, error) from error
        if not chunk:
            return
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(target, rest) :]
