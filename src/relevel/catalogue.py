"""The catalogue of findings: every stable code, how bad it is, what it means and what to do.

Codes read ``thing.part.fault``. The ones that begin with ``table.`` and ``log.`` are the kernel's; a manifest is a log of
version edits, so the kernel's ``log.`` faults are shown as ``manifest.`` there. docs/findings.md is made from this file.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


class Severity(enum.IntEnum):
    """How bad a finding is. Only warnings and damage make a command exit with 1."""

    NOTE = 0
    """Worth knowing; every live entry is there. A torn log tail after a crash, a table that was still being written."""
    WARNING = 1
    """The database would not open as it is, or what is live cannot be proved; the data read is right."""
    DAMAGE = 2
    """Bytes are not as they were written; entries may be lost."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One line of the catalogue.

    Attributes:
        severity: the usual severity; a finding may carry another where the context changes it.
        title: one line, in the words of a report.
        meaning: what it means and what usually causes it.
        next_step: what to do about it.
    """

    severity: Severity
    title: str
    meaning: str
    next_step: str


_RESCUE: Final = "Run `relevel rescue SRC DST`: it writes a healthy database beside this one and names what is lost."
_HARMLESS: Final = "Nothing to do."
_FIND_FILE: Final = "Look for the file in a backup, an antivirus quarantine or a copy; then run `relevel rescue SRC DST`."


def _damage(title: str, meaning: str, next_step: str = _RESCUE) -> CodeEntry:
    return CodeEntry(Severity.DAMAGE, title, meaning, next_step)


def _warning(title: str, meaning: str, next_step: str = _RESCUE) -> CodeEntry:
    return CodeEntry(Severity.WARNING, title, meaning, next_step)


def _note(title: str, meaning: str, next_step: str = _HARMLESS) -> CodeEntry:
    return CodeEntry(Severity.NOTE, title, meaning, next_step)


_TABLE_PARTS: Final = {
    "block": "a data block",
    "index": "the index block",
    "metaindex": "the metaindex block",
    "filter": "the filter block",
}

_BLOCK_FAULTS: Final = {
    "checksum-mismatch": ("the checksum of {part} does not fit its bytes", "The bytes changed after they were written: bad memory, a bad disk or an interrupted copy."),
    "truncated": ("the file ends inside {part}", "The file was cut short."),
    "bad-handle": ("the handle of {part} points outside the file", "The index or footer that holds the handle is damaged."),
    "unknown-type": ("{part} has a compression type nobody uses", "Either the type byte is damaged or the writer used a codec of its own."),
    "decompression-failed": ("{part} does not decompress", "The bytes were damaged before the checksum was made, or the codec is not LevelDB's."),
    "bad-entry": ("an entry of {part} cannot be decoded", "The block was written wrongly or damaged before its checksum was made."),
    "bad-restarts": ("the restart array of {part} is impossible", "The block was written wrongly or damaged before its checksum was made."),
    "bad-internal-key": ("a key of {part} has no sequence number", "The block was written wrongly or damaged before its checksum was made."),
    "key-order": ("keys of {part} are out of order", "The table was written wrongly, or with another comparator than the one in use."),
}


def _table_codes() -> dict[str, CodeEntry]:
    return {
        f"table.{part}.{fault}": _damage(title.format(part=name), meaning)
        for part, name in _TABLE_PARTS.items()
        for fault, (title, meaning) in _BLOCK_FAULTS.items()
    }


CATALOGUE: Final[Mapping[str, CodeEntry]] = MappingProxyType(
    {
        **_table_codes(),
    }
)
"""Code to entry, for every finding relevel can make."""
