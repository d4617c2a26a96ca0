"""load: many operations into a database, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from relevel.engine.database import DB

_BATCH_SIZE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was loaded.

    Attributes:
        path: the database's directory.
        put_count: entries written.
        deletion_count: keys deleted.
    """

    path: str
    put_count: int
    deletion_count: int


def load(
    db: DB, operations: Iterable[tuple[bytes, bytes | None]], progress: Callable[[int], None] | None = None
) -> LoadReport:
    """Write operations, ``(key, value)`` or ``(key, None)`` for a deletion, in their order, and fsync at the end.

    Where ``operations`` or the database raises, what came before it by a mebibyte or so is written, and nothing behind it.
    """
    batch = db.write_batch()
    put_count = deletion_count = 0
    for key, value in operations:
        if value is None:
            batch.delete(key)
            deletion_count += 1
        else:
            batch.put(key, value)
            put_count += 1
        if batch.approximate_size() >= _BATCH_SIZE:
            batch.write()
            batch.clear()
            if progress is not None:
                progress(put_count + deletion_count)
    last = db.write_batch(sync=True)
    last.append(batch)
    last.write()
    return LoadReport(str(db.name), put_count, deletion_count)
