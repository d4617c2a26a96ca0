"""A directory that a living database is written to, by the one process that holds its lock.

A file whose name is lost in a crash is lost: ``replace`` fsyncs the directory itself before the caller goes on. What
``write_synced`` creates and ``remove`` takes away is durable after ``sync`` only.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from relevel import _kernel
from relevel.storage.failure import refusals, storage_error
from relevel.storage.posix import CREATE_FLAGS, sync_directory
from relevel.storage.read_only import ReadOnlyDirectory


class LivingDirectory(ReadOnlyDirectory):
    """A directory whose files are created, replaced and removed. Cheap; safe for threads; holds no descriptor."""

    __slots__ = ()

    @classmethod
    def make(cls, path: str) -> LivingDirectory:
        """Make the directory where it does not exist; its parent must. The name is durable after ``sync_name`` only.

        Raises:
            StorageError: the file system refuses.
        """
        try:
            Path(path).mkdir()
        except FileExistsError:
            pass
        except OSError as error:
            raise storage_error("cannot make", path, error) from error
        return cls(path)

    def write_synced(self, name: str, data: bytes) -> None:
        """Write a new file and fsync it. The name is durable after ``sync`` only.

        Raises:
            StorageError: the name is taken, or the file system refuses.
        """
        path = self.path(name)
        with refusals("cannot write", path):
            descriptor = os.open(path, CREATE_FLAGS, 0o666)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def replace(self, name: str, by: str) -> None:
        """Give the file ``by`` the name ``name``, in one step, durably.

        Raises:
            StorageError: the file system refuses.
        """
        with refusals("cannot rename", self.path(by)):
            Path(self.path(by)).replace(self.path(name))
            self.sync()

    def remove(self, name: str) -> bool:
        """Remove a file; false where it was not there or may not be removed: what is obsolete harms nobody."""
        with contextlib.suppress(OSError):
            _kernel.remove_file(self.path(name))
            return True
        return False

    def may_go_on_in(self, name: str) -> bool:
        """Whether a file may be written at its end: it is this directory's alone, and no backup made of links has it too."""
        path = self.path(name)
        try:
            status = os.lstat(path)
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and os.access(path, os.W_OK)

    def sync_name(self) -> None:
        """Make the directory's own name durable, whoever made it, where its parent may be read.

        Raises:
            StorageError: the file system refuses.
        """
        parent = self.root.absolute().parent
        with refusals("cannot sync", str(parent)), contextlib.suppress(PermissionError):
            sync_directory(parent)

    def sync(self) -> None:
        """Make the names in the directory durable.

        Raises:
            StorageError: the file system refuses.
        """
        with refusals("cannot sync", str(self.root)):
            sync_directory(self.root)
