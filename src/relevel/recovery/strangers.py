"""Strangers: what lies in a database's directory and is not LevelDB's, where the directory is replaced.

Programs keep files of their own there. Small ones are copied, links made again; a folder may hold more than the database itself
(a node's ancient blocks), so whose it is must be decided by somebody who knows.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from relevel.errors import NotSupportedError
from relevel.format.filename import FileKind, parse_filename
from relevel.storage.copying import copy_contents
from relevel.storage.failure import refusals
from relevel.storage.posix import CREATE_FLAGS, sync_directory

_LEFT_BEHIND: Final = frozenset({"lost"})
"""Folders in which LevelDB's own repair keeps what it has replaced."""


def refuse_folders(place: Path) -> None:
    """Refuse a directory with folders, pipes or the like in it that are not LevelDB's.

    Raises:
        NotSupportedError: there are some.
    """
    names = [path.name for path in _strangers(place) if path.name not in _LEFT_BEHIND and not _can_be_copied(path)]
    if names:
        some = ", ".join(repr(name) for name in sorted(names)[:5])
        raise NotSupportedError(
            f"{str(place)!r} holds {some}, which is not LevelDB's and would stay with the original. Move it out first and back "
            "afterwards, or use `relevel rescue SRC DST` and move the files yourself. Nothing was changed."
        )


def copy_strangers(place: Path, new: Path) -> tuple[str, ...]:
    """Copy files, durably, and links. Gives the names of what was left behind.

    Raises:
        StorageError: one cannot be read or written.
    """
    left_behind = []
    for path in sorted(_strangers(place)):
        if path.name in _LEFT_BEHIND and not _can_be_copied(path):
            left_behind.append(path.name)
            continue
        with refusals("cannot copy", str(path)):
            _copy(path, new / path.name)
    with refusals("cannot sync", str(new)):
        sync_directory(new)
    return tuple(left_behind)


def adopt(place: Path, new: Path) -> None:
    """Give a new directory and its files the owner and the modes of an old one, so that the program may use it as before.

    Raises:
        StorageError: the system refuses; only the owner and root may do so.
    """
    directory = place.stat()
    usual = _usual_mode(place)
    with refusals("cannot give its owner and modes to", str(new)):
        for path in (*new.iterdir(), new):
            old = place if path == new else place / path.name
            _take_over(path, directory, stat.S_IMODE(old.stat().st_mode) if old.exists() else usual)


def _usual_mode(place: Path) -> int | None:
    """The mode that the database's own files have; None where there are none."""
    kinds = (FileKind.CURRENT, FileKind.MANIFEST, FileKind.TABLE, FileKind.LOG)
    files = [path for path in sorted(place.iterdir()) if parse_filename(path.name).kind in kinds and path.is_file()]
    return stat.S_IMODE(files[0].stat().st_mode) if files else None


def _take_over(path: Path, directory: os.stat_result, mode: int | None) -> None:
    status = path.lstat()
    owner = (directory.st_uid, directory.st_gid)
    if (status.st_uid, status.st_gid) != owner and hasattr(os, "chown"):
        os.chown(path, *owner, follow_symlinks=False)
    if mode is not None and not stat.S_ISLNK(status.st_mode):
        path.chmod(mode)


def _strangers(place: Path) -> Iterator[Path]:
    return (path for path in place.iterdir() if _is_stranger(path))


def _is_stranger(path: Path) -> bool:
    return parse_filename(path.name).kind is FileKind.STRANGER or not path.is_file()


def _can_be_copied(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _copy(path: Path, target: Path) -> None:
    if path.is_symlink():
        target.symlink_to(path.readlink())
        return
    descriptor = os.open(target, CREATE_FLAGS, 0o666)
    try:
        copy_contents(str(path), descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
