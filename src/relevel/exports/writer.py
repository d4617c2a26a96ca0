"""Writers: each knows one format, and writes the versions of one database or of several into one new file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from relevel.exports.part import Part, Taken


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns there are besides those of a version.

    Attributes:
        has_database: a first column that says which database a row is from.
        has_decoded: last columns ``decoded_key``, ``decoded_value`` and ``undecoded``, the reason why one of them is null.
        encoding: how text formats write keys and values.
    """

    has_database: bool = False
    has_decoded: bool = False
    encoding: str = "escaped"


class Writer(ABC):
    """Writes one file. ``close`` makes it whole; without that there is nothing to be used.

    Attributes:
        holds_many: whether it can take more than one database.
    """

    holds_many: ClassVar[bool] = True

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path = path
        self.layout = layout

    @abstractmethod
    def take(self, part: Part) -> Taken:
        """Write one database's versions.

        Raises:
            StorageError: the file cannot be written.
            NotSupportedError: the format cannot hold a value.
        """

    @abstractmethod
    def close(self) -> None:
        """Write what is left.

        Raises:
            StorageError: the file cannot be written.
        """

    @abstractmethod
    def abandon(self) -> None:
        """Let go of the file, which will be removed. Raises nothing, and may be called after ``close``."""
