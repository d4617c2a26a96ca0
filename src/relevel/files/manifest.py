"""A manifest: which tables and logs count, as a log of version edits.

Source: google/leveldb, db/version_set.cc.

::

    record 1   a snapshot: comparator, compaction pointers, every live table
    record 2   previous log, log, next file number, last sequence number
    record 3…  one edit for each flush and each compaction

LevelDB takes a manifest that ends inside a record for one that ends before it, installs that older version and deletes
the tables the lost edit had added; here a torn end is a warning, and strict reading refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from relevel.errors import CorruptionError, StorageError
from relevel.files.log import RecordScan
from relevel.files.number_set import NumberSet
from relevel.findings import CATALOGUE, Finding, Severity, Span
from relevel.format.filename import parse_filename
from relevel.format.internal_key import MAX_SEQUENCE, is_internal_key, sequence_of
from relevel.format.version_edit import (
    LEVEL_COUNT,
    MOST_LEVELS,
    EditProblem,
    FileMetadata,
    VersionEdit,
    scan_version_edit,
)
from relevel.storage.read_only import ReadOnlyDirectory

_MOST_FINDINGS: Final = 1000
"""Findings about edits that are kept; a hostile manifest could make millions."""
_MOST_ADDITIONS: Final = 1 << 16
"""Tables of which is kept how they came."""


class Addition(NamedTuple):
    """How an edit has added a table.

    Attributes:
        last_sequence: the last sequence number given out by then; None where the edit does not say.
        is_flush: whether the table is a memtable written out: the edit replaces none by it. LevelDB and goleveldb put the number
            of the log with it, which goleveldb's recovery, that also replaces none, does not.
    """

    last_sequence: int | None
    is_flush: bool


@dataclass(frozen=True, slots=True)
class ManifestScan:
    """The version that a manifest ends in, as far as it could be read.

    Attributes:
        name: the manifest's file name.
        file_size: bytes.
        comparator: name of the order of the user keys.
        log_number: logs with this number or a higher one count.
        previous_log_number: one older log that counts too; 0 and None are none.
        next_file_number: no file had this number yet.
        last_sequence: the newest sequence number in the tables, or thereabouts: logs may hold newer ones.
        levels: the live tables of each level by file number; at least seven levels.
        deleted: numbers of tables that were live once and are not now.
        compact_pointers: where the next compaction of a level begins, by level: internal keys.
        edit_count: edits read.
        zero_tail_size: zero bytes at the end (preallocated, or lost in a crash).
        findings: what is wrong with it.
        damaged: whether an edit, or part of one, is or may be lost.
        additions: how the tables that edits after the snapshot have added came, by file number; the last ones of very many.
        highest_sequence: the highest last sequence number that any edit notes.
        first_last_sequence: the last sequence number when the manifest was begun, where everything up to it was in tables then:
            LevelDB's second edit says so, where the log in it is newer than the manifest.
    """

    name: str
    file_size: int
    comparator: str | None
    log_number: int | None
    previous_log_number: int | None
    next_file_number: int | None
    last_sequence: int | None
    levels: tuple[dict[int, FileMetadata], ...]
    deleted: Set[int]
    compact_pointers: dict[int, bytes]
    edit_count: int
    zero_tail_size: int
    findings: tuple[Finding, ...]
    damaged: bool
    additions: Mapping[int, Addition] = field(default_factory=dict)
    highest_sequence: int = 0
    first_last_sequence: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it has all that LevelDB demands of a manifest, and a comparator."""
        return None not in (self.comparator, self.log_number, self.next_file_number, self.last_sequence)

    @property
    def is_whole(self) -> bool:
        """Whether it ends where its last edit does and nothing at all is wrong with it."""
        return self.complete and not self.findings and not self.zero_tail_size

    @property
    def newest(self) -> int:
        """A sequence number up to which all were given out: the highest one noted, or one of a table's first and last keys.

        The last one noted is too low where goleveldb began the manifest anew in a flush because it had become too large, or
        committed a transaction before a memtable with older changes was a table.
        """
        return max(self.highest_sequence, newest_in_ends(metadata for _, metadata in self.tables()))

    @property
    def is_goleveldbs(self) -> bool:
        """Whether goleveldb began it: it alone names a log and does not note that there is no previous one. The last number is of a
        table then, or one that was left out."""
        return bool(self.log_number) and self.previous_log_number is None

    def counts_on_log(self, number: int) -> bool:
        """Say whether a log with this number counts, if there is one."""
        return number >= (self.log_number or 0) or number == (self.previous_log_number or None)

    def tables(self) -> Iterator[tuple[int, FileMetadata]]:
        """Yield every live table with its level."""
        for level, tables in enumerate(self.levels):
            for metadata in tables.values():
                yield level, metadata


def newest_in_ends(tables: Iterable[FileMetadata]) -> int:
    """The highest sequence number in the first and last keys of tables, as the manifest has them; inside they may go further."""
    ends = (key for table in tables for key in (table.smallest, table.largest))
    return max((sequence_of(key) for key in ends if is_internal_key(key)), default=0)


def scan_manifest(directory: ReadOnlyDirectory, name: str, data: bytes | None = None) -> ManifestScan:
    """Read a manifest to its end and beyond every damage. Never raises on content, nor where it cannot be read.

    With ``data``, its bytes with damage put right, these are read instead of the file.

    Of an edit that cannot be decoded to its end the deletions are not believed: the tables that replace the deleted
    ones may be in the lost part.
    """
    replay = _Replay(name)
    try:
        records = RecordScan(directory, name, data)
        try:
            replay.run(records)
        finally:
            replay.finish(records)
    except StorageError as error:
        replay.lose(Finding.of("file.unreadable", Span(name), str(error)))
    return replay.result()


def read_manifest(directory: ReadOnlyDirectory, name: str) -> ManifestScan:
    """Read a manifest strictly: nothing torn, nothing damaged, nothing missing.

    Raises:
        CorruptionError: the first thing that is wrong.
        StorageError: it cannot be read.
    """
    directory.size(name)
    scan = scan_manifest(directory, name)
    for finding in scan.findings:
        if finding.severity > Severity.NOTE:
            raise CorruptionError(finding.message, finding)
    return scan


class _Replay:
    """Edits applied one after another."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._number = parse_filename(name).number or 0
        self._comparator: str | None = None
        self._log_number: int | None = None
        self._previous_log_number: int | None = None
        self._next_file_number: int | None = None
        self._last_sequence: int | None = None
        self._highest_sequence = 0
        self._levels: tuple[dict[int, FileMetadata], ...] = tuple({} for _ in range(MOST_LEVELS))
        self._deleted = NumberSet()
        self._compact_pointers: dict[int, bytes] = {}
        self._edit_count = 0
        self._additions: dict[int, Addition] = {}
        self._first_last_sequence: int | None = None
        self._findings: list[Finding] = []
        self._untold_count = 0
        self._damaged = False
        self._file_size = 0
        self._zero_tail_size = 0

    def run(self, records: RecordScan) -> None:
        """Apply every edit."""
        for offset, end, payload in records:
            edit, problems, _ = scan = scan_version_edit(payload)
            if problems:
                self._report(Span(self._name, offset, end - offset), problems)
            self._apply(edit, is_whole=not problems or scan.is_whole)
            self._edit_count += 1

    def _apply(self, edit: VersionEdit, *, is_whole: bool) -> None:
        comparator, log_number, previous_log_number, next_file_number, last_sequence, pointers, deleted, new = edit
        if deleted and is_whole:
            self._delete(deleted)
        for level, metadata in new:
            self._levels[level][metadata.number] = metadata
        if new and comparator is None:
            self._note_additions(edit)
        if self._edit_count == 1 and self._last_sequence is None and (log_number or 0) > self._number:
            self._first_last_sequence = last_sequence
        if pointers:
            self._compact_pointers.update(pointers)
        if comparator is not None and self._comparator is None:
            self._comparator = comparator
        if log_number is not None:
            self._log_number = log_number
        if previous_log_number is not None:
            self._previous_log_number = previous_log_number
        if next_file_number is not None:
            self._next_file_number = next_file_number
        if last_sequence is not None:
            self._last_sequence = last_sequence
            if last_sequence <= MAX_SEQUENCE:
                self._highest_sequence = max(self._highest_sequence, last_sequence)

    def _note_additions(self, edit: VersionEdit) -> None:
        is_flush = edit.log_number is not None and not edit.deleted_files
        moved = {number for _, number in edit.deleted_files}
        for _, metadata in edit.new_files:
            if metadata.number not in moved:
                self._additions[metadata.number] = Addition(edit.last_sequence, is_flush)
                if len(self._additions) > _MOST_ADDITIONS:
                    del self._additions[next(iter(self._additions))]

    def _delete(self, deleted: Iterable[tuple[int, int]]) -> None:
        for level, number in deleted:
            self._levels[level].pop(number, None)
            self._deleted.add(number)

    def _report(self, span: Span, problems: tuple[EditProblem, ...]) -> None:
        for problem in problems:
            self._damaged |= not problem.is_tolerated
            if len(self._findings) >= _MOST_FINDINGS:
                self._untold_count += 1
                continue
            severity = Severity.WARNING if problem.is_tolerated else Severity.DAMAGE
            message = f"{span.file}: the edit at offset {span.offset}: {problem}"
            evidence = {"leveldb": f"Corruption: VersionEdit: {problem.words}", "edit_offset": problem.offset}
            self._findings.append(Finding("manifest.edit.malformed", severity, span, message, evidence=evidence))

    def finish(self, records: RecordScan) -> None:
        """Take over what the records tell about the file, once they are read."""
        self._file_size, self._zero_tail_size = records.file_size, records.zero_tail_size
        for finding in records.findings:
            self.lose(finding)

    def lose(self, finding: Finding) -> None:
        """Note bytes that may have held an edit."""
        self._damaged = True
        self._findings.append(finding)

    def result(self) -> ManifestScan:
        """Give the version reached."""
        for tables in self._levels:
            for number in tables:
                self._deleted.discard(number)
        deepest = max((level for level, tables in enumerate(self._levels) if tables), default=0)
        findings = sorted(self._findings, key=lambda finding: finding.span.offset)
        return ManifestScan(
            name=self._name,
            file_size=self._file_size,
            comparator=self._comparator,
            log_number=self._log_number,
            previous_log_number=self._previous_log_number,
            next_file_number=self._next_file_number,
            last_sequence=self._last_sequence,
            levels=self._levels[: max(LEVEL_COUNT, deepest + 1)],
            deleted=self._deleted,
            compact_pointers=self._compact_pointers,
            edit_count=self._edit_count,
            zero_tail_size=self._zero_tail_size,
            findings=(*findings, *self._untold(), *self._missing(), *self._impossible()),
            damaged=self._damaged,
            additions=self._additions,
            highest_sequence=self._highest_sequence,
            first_last_sequence=self._first_last_sequence,
        )

    def _untold(self) -> Iterator[Finding]:
        if self._untold_count:
            message = f"{self._name}: {self._untold_count} more problems in its edits, not listed"
            yield Finding.of("manifest.edit.malformed", Span(self._name), message)

    def _missing(self) -> Iterator[Finding]:
        """What LevelDB (or, for the comparator, goleveldb) finds missing at the end of a manifest."""
        found = {
            "comparer": self._comparator,
            "next-file-num": self._next_file_number,
            "journal-file-num": self._log_number,
            "seq-num": self._last_sequence,
        }
        span = Span(self._name, 0, self._file_size)
        for name, value in found.items():
            if value is None:
                words = _MISSING[name]
                said = f"leveldb: manifest corrupted (field '{name}'): missing [file={self._name}]"
                evidence = {"leveldb": f"Corruption: {words}", "goleveldb": said}
                message = f"{self._name}: {words}"
                severity = CATALOGUE["manifest.incomplete"].severity
                yield Finding("manifest.incomplete", severity, span, message, evidence=evidence)

    def _impossible(self) -> Iterator[Finding]:
        """A last sequence number that no write can have had: LevelDB goes on from it, with numbers that do not fit a key."""
        if self._last_sequence is not None and self._last_sequence > MAX_SEQUENCE:
            message = f"{self._name}: the last sequence number is {self._last_sequence}, and {MAX_SEQUENCE} is the highest there is"
            span = Span(self._name, 0, self._file_size)
            yield Finding("manifest.edit.malformed", Severity.WARNING, span, message)


_MISSING: Final = {
    "comparer": "no comparator entry in descriptor",
    "next-file-num": "no meta-nextfile entry in descriptor",
    "journal-file-num": "no meta-lognumber entry in descriptor",
    "seq-num": "no last-sequence-number entry in descriptor",
}
