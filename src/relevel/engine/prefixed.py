"""A view of the keys that begin with a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relevel._kernel.engine import Writer
from relevel.engine.batch import WriteBatch
from relevel.engine.core import CLOSED
from relevel.engine.ranges import Ranges
from relevel.engine.snapshot import Snapshot

if TYPE_CHECKING:
    from relevel.engine.database import DB


class PrefixedDB(Ranges, Writer):
    """The keys of a database that begin with a prefix, in which keys are without it. Open as long as the database is.

    ``get``, ``get_many``, ``put`` and ``delete`` are the kernel's.
    """

    def __init__(self, db: DB, prefix: bytes) -> None:
        if not isinstance(prefix, bytes):
            raise TypeError(f"'prefix' must be bytes, not {type(prefix).__name__}")
        self._db = db
        self._prefix = prefix
        self.attach(db.core.store, prefix=prefix)

    @property
    def db(self) -> DB:
        """The database."""
        return self._db

    @property
    def prefix(self) -> bytes:
        """What is in front of every key."""
        return self._prefix

    def __repr__(self) -> str:
        return f"<{self.db.package}.PrefixedDB with prefix {self.prefix!r} at {id(self):#x}>"

    def write_batch(self, *, transaction: bool | None = False, sync: bool | None = False) -> WriteBatch:
        """Begin a batch, as ``DB.write_batch`` does."""
        if self.db.closed:
            raise RuntimeError(CLOSED)
        return WriteBatch(self.db, self.prefix, transaction=transaction, sync=sync)

    def _range_source(self) -> tuple[DB, bytes, int | None]:
        return self._db, self._prefix, None

    def snapshot(self) -> Snapshot:
        """Keep the present state of these keys for reading."""
        return Snapshot(self.db, self.prefix)

    def prefixed_db(self, prefix: bytes) -> PrefixedDB:
        """Give a view of the keys of this view that begin with a prefix."""
        if not isinstance(prefix, bytes):
            raise TypeError(f"'prefix' must be bytes, not {type(prefix).__name__}")
        return PrefixedDB(self.db, self.prefix + prefix)
