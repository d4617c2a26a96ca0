"""One database's part of an export: what is wanted of it, and what else is told with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from relevel.decoders.decoding import Decoding
from relevel.exports.wanted import Wanted
from relevel.findings import Finding
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.read.reader import Reader
from relevel.report.json import as_json

MOST_FINDINGS: Final = 10_000
"""How many findings go into the destination; the report has all."""


@dataclass(frozen=True, slots=True)
class Part:
    """One database, and what is wanted of it.

    Attributes:
        reader: the database.
        wanted: which versions.
        database: what the column ``database`` says, where there is one.
        decoding: how keys and values are decoded, where they are.
        progress: told of versions written.
    """

    reader: Reader
    wanted: Wanted
    database: str | None = None
    decoding: Decoding | None = None
    progress: Callable[[int], None] | None = None

    def told(self, findings: list[Finding]) -> dict[str, Any]:
        """Where the rows come from, as JSON values, for a destination that has no tables for it."""
        directory = self.reader.directory
        return {
            "source": str(directory.path),
            "comparator": self.reader.comparator.name,
            "proof": str(directory.proof),
            "versions": self.wanted.versions,
            "at": self.wanted.at,
            "decoder": self.decoding.name if self.decoding else None,
            "files": [dict(zip(FILE_FIELDS, file_row(file), strict=True)) for file in directory.files],
            "findings": as_json(findings[:MOST_FINDINGS]),
            "finding_count": len(findings),
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """What was written of a part.

    Attributes:
        row_count: versions.
        findings: everything found wrong on the way.
    """

    row_count: int
    findings: list[Finding]


FILE_FIELDS: Final = ("name", "kind", "standing", "level", "size", "modified_ns")
FINDING_FIELDS: Final = ("code", "severity", "file", "offset", "size", "message", "lower", "upper", "next_step")


def storable(text: str | os.PathLike[str]) -> str:
    """A name, or words about it, as text that every format can hold: bytes that are not UTF-8 are escaped."""
    return os.fspath(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def file_row(file: DatabaseFile) -> tuple[object, ...]:
    """A file, field by field."""
    return (storable(file.name), str(file.kind), str(file.standing), file.level, file.size, file.mtime_ns)


def finding_row(finding: Finding) -> tuple[object, ...]:
    """A finding, field by field."""
    span, keys = finding.span, finding.keys
    bounds = (None, None) if keys is None else (keys.lower, keys.upper)
    place = (storable(span.file), span.offset, span.size)
    return (finding.code, str(finding.severity), *place, storable(finding.message), *bounds, finding.next_step)
