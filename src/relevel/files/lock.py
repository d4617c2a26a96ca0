"""LOCK: one process writes to a database at a time.

LevelDB takes an ``fcntl`` lock on the file, goleveldb a ``flock``; on Linux the two do not see each other, so both are taken
here. The ``fcntl`` lock is of the open-file-description kind where the system has it: an ordinary one is dropped as soon as
*any* descriptor of the file is closed in the same process, such as that of a second attempt to open the database (LevelDB's
own lock is lost that way). A table of the locks of this process refuses the second attempt before it touches the file.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
import threading
from typing import Final

from relevel.errors import LockedError
from relevel.storage.failure import storage_error
from relevel.storage.lock import is_locked, may_be_open_here

if sys.platform != "win32":
    import fcntl

_LOCK_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_TAKEN: Final = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK})
_F_OFD_SETLK: Final = 37
"""Linux's command for open-file-description locks; Python names it from 3.9 on only where the C library does."""
_held: set[tuple[int, int]] = set()
"""Device and inode of every lock file that this process holds."""
_guard = threading.RLock()
"""Reentrant: the garbage collector, which may run with it held, may release a lock that was forgotten."""


class DatabaseLock:
    """The lock of one database; held from the moment it is made until ``release``."""

    __slots__ = ("_descriptor", "_identity", "_path")

    def __init__(self, path: str) -> None:
        """Take the lock.

        Args:
            path: of the LOCK file; made where it does not exist.

        Raises:
            LockedError: another program has the database open, or this process has.
            StorageError: the file cannot be opened.
        """
        self._path = path
        self._descriptor = -1
        self._identity: tuple[int, int] | None = None
        with _guard:
            self._refuse_second()
            try:
                self._descriptor = os.open(path, _LOCK_FLAGS, 0o644)
                self._take()
            except OSError as error:
                self._close()
                if error.errno in _TAKEN:
                    raise LockedError(
                        f"{path!r} is held by another process: one at a time may write to a database. "
                        "Stop that program first; reading is possible beside it"
                    ) from error
                raise storage_error("cannot lock", path, error) from error
            try:
                status = os.fstat(self._descriptor)
                if status.st_nlink == 0:
                    raise LockedError(
                        f"{path!r} was removed while it was being locked: the database is being destroyed"
                    )
                self._identity = (status.st_dev, status.st_ino)
                _held.add(self._identity)
            except BaseException:
                self.release()
                raise

    def __del__(self) -> None:
        """Nobody has a hold of it any more: an opening that a signal interrupted."""
        if self._descriptor >= 0:
            self.release()

    def _refuse_second(self) -> None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - at every opening
        except OSError:
            return  # there is no file yet, or opening it will say what is wrong
        if (status.st_dev, status.st_ino) in _held:
            raise LockedError(f"{self._path!r} is already held by this process: the database is open here")
        # LevelDB's own lock may be this process's too: opening the file and closing it would drop it.
        if may_be_open_here(self._path) and is_locked(self._path):
            raise LockedError(
                f"{self._path!r} is held by another process, or by LevelDB in this one: one at a time may write to a database. "
                "Stop that program first; reading is possible beside it"
            )

    def _take(self) -> None:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - Windows only

            msvcrt.locking(self._descriptor, msvcrt.LK_NBLCK, 1)
            return
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if sys.platform == "linux":
            fcntl.fcntl(self._descriptor, _F_OFD_SETLK, _whole_file_lock())
        else:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def release(self) -> None:
        """Let others open the database. May be called again."""
        with _guard:
            self._close()
            if self._identity is not None:
                _held.discard(self._identity)
                self._identity = None

    def forget(self) -> None:
        """In a child process after a fork: the lock is the parent's."""
        self._close()
        self._identity = None


def _whole_file_lock() -> bytes:
    """C's ``struct flock`` for a write lock of everything; an open-file-description lock wants process 0."""
    return struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def _start_anew_in_child() -> None:
    """After a fork no lock is this process's, and no thread is left that could release the guard."""
    global _guard  # noqa: PLW0603 - there is one for the process
    _guard = threading.RLock()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)
