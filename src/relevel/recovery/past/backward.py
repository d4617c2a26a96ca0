"""Backward: rows in descending key order, from cursors that only go forward.

Stretches of keys are read forward, the last stretch first, and each is given turned round. One that turns out larger than
what may be held is cut where that much had been read, and its parts are read again one by one: the work at most doubles, and
memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, Protocol

from relevel import _kernel
from relevel.recovery.past.stretches import Stretch
from relevel.recovery.read.rows import Version

_MOST_HELD: Final = 64 << 20
"""Bytes of keys and values held at a time; one row alone may be larger."""
_BATCH: Final = 4096
_ROW_SIZE: Final = 400
"""Bytes that a row takes beside its key and value, more or less."""


class _Forward(Protocol):
    def read(self, count: int, row_type: type[Version]) -> list[Version]: ...
    def take_faults(self) -> list[tuple[str, _kernel.Fault]]: ...


class BackwardCursor:
    """Rows of stretches, each turned round. Of the faults met, each is told once."""

    def __init__(
        self,
        opened: Callable[[bytes | None, bytes | None], _Forward],
        stretches: Iterator[Stretch],
        most_held: int = _MOST_HELD,
    ) -> None:
        """Read backward.

        Args:
            opened: opens a forward cursor for the keys in ``[start, stop)``.
            stretches: what to read, the last keys first.
            most_held: bytes held at a time, more or less.
        """
        self._opened = opened
        self._most_held = most_held
        self._rows = self._backward(stretches)
        self._told: set[tuple[str, _kernel.Fault]] = set()
        self._faults: list[tuple[str, _kernel.Fault]] = []

    def read(self, count: int, row_type: type[Version]) -> list[Version]:
        """Up to ``count`` rows; an empty list at the end."""
        return next(self._rows, [])

    def take_faults(self) -> list[tuple[str, _kernel.Fault]]:
        """The faults met since the last call."""
        taken, self._faults = self._faults, []
        return taken

    def _backward(self, stretches: Iterator[Stretch]) -> Iterator[list[Version]]:
        for stretch in stretches:
            parts = [(stretch.start, stretch.stop)]
            while parts:
                start, stop = parts.pop()
                rows, cuts = self._forward(start, stop)
                if not cuts:
                    rows.reverse()
                    if rows:
                        yield rows
                    continue
                parts += pairwise([start, *cuts, stop])

    def _forward(self, start: bytes | None, stop: bytes | None) -> tuple[list[Version], list[bytes]]:
        """All rows; or, where they are too many, the keys to cut at."""
        cursor = self._opened(start, stop)
        rows: list[Version] = []
        cuts: list[bytes] = []
        held = 0
        while batch := cursor.read(_BATCH, Version):
            for row in batch:
                size = _ROW_SIZE + len(row.key) + len(row.value or b"")
                if held and held + size > self._most_held:
                    cuts.append(row.key)
                    rows.clear()
                    held = 0
                held += size
                if not cuts:
                    rows.append(row)
        self._collect(cursor)
        return rows, cuts

    def _collect(self, cursor: _Forward) -> None:
        for fault in cursor.take_faults():
            if fault not in self._told:
                self._told.add(fault)
                self._faults.append(fault)
