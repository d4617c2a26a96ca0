"""Extents: which sequence numbers each file holds. Read once, when first asked."""

from __future__ import annotations

from typing import NamedTuple

from relevel._kernel.past import Sequences
from relevel.recovery.read.reader import EVERY_KEY, KeySpan, Reader


class Extent(NamedTuple):
    """The sequence numbers of one file.

    Attributes:
        oldest: the lowest; None where it holds nothing.
        newest: the highest.
        number_count: how many different ones there are.
    """

    oldest: int | None
    newest: int | None
    number_count: int

    @property
    def is_without_gap(self) -> bool:
        """Whether it holds something, and every number between the lowest and the highest."""
        return (
            self.oldest is not None and self.newest is not None and self.number_count == self.newest - self.oldest + 1
        )


class Extents:
    """The extents of a database's tables and logs. Damaged bytes are passed over."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Extent] = {}

    def of(self, name: str) -> Extent:
        """The extent of one file."""
        if name not in self._known:
            found = self._read(name, EVERY_KEY)
            self._known[name] = Extent(found.oldest, found.newest, found.count)
        return self._known[name]

    def newest_in(self, name: str, span: KeySpan) -> int | None:
        """The highest sequence number that one file has for some keys."""
        return self._read(name, span).newest

    def _read(self, name: str, span: KeySpan) -> Sequences:
        repairer, (start, stop, _) = self._reader.repairer(), span
        return self._reader.cursor(
            "versions", past=True, repair=repairer, files=[name], start=start, stop=stop
        ).sequences()
