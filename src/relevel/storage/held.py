"""A directory as it was at one moment, though another program goes on writing to it.

LevelDB adds files, appends to logs and manifests, and deletes files that an edit of the manifest has made needless. A file that is
open stays readable when it is deleted, so a database is held by opening its files::

    CURRENT and manifests are opened, and so measured     the moment
    names are listed, logs and tables opened              all that the manifest counts on at that moment is among them,
    CURRENT and manifests are looked at again             for nothing goes before an edit says that it may

Where they have changed, the next round begins with what is held already, so that it has less to open. Logs are measured newest
first: where a log is there, all that was written to the one before it is in it.

Descriptors are few. Files that are more than half of what the process may have are read by their path instead, and
``is_outrun`` says whether that went wrong.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from relevel import _kernel
from relevel.errors import StorageError
from relevel.format.filename import FileKind, parse_filename
from relevel.storage.failure import refusals
from relevel.storage.limit import open_file_limit
from relevel.storage.read_only import NO_LIMIT, WHOLE_READ_LIMIT, DirectoryEntry, ReadOnlyDirectory

_ROUNDS: Final = 10
_OTHERS: Final = 160
"""Descriptors left for others: the pool of files that a cursor reads by path has 48, and a rescue has two cursors at once."""
_GROWING: Final = 4
"""Logs that a program may still write to, the newest ones: two, and what comes while they are listed."""
_CONTROL: Final = frozenset({FileKind.CURRENT, FileKind.CURRENT_BACKUP, FileKind.CURRENT_PENDING, FileKind.MANIFEST})


class HeldDirectory(ReadOnlyDirectory):
    """A directory whose files stay as they are now. Safe for threads; holds descriptors as long as it lives.

    Sent to another process, it reads by path there; ``is_outrun`` here then speaks of all files.
    """

    __slots__ = ("_block_limit", "_control", "_entries", "_files", "_growing", "_is_sent", "_most", "_stop")

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        most_held: int | None = None,
        block_limit: int = NO_LIMIT,
    ) -> None:
        """Hold the files of a directory.

        Args:
            path: the directory.
            most_held: tables and old logs that may be held in this process; half of what the system allows, or less where
                that is little, where it is not given.
            block_limit: bytes up to which a block of a table, or a record of a log, is looked at.

        Raises:
            InvalidArgumentError, NotADatabaseError, StorageError: as ``ReadOnlyDirectory``.
        """
        super().__init__(path)
        self._block_limit = block_limit
        limit = open_file_limit()
        self._most = max(0, min(limit // 2, limit - _OTHERS)) if most_held is None else most_held
        self._stop = _kernel.Stop()
        self._is_sent = False
        self._files: dict[str, _kernel.File] = {}
        self._entries: dict[str, DirectoryEntry] = {}
        self._control = self._list_control()
        for _ in range(_ROUNDS):
            self._hold(self._control)
            before, self._control = self._control, self._list_control()
            if self._control == before:
                break
        else:
            self._control = ()

    def entries(self, is_wanted: Callable[[str], bool] | None = None) -> tuple[DirectoryEntry, ...]:
        """What was there when the files were held, with the sizes they had then, in the order of names."""
        return tuple(self._entries[name] for name in sorted(self._entries) if is_wanted is None or is_wanted(name))

    @property
    def block_limit(self) -> int:
        """Bytes up to which a block of a table, or a record of a log, is looked at."""
        return self._block_limit

    def lower_block_limit(self, block_limit: int) -> None:
        """Look at smaller blocks and records only, whoever begins to read from now on."""
        self._block_limit = min(self._block_limit, block_limit)

    def source(self, name: str) -> str | _kernel.File | _kernel.Limited:
        """Give what the kernel reads a file from: as ``whole_source``, but of tables and logs nothing beyond the limit."""
        source = self.whole_source(name)
        if self._block_limit == NO_LIMIT or parse_filename(name).kind not in (FileKind.TABLE, FileKind.LOG):
            return source
        return _kernel.Limited(source, self._block_limit)

    def whole_source(self, name: str) -> str | _kernel.File:
        """Give the file held, or its path where it is not; a log never beyond its size.

        Raises:
            InvalidArgumentError: as ``path``.
            OSError: a log that is not held cannot be opened.
        """
        held = self._files.get(name)
        if held is None and name in self._growing:
            entry = self._entries[name]
            return self._open(entry).cut(entry.size)
        return held or self.path(name)

    def exists(self, name: str) -> bool:
        """Say whether a file of this name is held or there."""
        return name in self._files or super().exists(name)

    def size(self, name: str) -> int:
        """Give the size that a file had when it was held, in bytes.

        Raises:
            StorageError: it is not there, or not a file.
        """
        file = self._files.get(name)
        return super().size(name) if file is None else file.size

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        """Read bytes of a file as it was; see ``ReadOnlyDirectory.read``.

        Raises:
            StorageError: as there.
        """
        file = self._files.get(name)
        if file is None:
            return super().read(name, offset, size)
        wanted = max(0, file.size - offset) if size is None else size
        if size is None and wanted > WHOLE_READ_LIMIT:
            raise StorageError(f"{self.path(name)!r} has {wanted} bytes: too many to read at once")
        with refusals("cannot read", self.path(name)):
            return file.read(offset, wanted)

    def has_moved_on(self, name: str) -> bool:
        """Whether a file was written to or deleted since it was held."""
        try:
            return Path(self.path(name)).stat().st_size != self._entries[name].size
        except FileNotFoundError:
            return True
        except OSError:
            return False

    @property
    def is_settled(self) -> bool:
        """Whether what is held was the state of one moment, and CURRENT and manifests are still what they were then.

        Where it is not, what is held may be one state all the same, and the manifest tells.

        Raises:
            StorageError: the directory cannot be listed any more.
        """
        return self._control == self._list_control()

    @property
    def is_outrun(self) -> bool:
        """Whether a table or log that is not held has gone, or a table changed: it may have been read as it was not."""
        unsafe = (entry for name, entry in self._entries.items() if self._is_sent or name not in self._files)
        return any(self._is_lost(entry) for entry in unsafe if entry.is_file)

    def stop(self) -> None:
        """Make all reads of files that are held fail from now on, so that threads that read them come to an end."""
        self._stop.set()

    def let_go(self) -> None:
        """Close the files, except those that somebody else has; from now on everything is read by its path."""
        self._files = {}

    def __getstate__(self) -> tuple[object, ...]:
        self._is_sent = True
        return str(self.root), self._entries, self._control, self._growing, self._block_limit

    def __setstate__(
        self, state: tuple[str, dict[str, DirectoryEntry], tuple[DirectoryEntry, ...], frozenset[str], int]
    ) -> None:
        path, self._entries, self._control, self._growing, self._block_limit = state
        super().__init__(path)
        self._files, self._most, self._stop, self._is_sent = {}, 0, _kernel.Stop(), False

    def _is_lost(self, entry: DirectoryEntry) -> bool:
        kind = parse_filename(entry.name).kind
        if kind is FileKind.LOG:
            return not super().exists(entry.name)
        return kind is FileKind.TABLE and self.has_moved_on(entry.name)

    def _list_control(self) -> tuple[DirectoryEntry, ...]:
        return super().entries(_is_control)

    def _hold(self, control: tuple[DirectoryEntry, ...]) -> None:
        """One round: CURRENT and manifests, then names, then logs and tables, newest first."""
        known, self._files, self._entries, self._growing = self._files, {}, {}, frozenset()
        for entry in control:
            self._take(entry, self._open)
        listed = [(parse_filename(entry.name), entry) for entry in super().entries(lambda name: not _is_control(name))]
        listed.sort(key=lambda named: named[0].number or 0, reverse=True)
        logs = [entry for name, entry in listed if name.kind is FileKind.LOG]
        tables = [entry for name, entry in listed if name.kind is FileKind.TABLE]
        for entry in logs[:_GROWING]:
            self._take(entry, self._open)
        for entry in (*logs[_GROWING:], *tables):
            self._take(entry, partial(self._open_finished, known.get(entry.name)))
        self._entries |= {
            entry.name: entry for name, entry in listed if name.kind not in (FileKind.LOG, FileKind.TABLE)
        }
        self._growing = frozenset(entry.name for entry in logs[:_GROWING])

    def _take(self, entry: DirectoryEntry, open_file: Callable[[DirectoryEntry], _kernel.File | None]) -> None:
        """Hold one file where that can be, and note its size; note nothing where it has gone since it was listed."""
        try:
            file = open_file(entry) if entry.is_file else None
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            file = None  # whoever reads it is told why it cannot be
        if file is not None:
            self._files[entry.name] = file
        self._entries[entry.name] = entry if file is None else entry._replace(size=file.size)

    def _open(self, entry: DirectoryEntry) -> _kernel.File:
        self._file_status(entry.name)
        return _kernel.File(self.path(entry.name), self._stop)

    def _open_finished(self, known: _kernel.File | None, entry: DirectoryEntry) -> _kernel.File | None:
        """A table, or a log to which nothing is written any more; None where no more are to be held."""
        if known is not None and known.size == entry.size:
            return known
        return self._open(entry) if _kernel.held_file_count() < self._most else None


def _is_control(name: str) -> bool:
    return parse_filename(name).kind in _CONTROL
