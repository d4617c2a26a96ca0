"""Extents: which sequence numbers each file holds. Read once, when first asked."""

from __future__ import annotations

from typing import NamedTuple

from relevel.recovery.read.reader import Reader


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
            cursor = self._reader.cursor("versions", past=True, repair=self._reader.repairer(), files=[name])
            found = cursor.sequences()
            self._known[name] = Extent(found.oldest, found.newest, found.count)
        return self._known[name]
