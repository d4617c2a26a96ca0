"""Removing a database: its files, and its directory if nothing else is in it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from relevel.files.lock import DatabaseLock
from relevel.format.filename import FileKind, parse_filename
from relevel.storage.failure import refusals
from relevel.storage.living import LivingDirectory
from relevel.storage.read_only import LOCK_NAME


def destroy(name: str | bytes | os.PathLike[str]) -> None:
    """Remove every file of a database, and the directory where that leaves it empty. Nothing there is no error.

    Raises:
        LockedError: it is open; nothing was removed.
        StorageError: the file system refuses; files may have been removed before.
    """
    path = os.fsdecode(name)
    if not Path(path).is_dir():
        return
    directory = LivingDirectory(path)
    lock = DatabaseLock(directory.path(LOCK_NAME))
    try:
        for entry in directory.entries():
            if parse_filename(entry.name).kind not in {FileKind.STRANGER, FileKind.LOCK}:
                _remove(directory, entry.name)
        _remove(directory, LOCK_NAME)
    finally:
        lock.release()
    with contextlib.suppress(OSError):
        Path(path).rmdir()


def _remove(directory: LivingDirectory, name: str) -> None:
    with refusals("cannot remove", directory.path(name)):
        Path(directory.path(name)).unlink(missing_ok=True)
