"""Write batches: operations that are written all or not at all."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from relevel._kernel.engine import Batch

if TYPE_CHECKING:
    from relevel.engine.database import DB


class WriteBatch(Batch):
    """Operations to be written at once; made by ``write_batch``. A context manager: leaving it writes, and clears. Not thread-safe.

    ``put``, ``delete``, ``clear``, ``append`` and ``approximate_size`` are the kernel's.
    """

    def __new__(
        cls, db: DB, prefix: bytes, *, transaction: bool | None = False, sync: bool | None = False
    ) -> WriteBatch:
        """Begin a batch whose keys get a prefix in front."""
        return super().__new__(cls, prefix, db.core.store)

    def __init__(self, db: DB, prefix: bytes, *, transaction: bool | None = False, sync: bool | None = False) -> None:
        self._db = db
        self._transaction = require_flag("transaction", transaction)
        self._sync = require_flag("sync", sync)

    def write(self) -> None:
        """Write the operations to the database. They stay in the batch: writing again writes them again.

        Raises:
            RuntimeError: the database is closed.
            StorageError: the log cannot be written; none of the operations was.
        """
        core = self._db.core
        core.require_writable()
        core.store.write(self, self._sync)

    def __enter__(self) -> WriteBatch:
        self._db.core.require_writable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None or not self._transaction:
            self.write()
        self.clear()


def require_flag(name: str, value: bool | None) -> bool:
    """Take a flag as plyvel does: a bool, or None for False.

    Raises:
        TypeError: it is neither.
    """
    if value is not None and value is not True and value is not False:
        raise TypeError(f"'{name}' must be a bool, not {type(value).__name__}")
    return bool(value)
