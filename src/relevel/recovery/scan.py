"""scan: the live keys and values in key order, as fast as they can be had."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from relevel import _kernel
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.stream import AtEnd, Stream

_BATCH = 4096


class Pairs(Stream, Iterable[tuple[bytes, bytes]]):
    """``(key, value)`` pairs, streaming."""

    def __init__(
        self,
        cursor: _kernel.Cursor,
        repairer: Repairer,
        findings: Iterable[Finding],
        prefix: bytes,
        at_end: AtEnd,
    ) -> None:
        super().__init__(cursor, repairer, findings, at_end)
        pairs = chain.from_iterable(self._batches(partial(cursor.read_pairs, _BATCH)))
        self._pairs: Iterator[tuple[bytes, bytes]] = (
            filter(lambda pair: pair[0].startswith(prefix), pairs) if prefix else pairs
        )

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._pairs


def scan(
    path: str | os.PathLike[str],
    *,
    prefix: bytes = b"",
    start: bytes | None = None,
    stop: bytes | None = None,
    comparator: Comparator | None = None,
) -> Pairs:
    """Stream the live ``(key, value)`` pairs of a database in key order, whatever its state, without writing anything.

    Args:
        path: the database's directory.
        prefix: only keys that start with this.
        start: only keys at or after this one.
        stop: only keys before this one.
        comparator: the order of the keys, where the manifest does not name a known one.
    """
    reader = Reader(path, comparator)
    repairer = reader.repairer()
    start, stop, prefix = reader.bounds(prefix, start, stop)
    cursor = reader.cursor("visible", past=False, repair=repairer, start=start, stop=stop)
    return Pairs(cursor, repairer, reader.findings, prefix, reader.note_end)
