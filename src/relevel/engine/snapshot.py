"""Snapshots: the database as it was at one moment."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from relevel._kernel.engine import Reader
from relevel.engine.closing import Closing
from relevel.engine.iterator import RawIterator
from relevel.engine.ranges import Ranges

if TYPE_CHECKING:
    from relevel.engine.database import DB

_CLOSED = "Database or snapshot is closed"


class Snapshot(Ranges, Closing, Reader):
    """The database as it was when the snapshot was made. A context manager; safe to use from many threads.

    ``get`` and ``get_many`` are the kernel's. It costs disk space: what it sees is not merged away before it is closed.
    """

    def __init__(self, db: DB, prefix: bytes = b"") -> None:
        core = db.core
        if core.closed:
            raise RuntimeError("Cannot operate on closed LevelDB database")
        self._db = db
        self._prefix = prefix
        self._sequence = core.take_snapshot()
        self._releaser = weakref.finalize(self, core.release_snapshot, self._sequence)
        self.attach(core.store, prefix=prefix, sequence=self._sequence, closed_message=_CLOSED)

    def _range_source(self) -> tuple[DB, bytes, int | None]:
        self._require_open()
        return self._db, self._prefix, self._sequence

    def raw_iterator(self, *, verify_checksums: bool | None = None, fill_cache: bool | None = True) -> RawIterator:
        """Make an iterator that stands on entries; of the whole database, whatever the prefix."""
        self._require_open()
        return RawIterator(self._db, sequence=self._sequence, verify_checksums=verify_checksums, fill_cache=fill_cache)

    def close(self) -> None:
        """Let go of the snapshot. May be called again."""
        self._releaser()
        self.detach()

    release = close

    def _require_open(self) -> None:
        if self._db.closed or not self._releaser.alive:
            raise RuntimeError(_CLOSED)

    def __reduce__(self) -> Any:
        raise TypeError("a snapshot belongs to its open database and cannot be pickled")
