"""JSON lines and CSV files: what ``dump`` prints, in a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar, Final

from relevel.exports.part import Part, Taken
from relevel.exports.rows import format_rows
from relevel.exports.writer import Layout, Writer
from relevel.recovery.read.rows import Version
from relevel.storage.failure import refusals

_AT_ONCE: Final = 4096


class JsonLinesWriter(Writer):
    """Writes JSON lines."""

    format: ClassVar[str] = "jsonl"

    def __init__(self, path: Path, layout: Layout) -> None:
        super().__init__(path, layout)
        with refusals("cannot write", str(path)):
            self._file = path.open("x", encoding="utf-8", errors="surrogateescape", newline="")
        self._is_begun = False

    def take(self, part: Part) -> Taken:
        """Write one database's versions."""
        rows = part.wanted.rows(part.reader)
        counted = _Counted(rows)
        lines = format_rows(
            counted,
            self.format,
            self.layout.encoding,
            decode=part.decoding,
            database=part.database if self.layout.has_database else None,
            begin=not self._is_begun,
        )
        self._is_begun = True
        while group := "".join(islice(lines, _AT_ONCE)):
            with refusals("cannot write", str(self.path)):
                self._file.write(group)
            if part.progress:
                part.progress(counted.count)
        return Taken(counted.count, rows.findings)

    def close(self) -> None:
        """Write what is left."""
        with refusals("cannot write", str(self.path)):
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            self._file.close()


class CsvWriter(JsonLinesWriter):
    """Writes CSV."""

    format: ClassVar[str] = "csv"


class _Counted(Iterable[Version]):
    """Versions, and how many have passed."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self._versions = versions
        self.count = 0

    def __iter__(self) -> Iterator[Version]:
        for version in self._versions:
            self.count += 1
            yield version
