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
    """Worth knowing; every live entry is there. A table that was still being written, a log preallocated with zeroes."""
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


RESCUE: Final = "Run `relevel rescue SRC DST`: it writes a healthy database beside this one and names what is lost."
_HARMLESS: Final = "Nothing to do."
_FIND_FILE: Final = (
    "Look for the file in a backup, an antivirus quarantine or a copy; then run `relevel rescue SRC DST`."
)


def _damage(title: str, meaning: str, next_step: str = RESCUE) -> CodeEntry:
    return CodeEntry(Severity.DAMAGE, title, meaning, next_step)


def _warning(title: str, meaning: str, next_step: str = RESCUE) -> CodeEntry:
    return CodeEntry(Severity.WARNING, title, meaning, next_step)


def _note(title: str, meaning: str, next_step: str = _HARMLESS) -> CodeEntry:
    return CodeEntry(Severity.NOTE, title, meaning, next_step)


_CHANGED: Final = "The bytes changed after they were written: bad memory, a bad disk or an interrupted copy."
_WRITTEN_WRONGLY: Final = "The block was written wrongly, or damaged before its checksum was made."
_CUT: Final = "The file was cut short: a crash, a full disk or an interrupted copy."
_COPY_FIRST: Final = (
    "Where the disk fails, copy what can be read with ddrescue or a similar tool, and run relevel on the copy."
)
_DROPS_TABLES: Final = (
    "LevelDB goes on with an older state here and deletes the tables it does not know. Do not open it to write."
)

_RESCUE_CARVED: Final = "Run `relevel rescue` on what was carved: it reads what is there and names what is lost."

_TABLE_PARTS: Final = {
    "block": "a data block",
    "index": "the index block",
    "metaindex": "the metaindex block",
    "filter": "the filter block",
}
_BLOCK_FAULTS: Final = {
    "checksum-mismatch": ("the checksum of {part} does not fit its bytes", _CHANGED),
    "truncated": ("the file ends inside {part}", _CUT),
    "bad-handle": ("the handle of {part} does not point to one", "The index or footer that holds it is damaged."),
    "unknown-type": ("{part} has a compression type nobody uses", "The type byte is damaged, or the codec private."),
    "decompression-failed": (
        "{part} does not decompress",
        f"{_WRITTEN_WRONGLY} Or it grows beyond RELEVEL_BLOCK_LIMIT (128 MiB where not set) and what snappy could make.",
    ),
    "bad-entry": ("an entry of {part} cannot be decoded", _WRITTEN_WRONGLY),
    "bad-restarts": ("the restart array of {part} is impossible", _WRITTEN_WRONGLY),
    "bad-internal-key": ("a key of {part} has no sequence number", _WRITTEN_WRONGLY),
    "key-order": (
        "keys of {part} are out of order",
        "The table was written wrongly, or with another comparator than the one in use.",
    ),
}
_TOO_LARGE: Final = (
    "The page of `relevel explore` passes over what would take too much memory. Nothing is known to be wrong with it. Keys that "
    "are in it may seem to be gone, or to have an older value."
)
_READ_ELSEWHERE: Final = (
    "Read it with `relevel get`, `relevel history` or `relevel export`, which have no such limit; or start the page with a larger "
    "`--largest-block`."
)
_RECORD_FAULTS: Final = {
    "record.checksum-mismatch": ("the checksum of a record does not fit its bytes", _CHANGED),
    "record.bad-length": ("a record claims more bytes than its block, or the file, has", _CHANGED),
    "record.unknown-type": ("a record has a type nobody uses", _CHANGED),
    "record.zero-header": (
        "zeroes stand where a record should begin",
        "A crash, a full disk or a bad copy left zeroes.",
    ),
    "record.orphan-fragment": ("a middle or last fragment has no first one", "What came before it is damaged."),
    "record.unfinished": ("a first fragment has no last one", "What came after it is damaged."),
}


def _too_large(title: str) -> CodeEntry:
    return _warning(title, _TOO_LARGE, _READ_ELSEWHERE)


def _table_codes() -> dict[str, CodeEntry]:
    return {
        f"table.{part}.{fault}": _damage(title.format(part=name), meaning)
        for part, name in _TABLE_PARTS.items()
        for fault, (title, meaning) in _BLOCK_FAULTS.items()
    } | {
        f"table.{part}.too-large": _too_large(f"{name} is larger than what is looked at")
        for part, name in _TABLE_PARTS.items()
    }


def _record_codes(file: str) -> dict[str, CodeEntry]:
    return {f"{file}.{fault}": _damage(title, meaning) for fault, (title, meaning) in _RECORD_FAULTS.items()}


_CARVE_CODES: Final = {
    "carve.incomplete": _damage(
        "a table, log or manifest was found in part",
        "The rest was overwritten, cut off, or put elsewhere by the file system.",
        _RESCUE_CARVED,
    ),
    "carve.no-manifest": _warning(
        "no manifest was found",
        "Which tables and logs count is not proved; their numbers are made up in the order of sequence numbers.",
        _RESCUE_CARVED,
    ),
    "carve.several-databases": _warning(
        "the image holds more than one database",
        "Sequence numbers, key orders or manifests tell them apart; each has a directory of its own.",
        "Run `relevel rescue` on each of the directories.",
    ),
    "carve.unsure": _warning(
        "a file may be of more than one of the databases found",
        "Nothing tells; it was put with what lies nearest in the image.",
        "Look at its keys with `relevel dump`; move it where it belongs.",
    ),
    "carve.overlap": _warning(
        "two files that were found share bytes of the image", "One of them was overwritten in part.", _RESCUE_CARVED
    ),
    "carve.too-many": _warning(
        "an image has more places to look at than are kept",
        "Its bytes were made so.",
        "Split the image, and carve its parts.",
    ),
    "carve.duplicate": _note("a file was found more than once", "A copy, or what a file system left of a move."),
    "carve.inside": _note("a file was found inside another", "It is the value of an entry there; it was left out."),
    "carve.nameless": _note(
        "a file is older than its manifest, and no older number is free",
        "It was left out: with a newer number it would count for what is live.",
    ),
}

CATALOGUE: Final[Mapping[str, CodeEntry]] = MappingProxyType(
    {
        "current.missing": _warning(
            "there is no CURRENT", "LevelDB told to create a database here deletes every table."
        ),
        "current.malformed": _warning(
            "CURRENT names no manifest", "It is empty, zeroed, doubled, or something else wrote to it."
        ),
        "current.dangling": _warning(
            "CURRENT names a manifest that is not there", "The manifest was lost or CURRENT is stale."
        ),
        **_record_codes("manifest"),
        "manifest.tail.torn": _warning("the manifest ends inside a record", _DROPS_TABLES),
        "manifest.read-error": _damage("the system cannot read part of a manifest", "A failing disk.", _COPY_FIRST),
        "manifest.edit.malformed": _damage("a version edit cannot be decoded", _DROPS_TABLES),
        "manifest.incomplete": _damage("the manifest lacks what every manifest has", _DROPS_TABLES),
        "manifest.partial": _warning(
            "part of the manifest cannot be read", "Which tables and logs count is not proved."
        ),
        "manifest.sequence.short": _warning(
            "the manifest ends with an earlier sequence number than its tables",
            "LevelDB and goleveldb do not show the newer changes, and hide what they write next. goleveldb leaves it so where a "
            "manifest has reached its largest size.",
            "Open the database once with relevel, or run `relevel rescue SRC DST`.",
        ),
        "manifest.none": _warning("no manifest can be read", "Which tables and logs count is not proved."),
        "database.order-unknown": _note(
            "the order of the keys is not known",
            "No order that is built in is named or fits; whether the keys are in order was not verified.",
            "Give it: --comparator NAME=module:function.",
        ),
        "database.mixed": _warning(
            "files of more than one database are mixed",
            "Two writes have one sequence number, which no database gives out twice; the newest of each key is taken all the same.",
            "Take the files of one database out; times of change and LOG tell which belong together.",
        ),
        "file.unreadable": _damage(
            "a file cannot be read",
            "The system refuses: permissions, or a failing disk.",
            f"Run relevel as a user who may read the file. {_COPY_FIRST}",
        ),
        "file.foreign-contents": _damage(
            "a file holds nothing of what its name says, but something else",
            "A pointer that git-LFS left in its place, an archive, zeroes, or noise: it was encrypted or overwritten.",
            _FIND_FILE,
        ),
        "file.misnamed": _warning(
            "a file of the database has another name than LevelDB gives it",
            "It was copied by way of a file manager, a backup or another system.",
            "`relevel rescue` reads it under the name that it has, and gives it the right one.",
        ),
        "file.stranger": _note("a file is not one of LevelDB's", "Some other program put it here."),
        **_table_codes(),
        "table.missing": _damage("a table is not there", "It was deleted, quarantined or never copied.", _FIND_FILE),
        "table.orphan": _note(
            "no manifest has heard of a table", "A flush or compaction was under way when it was left."
        ),
        "table.uncertain": _warning(
            "nothing proves whether some entries of a replaced table are live",
            "No manifest says what counts, and what was made from the table does not reach as far.",
            "`relevel rescue --include-uncertain` takes them.",
        ),
        "table.size-mismatch": _damage("a table has another size than the manifest says", _CUT),
        "table.range-mismatch": _damage("a table holds keys outside its range", "LevelDB does not find those keys."),
        "table.replaced": _damage(
            "a table is not the one that the manifest counts on",
            "Another database's file, or one from another time, was put in its place.",
            _FIND_FILE,
        ),
        "table.empty": _damage("a table has no bytes", _CUT),
        "table.too-short": _damage("a table is too short to be one", _CUT),
        "table.truncated": _damage("a table ends before its index", _CUT),
        "table.footer.bad-magic": _damage("a table does not end in a footer", _CUT),
        "table.footer.bad-handle": _damage("the footer of a table points outside the file", _CHANGED),
        "table.footer.excess": _warning(
            "a footer holds more than handles, zeroes and the magic number", f"{_CHANGED} Nothing is lost by it."
        ),
        "table.index.separator": _damage("an index key does not separate its blocks", _WRITTEN_WRONGLY),
        "table.filter.false-negative": _damage(
            "a filter denies keys that are there", "LevelDB does not find those keys."
        ),
        "table.gap": _damage("bytes of a table belong to no block", "The index is damaged or a block was lost."),
        "table.pages-swapped": _damage(
            "two pages of a table stand in each other's place", "A disk or a file system mixed up its blocks."
        ),
        "table.overlap": _damage("two blocks of a table share bytes", "The index is damaged."),
        "table.read-error": _damage("the system cannot read part of a table", "A failing disk.", _COPY_FIRST),
        "level.overlap": _warning("tables of one level overlap", "LevelDB reads only one of them for a key."),
        "level.tables-overlap": _warning("tables of one level overlap", "LevelDB reads only one of them for a key."),
        "merge.out-of-order": _damage(
            "entries come after larger ones",
            "Their table, or the list of their level, is out of order: what replaced them is not known.",
        ),
        "merge.conflict": _damage(
            "two values have one key and sequence number", "Two programs wrote, or one value is damaged."
        ),
        **_record_codes("log"),
        "log.record.too-large": _too_large("a record is larger than what is looked at"),
        "log.missing": _damage(
            "a log is not there", "Its writes are lost unless they had reached a table.", _FIND_FILE
        ),
        "log.newest.missing": _warning(
            "a log is gone that no manifest names",
            "LOG tells of it: the newest writes were in it, if any.",
            _FIND_FILE,
        ),
        "log.let-go": _note(
            "a log in which nothing was is not there", "goleveldb has removed it, and left its number in the manifest."
        ),
        "log.tail.torn": _warning(
            "a log ends inside a record",
            "A crash cut the last write. It was acknowledged only if it was not synced, or the file was cut later.",
        ),
        "log.tail.zeroed": _warning(
            "a log ends in zeroes", "A crash left them in place of writes, or they were preallocated."
        ),
        "log.batch.too-small": _damage("a record is too small for a write batch", _WRITTEN_WRONGLY),
        "log.batch.bad-operation": _damage("an operation of a write batch cannot be decoded", _WRITTEN_WRONGLY),
        "log.batch.wrong-count": _damage("a write batch has another count than it says", _WRITTEN_WRONGLY),
        "log.batch.bad-sequence": _damage("a write batch has an impossible sequence number", _WRITTEN_WRONGLY),
        "log.sequence.gap": _note(
            "sequence numbers leave a gap",
            "Records between are lost, went straight to a table, or were refused by a full disk: LevelDB numbers those too.",
        ),
        "log.sequence.late": _warning(
            "the first log begins after the number that comes next",
            "What came before was in a log that is gone, or in the lost beginning of this one, or a full disk refused it.",
        ),
        "log.sequence.back": _warning("sequence numbers go back", "Two programs wrote, or records were moved."),
        "log.sequence.lost": _damage(
            "changes before a log are in no log and no table",
            "The log before it, or the end of that, did not reach the disk when the power failed.",
        ),
        "log.sequence.old": _damage(
            "a log has changes that are older than those before it",
            "A log of another time, or of another database, was put in its place.",
        ),
        "log.sequence.short": _warning(
            "a log ends before the sequence number that comes next",
            "It was cut, or one of another time was put in its place.",
        ),
        "log.read-error": _damage("the system cannot read part of a log", "A failing disk.", _COPY_FIRST),
        **_CARVE_CODES,
    }
)
"""Code to entry, for every finding relevel can make."""
