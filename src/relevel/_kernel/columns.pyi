"""Versions as columns, laid out as Apache Arrow lays out arrays, in the machine's order of bytes.

Words, sources and errors are those of ``relevel._kernel``.
"""

from collections.abc import Set
from typing import final

from relevel._kernel import Cursor

@final
class Columns:
    """Some versions as columns.

    ``type``: 0 put, 1 delete. ``state``: 0 live, 1 shadowed, 2 deleted, 3 unknown. ``integrity``: 0 intact, 1 unverified.
    """

    @property
    def count(self) -> int:
        """How many versions there are."""
    @property
    def sequence(self) -> bytes:
        """Eight bytes each, unsigned."""
    @property
    def type(self) -> bytes:
        """One byte each."""
    @property
    def key_offsets(self) -> bytes:
        """``count + 1`` offsets in ``key``, eight bytes each."""
    @property
    def key(self) -> bytes:
        """All user keys, one after another."""
    @property
    def value_offsets(self) -> bytes:
        """``count + 1`` offsets in ``value``, eight bytes each."""
    @property
    def value(self) -> bytes:
        """All values, one after another."""
    @property
    def value_validity(self) -> bytes | None:
        """A bit a version, lowest first, 0 for deletions; None where there are none."""
    @property
    def state(self) -> bytes:
        """One byte each."""
    @property
    def file(self) -> bytes:
        """Four bytes each, unsigned; see ``file_names``."""
    @property
    def offset(self) -> bytes:
        """Eight bytes each, unsigned."""
    @property
    def integrity(self) -> bytes:
        """One byte each."""

def read_columns(cursor: Cursor, count: int, unverified: Set[tuple[str, int]] = frozenset()) -> Columns | None:
    """Like ``cursor.read``, but as columns; None at the end.

    Versions at the places ``unverified``, a file and an offset in it, are not intact whatever they say themselves.
    """

def file_names(cursor: Cursor) -> list[str]:
    """The names of a cursor's files, by the number that ``Columns.file`` has. A name comes as often as it is an input."""
