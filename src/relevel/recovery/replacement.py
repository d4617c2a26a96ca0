"""Replacement: a new directory in the place of another, which is kept beside it under a name that says what it is.

::

    place      original   original   new           original   -          new
    kept          -       new        original         -       original   original
    new        new        -          -             new        new        -
                    rename    exchange                  rename    rename

On the left there is always a database in the place, and the one step that changes it gives the original its name, too. Where the
system cannot exchange two names, on the right, there is a moment with none in the place; all names are right even then.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from relevel.errors import StorageError
from relevel.files.lock import DatabaseLock
from relevel.storage.posix import sync_directory
from relevel.storage.read_only import LOCK_NAME
from relevel.storage.rename import exchange, rename_without_replacing


@contextlib.contextmanager
def locked(place: Path) -> Iterator[None]:
    """Hold a database's lock. A LOCK that was not there does not stay, whatever becomes of the directory meanwhile.

    Raises:
        LockedError: it is open.
        StorageError: LOCK cannot be opened.
    """
    lock_file = place / LOCK_NAME
    is_new = not os.path.lexists(lock_file)
    lock = DatabaseLock(str(lock_file))
    directory = os.open(place, os.O_RDONLY) if is_new and os.unlink in os.supports_dir_fd else None
    try:
        yield
    finally:
        if directory is not None:
            with contextlib.suppress(OSError):
                os.unlink(LOCK_NAME, dir_fd=directory)
            os.close(directory)
        lock.release()


def replace_directory(place: Path, new: Path, name: Callable[[int], Path]) -> Path:
    """Put a new directory in the place of another, durably.

    Args:
        place: what is replaced; no link.
        new: on the same file system. It is removed where the replacement fails.
        name: where the original may be kept; asked for 1, 2, 3… until there is nothing.

    Returns:
        Where the original is kept.

    Raises:
        StorageError: the file system refuses. The original is in its place, or the message says where it is and how to put it
            back.
    """
    work = _Replacement(place, new, name)
    try:
        return work.run()
    except OSError as error:
        work.undo()
        raise work.explain(error) from error
    except BaseException:
        work.undo()
        raise


class _Replacement:
    """Two directories that are known by what they are, not by the names that they have at the moment."""

    def __init__(self, place: Path, new: Path, name: Callable[[int], Path]) -> None:
        self._place, self._new, self._kept, self._name = place, new, name(1), name
        self._original, self._fresh = _identity(place), _identity(new)

    def run(self) -> Path:
        """Replace; gives where the original is kept."""
        self._rename_to_kept(self._new)
        if exchange(self._place, self._kept):
            sync_directory(self._place.parent)
            return self._kept
        _rename(self._kept, self._new)
        self._rename_to_kept(self._place)
        _rename(self._new, self._place)
        return self._kept

    def undo(self) -> None:
        """Put the original back, as far as that can be done, and then remove the new directory."""
        with contextlib.suppress(OSError):
            self._put_back()
            sync_directory(self._place.parent)
        fresh = self._find(self._fresh)
        if fresh is not None and fresh != self._place:
            shutil.rmtree(fresh, ignore_errors=True)

    def _put_back(self) -> None:
        where = self._find(self._original)
        if where is None or where == self._place:
            return
        if self._find(self._fresh) == self._place and not exchange(self._place, where):
            _rename(self._place, self._new)
        if self._find(self._original) != self._place:
            _rename(where, self._place)

    def explain(self, cause: OSError) -> StorageError:
        """The error for what was refused, and where the original is now."""
        where = self._find(self._original)
        reason = f"cannot replace {str(self._place)!r}: {cause.strerror or cause}"
        if where == self._place:
            error = StorageError(f"{reason}; the original is in its place, as it was")
        else:
            kept = where or self._kept
            blocking = [self._place, self._new] if os.path.lexists(self._place) else []
            back = move_command(*blocking, kept, self._place)
            error = StorageError(f"{reason}. The original is at {str(kept)!r}, whole. Put it back with: {back}")
        error.errno = cause.errno
        return error

    def _rename_to_kept(self, path: Path) -> None:
        for number in itertools.count(1):
            self._kept = self._name(number)
            with contextlib.suppress(FileExistsError):
                _rename(path, self._kept)
                return

    def _find(self, identity: tuple[int, int] | None) -> Path | None:
        paths = (self._place, self._kept, self._new)
        return next((path for path in paths if _identity(path) == identity), None)


def _identity(path: Path) -> tuple[int, int] | None:
    """What a directory is, whatever its name; None where there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _rename(path: Path, other: Path) -> None:
    """Rename, durably, and never over anything."""
    rename_without_replacing(path, other)
    sync_directory(other.parent)


def move_command(*paths: Path) -> str:
    """The shell's command that moves the first path to the second, the third to the fourth, and so on; no further than it can."""
    pairs = zip(paths[::2], paths[1::2], strict=True)
    return " && ".join(f"mv {shlex.quote(str(one))} {shlex.quote(str(other))}" for one, other in pairs)
