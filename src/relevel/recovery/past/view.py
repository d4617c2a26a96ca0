"""View: the database as it was at one sequence number.

Forward, a view is one merge. Backward it is read in stretches of keys, the last one first, each held and turned round: see
``backward``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from relevel import _kernel
from relevel.recovery.past.backward import BackwardCursor
from relevel.recovery.past.stretches import Stretches
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Rows, Version

_COUNTED_STRETCHES: Final = 8
"""Stretches in which keys are counted to estimate how many there are in all."""


class DatabaseView(Mapping[bytes, bytes]):
    """The database as it was at one sequence number: an ordered, read-only mapping of keys to values.

    Iteration streams in key order, either way, and is not held in memory; ``len`` counts by streaming. Damaged bytes are passed
    over: see ``History.findings`` and ``Rows.findings``. Whether anything is missing that compaction has dropped says
    ``History.horizon``.
    """

    def __init__(self, reader: Reader, stretches: Stretches, sequence: int) -> None:
        self._reader = reader
        self._stretches = stretches
        self.sequence = sequence
        """The sequence number of the last change that is seen."""

    def rows(
        self,
        *,
        prefix: bytes = b"",
        start: bytes | None = None,
        stop: bytes | None = None,
        reverse: bool = False,
    ) -> Rows:
        """Stream the versions seen, for keys in ``[start, stop)`` that start with ``prefix``, in key order.

        Args:
            prefix: only keys that start with this.
            start: the first key.
            stop: the key before which to stop.
            reverse: the last key first.
        """
        if not reverse:
            return self._reader.rows(
                "visible", past=True, prefix=prefix, start=start, stop=stop, sequence=self.sequence
            )
        span = self._reader.span(prefix, start, stop)
        repairer = self._reader.repairer()

        def opened(start: bytes | None, stop: bytes | None) -> _kernel.Cursor:
            return self._reader.cursor(
                "visible", past=True, repair=repairer, start=start, stop=stop, sequence=self.sequence
            )

        pieces = self._stretches.backward(span.start, span.stop)
        return self._reader.rows_of(BackwardCursor(opened, pieces), repairer, span)

    def __getitem__(self, key: bytes) -> bytes:
        first = next(iter(self.rows(start=key, stop=self._reader.after(key))), None)
        if first is None or first.key != key or first.value is None:
            raise KeyError(key)
        return first.value

    def __iter__(self) -> Iterator[bytes]:
        return (version.key for version in self.rows())

    def __reversed__(self) -> Iterator[bytes]:
        return (version.key for version in self.rows(reverse=True))

    def __len__(self) -> int:
        return sum(1 for _ in self.rows())

    def version(self, key: bytes) -> Version | None:
        """The version of a key that is seen, with where it lies; None where the key is not there."""
        first = next(iter(self.rows(start=key, stop=self._reader.after(key))), None)
        return first if first is not None and first.key == key else None

    def pairs(
        self,
        *,
        prefix: bytes = b"",
        start: bytes | None = None,
        stop: bytes | None = None,
        reverse: bool = False,
    ) -> Iterator[tuple[bytes, bytes]]:
        """Stream ``(key, value)`` pairs in key order, the last one first with ``reverse``; the arguments are those of ``rows``."""
        rows = self.rows(prefix=prefix, start=start, stop=stop, reverse=reverse)
        return ((version.key, version.value or b"") for version in rows)

    def approximate_len(self, *, prefix: bytes = b"", start: bytes | None = None, stop: bytes | None = None) -> int:
        """About how many keys there are, without reading them all: exact where there is little to read.

        Keys are counted in some stretches spread over the range, and taken to be as dense in the others.
        """
        span = self._reader.span(prefix, start, stop)
        pieces = self._stretches.forward(span.start, span.stop)
        if len(pieces) <= _COUNTED_STRETCHES:
            return sum(1 for _ in self.rows(prefix=prefix, start=start, stop=stop))
        step = len(pieces) / _COUNTED_STRETCHES
        counted = [pieces[int((number + 0.5) * step)] for number in range(_COUNTED_STRETCHES)]
        weight = sum(piece.weight for piece in counted)
        count = sum(1 for piece in counted for _ in self.rows(prefix=prefix, start=piece.start, stop=piece.stop))
        return round(count * sum(piece.weight for piece in pieces) / max(weight, 1))
