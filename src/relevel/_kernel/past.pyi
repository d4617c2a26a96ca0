"""What looking back needs beside cursors. Words are those of ``relevel._kernel``."""

from collections.abc import Sequence
from typing import TypeVar, final, overload

from relevel._kernel import Fault, Row

_RowType = TypeVar("_RowType", bound=tuple[object, ...])

@final
class LookBack:
    """Keys to look back at: ``keys`` and those that start with one of ``prefixes``, or all where neither is given; of these the
    ones in ``[start, stop)``; and of those that are gone, the ones that a deletion with a sequence number from ``gone_from`` to
    ``gone_to`` made go, where these are given. Frozen."""

    def __new__(
        cls,
        *,
        keys: Sequence[bytes] = (),
        prefixes: Sequence[bytes] = (),
        start: bytes | None = None,
        stop: bytes | None = None,
        gone_from: int = 0,
        gone_to: int | None = None,
    ) -> LookBack: ...

@final
class Sequences:
    """A set of sequence numbers. Frozen; made by ``Cursor.sequences``."""

    @property
    def count(self) -> int:
        """How many different numbers there are; fewer where some were forgotten."""
    @property
    def has_forgotten(self) -> bool:
        """Whether the bound was reached, and numbers were forgotten."""
    @property
    def version_count(self) -> int:
        """How many versions have them."""
    @property
    def oldest(self) -> int | None: ...
    @property
    def newest(self) -> int | None: ...
    def first_missing(self, first: int, last: int) -> int | None:
        """The lowest number from ``first`` to ``last`` (inclusive) that is not there."""
    def last_missing(self, first: int, last: int) -> int | None:
        """The highest one."""

@final
class SequenceCursor:
    """Rows in ascending sequence order. Temporary files are gone when it is."""

    @overload
    def read(self, count: int, row_type: None = None) -> list[Row]: ...
    @overload
    def read(self, count: int, row_type: type[_RowType]) -> list[_RowType]: ...
    def take_faults(self) -> list[tuple[str, Fault]]: ...
