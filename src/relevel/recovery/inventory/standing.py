"""Standing: what each file counts for, and what is wrong with the set of files as a whole.

A table or log counts because a manifest says so. Deletions in a manifest are by level and number, so a table that moved down a
level is not a deleted one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from relevel.files.manifest import ManifestScan
from relevel.findings import CATALOGUE, Finding, KeyRange, Severity, Span
from relevel.format.filename import FileKind, FileName, log_name, table_name
from relevel.format.internal_key import user_key_of
from relevel.format.java_size import with_true_size
from relevel.format.version_edit import FileMetadata
from relevel.storage.read_only import DirectoryEntry
from relevel.strenum import StrEnum


class Standing(StrEnum):
    """What a file counts for in the database as it is now."""

    LIVE = "live"
    """The manifest in use says so, or the file is part of every database (CURRENT, LOCK, LOG)."""
    SUPERSEDED = "superseded"
    """The manifest in use says that it was replaced, or it is older than everything the manifest counts."""
    ORPHAN = "orphan"
    """Its name is LevelDB's and the manifest in use has never heard of it."""
    UNPROVEN = "unproven"
    """No manifest can say. It is taken for live, and findings say that this is not proved."""
    MISSING = "missing"
    """The manifest in use counts on it and it is not there."""
    STRANGER = "stranger"
    """Not one of LevelDB's files."""


class Proof(StrEnum):
    """How well it is known which files count."""

    MANIFEST = "manifest"
    """A whole manifest says so."""
    PARTIAL = "partial-manifest"
    """A damaged manifest says part of it."""
    INFERRED = "log-file"
    """No manifest could be read, and LOG and the tables say it as surely."""
    COUNTED = "every-write"
    """No manifest could be read, and every write that was ever made is there."""
    NONE = "none"
    """No manifest could be read."""


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """One file of the directory, or one that should be there.

    Attributes:
        name: file name within the directory.
        kind: what its name says it is.
        number: its file number, where its name has one.
        size: bytes; 0 for a missing file.
        mtime_ns: time of last modification in nanoseconds since the epoch; 0 for a missing file.
        standing: what it counts for.
        level: the level of a table, where a manifest says so.
        metadata: what the manifest says of a table.
    """

    name: str
    kind: FileKind
    number: int | None
    size: int
    mtime_ns: int
    standing: Standing
    level: int | None = None
    metadata: FileMetadata | None = None


def is_older(file: DatabaseFile, other: DatabaseFile) -> bool:
    """Whether the versions in one table or log are known to be older than another's versions of the same keys.

    The levels prove it: the deeper, the older, and a log is newer than any table of a level. Nothing is known of a table
    without a level, nor of two in level 0: their numbers do not tell after a repair. Of two logs the numbers do.
    """
    if file.kind is FileKind.LOG and other.kind is FileKind.LOG:
        return (file.number or 0) < (other.number or 0)
    if (FileKind.TABLE is file.kind and file.level is None) or (FileKind.TABLE is other.kind and other.level is None):
        return False
    return _depth(file) > _depth(other)


def _depth(file: DatabaseFile) -> int:
    return -1 if file.level is None else file.level


class Classifier:
    """Gives every file its standing, by what one manifest says."""

    def __init__(self, manifest: ManifestScan | None, proof: Proof) -> None:
        self._manifest = manifest
        self._proof = proof
        self._live: dict[int, tuple[int, FileMetadata]] = {
            number: (level, metadata)
            for level, tables in enumerate(manifest.levels if manifest else ())
            for number, metadata in tables.items()
        }

    def classify(
        self, entries: Iterable[tuple[DirectoryEntry, FileName]], let_go: int | None = None
    ) -> list[DatabaseFile]:
        """Give every entry its standing, and add the tables and logs that the manifest counts on and that are not there.

        Not the log with the number ``let_go``, in which nothing was.
        """
        files = _without_doubles([self._file(entry, name) for entry, name in entries])
        suffixes = Counter(file.name[-4:] for file in files if file.kind is FileKind.TABLE)
        suffix = suffixes.most_common(1)[0][0] if suffixes else ".ldb"
        there = {file.number for file in files if file.kind is FileKind.TABLE}
        missing = [
            DatabaseFile(table_name(number, suffix), FileKind.TABLE, number, 0, 0, Standing.MISSING, level, metadata)
            for number, (level, metadata) in sorted(self._live.items())
            if number not in there
        ]
        logs = (log for log in self._missing_logs(files) if log.number != let_go)
        return sorted([*files, *missing, *logs], key=lambda file: file.name)

    def _missing_logs(self, files: Iterable[DatabaseFile]) -> Iterable[DatabaseFile]:
        """The logs that the manifest names. LevelDB takes one that is gone for one that was empty."""
        there = {file.number for file in files if file.kind is FileKind.LOG}
        named = (self._manifest.log_number, self._manifest.previous_log_number) if self._manifest else ()
        for number in {number for number in named if number}:
            if number not in there:
                yield DatabaseFile(log_name(number), FileKind.LOG, number, 0, 0, Standing.MISSING)

    def _file(self, entry: DirectoryEntry, name: FileName) -> DatabaseFile:
        level, metadata = None, None
        if name.kind is FileKind.TABLE and name.number is not None:
            level, noted = self._live.get(name.number, (None, None))
            metadata = noted and with_true_size(noted, entry.name, entry.size)
        kind = name.kind if entry.is_file else FileKind.STRANGER
        return DatabaseFile(
            entry.name, kind, name.number, entry.size, entry.mtime_ns, self._standing(kind, name), level, metadata
        )

    def _standing(self, kind: FileKind, name: FileName) -> Standing:
        if kind is FileKind.STRANGER:
            return Standing.STRANGER
        if kind is FileKind.TEMP:
            return Standing.ORPHAN
        if kind is FileKind.MANIFEST:
            in_use = self._manifest is not None and self._manifest.name == name.name
            return Standing.LIVE if in_use else Standing.SUPERSEDED
        if kind is FileKind.TABLE and name.number is not None:
            return self._table_standing(name.number)
        if kind is FileKind.LOG and name.number is not None:
            return self._log_standing(name.number)
        return Standing.LIVE

    def _table_standing(self, number: int) -> Standing:
        if number in self._live:
            return Standing.LIVE
        if self._manifest is not None and number in self._manifest.deleted:
            return Standing.SUPERSEDED
        return Standing.ORPHAN if self._proof is Proof.MANIFEST else Standing.UNPROVEN

    def _log_standing(self, number: int) -> Standing:
        if self._manifest is None or self._manifest.log_number is None:
            return Standing.UNPROVEN
        return Standing.LIVE if self._manifest.counts_on_log(number) else Standing.SUPERSEDED


def _without_doubles(files: list[DatabaseFile]) -> list[DatabaseFile]:
    """Where a number has both an .ldb and an .sst, LevelDB reads the .ldb: the other is an orphan."""
    preferred: dict[int | None, DatabaseFile] = {}
    for file in files:
        if file.kind is FileKind.TABLE and (file.number not in preferred or file.name.endswith(".ldb")):
            preferred[file.number] = file
    return [
        replace(file, standing=Standing.ORPHAN, level=None, metadata=None)
        if file.kind is FileKind.TABLE and preferred[file.number] is not file
        else file
        for file in files
    ]


def verify_files(files: Sequence[DatabaseFile], proof: Proof) -> list[Finding]:
    """Hold the files against the manifest: missing ones, ones of another size, ones nobody knows."""
    return [finding for file in files for finding in _verify_file(file, proof)]


def _verify_file(file: DatabaseFile, proof: Proof) -> Iterable[Finding]:
    if file.kind is FileKind.STRANGER:
        yield Finding.of("file.stranger", Span(file.name, 0, file.size), f"{file.name}: not one of LevelDB's files")
    elif file.kind is FileKind.TABLE:
        if file.standing is Standing.ORPHAN:
            message = f"{file.name}: the manifest has never heard of this table; it does not count for what is live"
            yield Finding.of("table.orphan", Span(file.name, 0, file.size), message)
        elif file.metadata is not None:
            yield from _verify_table(file, file.metadata, proof)
    elif file.standing is Standing.MISSING:
        message = f"{file.name}: the manifest counts on this log and it is not there"
        yield Finding("log.missing", _severity_of_missing(proof), Span(file.name), message)


def _severity_of_missing(proof: Proof) -> Severity:
    """A manifest that is out of date may count on files that are rightly gone."""
    return Severity.DAMAGE if proof is Proof.MANIFEST else Severity.WARNING


def _verify_table(file: DatabaseFile, metadata: FileMetadata, proof: Proof) -> Iterable[Finding]:
    keys = KeyRange(user_key_of(metadata.smallest), user_key_of(metadata.largest))
    evidence = {"expected_size": metadata.file_size, "level": file.level}
    if file.standing is Standing.MISSING:
        claim = f"({metadata.file_size} bytes, level {file.level})"
        message = f"{file.name}: the manifest counts on this table {claim} and it is not there"
        yield Finding("table.missing", _severity_of_missing(proof), Span(file.name), message, keys, evidence)
    elif file.size != metadata.file_size:
        message = f"{file.name}: {file.size} bytes, and the manifest says {metadata.file_size}"
        severity = CATALOGUE["table.size-mismatch"].severity
        yield Finding("table.size-mismatch", severity, Span(file.name, 0, file.size), message, keys, evidence)
