"""A memtable that takes no more writes and waits to become a table."""

from __future__ import annotations

from dataclasses import dataclass

from relevel._kernel.engine import Memtable


@dataclass(frozen=True, slots=True)
class Immutable:
    """What the flusher has to write.

    Attributes:
        memtable: the entries.
        logs: numbers of the logs that hold them, obsolete once they are in a table.
        next_log: number of the log behind these.
    """

    memtable: Memtable
    logs: tuple[int, ...]
    next_log: int
