"""What is wanted of a database: which versions, as of when, which keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from relevel.errors import InvalidArgumentError
from relevel.recovery.read.columns import ColumnBatches
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Rows

VERSIONS: Final = ("all", "live", "deleted")
"""Which versions may be wanted."""
_MODES: Final = {"all": "versions", "live": "visible", "deleted": "deleted"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted.

    Attributes:
        versions: ``"all"``, every version on disk; ``"live"``, what a read gives; ``"deleted"``, the last value of every key that
            is gone and has one on disk.
        at: with ``"live"``, what a read gave right after the change with this sequence number.
        prefix: only keys that start with this.
        start: only keys at or after this one.
        stop: only keys before this one.
    """

    versions: str = "all"
    at: int | None = None
    prefix: bytes = b""
    start: bytes | None = None
    stop: bytes | None = None

    def __post_init__(self) -> None:
        if self.versions not in VERSIONS:
            raise InvalidArgumentError(f"versions are {', '.join(VERSIONS)}, not {self.versions!r}")
        if self.at is not None and self.versions != "live":
            raise InvalidArgumentError("a sequence number to look back to goes with the live versions alone")

    def rows(self, reader: Reader) -> Rows:
        """These versions, one at a time."""
        return reader.rows(**self._arguments())

    def columns(self, reader: Reader) -> ColumnBatches:
        """These versions, as columns."""
        return reader.columns(**self._arguments())

    def _arguments(self) -> dict[str, Any]:
        bounds = {"prefix": self.prefix, "start": self.start, "stop": self.stop}
        past = self.versions != "live" or self.at is not None
        sequence = {} if self.at is None else {"sequence": self.at}
        return {"mode": _MODES[self.versions], "past": past, **bounds, **sequence}
