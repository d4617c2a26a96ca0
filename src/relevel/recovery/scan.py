"""scan: the live keys and values in key order, as fast as they can be had."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.read.reader import BYTEWISE, Reader, narrow

_BATCH = 4096


class Pairs(Iterable[tuple[bytes, bytes]]):
    """``(key, value)`` pairs, streaming. Iterate once.

    Where another program has taken away a file that could not be held open, the iteration ends with ``DatabaseInUseError``.

    Attributes:
        findings: what was found wrong; complete when the iteration has ended.
    """

    def __init__(
        self,
        cursor: _kernel.Cursor,
        repairer: Repairer,
        findings: Iterable[Finding],
        prefix: bytes,
        at_end: Callable[[], None],
    ) -> None:
        self._cursor = cursor
        self._repairer = repairer
        self._found = list(findings)
        self._at_end = at_end
        pairs: Iterator[tuple[bytes, bytes]] = chain.from_iterable(self._batches())
        self._pairs = filter(lambda pair: pair[0].startswith(prefix), pairs) if prefix else pairs

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._pairs

    @property
    def findings(self) -> list[Finding]:
        """Everything found wrong so far: while opening, passed over, and healed."""
        self._found += [finding_of(file, fault) for file, fault in self._cursor.take_faults()]
        return [*self._found, *self._repairer.findings]

    def _batches(self) -> Iterator[list[tuple[bytes, bytes]]]:
        try:
            yield from iter(partial(self._cursor.read_pairs, _BATCH), [])
        except OSError:
            self._at_end()
            raise
        self._at_end()


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
    bytewise = reader.comparator.kernel == BYTEWISE
    if prefix and bytewise:
        start, stop = narrow(prefix, start, stop)
    cursor = reader.cursor("visible", past=False, repair=repairer, start=start, stop=stop)
    return Pairs(cursor, repairer, reader.findings, b"" if bytewise else prefix, reader.refuse_outrun)
