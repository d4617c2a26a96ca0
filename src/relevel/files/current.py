"""CURRENT: one line that names the manifest in use, and goleveldb's two spare copies of it.

Source: google/leveldb, db/filename.cc; goleveldb, storage/file_storage.go.

::

    MANIFEST-000005\\n

Order of trust, as goleveldb has it: the highest sound ``CURRENT.N`` where it names a newer manifest than the others do;
then ``CURRENT``; then ``CURRENT.bak``. After these come the ones that LevelDB would refuse and that still name one
manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from relevel.errors import StorageError
from relevel.findings import CATALOGUE, Finding, Severity, Span
from relevel.format.filename import FileKind, FileName, manifest_name, parse_filename
from relevel.storage.read_only import ReadOnlyDirectory

_CURRENT: Final = "CURRENT"
_READ_LIMIT: Final = 4096
"""Bytes to look at: a CURRENT has about 16."""
_NO_ENTRY_POINT: Final = "database entry point either missing or corrupted"
_MANIFEST_NAME: Final = re.compile(rb"MANIFEST-[0-9]{6,}")
_CONFLICT_MARKER: Final = re.compile(rb"^(<<<<<<<|=======|>>>>>>>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CurrentCandidate:
    """One file that may say which manifest is in use.

    Attributes:
        file: its name.
        manifest_name: the manifest it names; where it is malformed, the only one it could mean, or None.
        is_sound: whether LevelDB would take its content.
        is_there: whether that manifest exists.
        finding: what is wrong with it, if anything.
    """

    file: str
    manifest_name: str | None
    is_sound: bool
    is_there: bool
    finding: Finding | None

    @property
    def number(self) -> int:
        """The number of the manifest it names; -1 where it names none."""
        number = None if self.manifest_name is None else parse_filename(self.manifest_name).number
        return -1 if number is None else number


@dataclass(frozen=True, slots=True)
class CurrentScan:
    """What CURRENT and its copies say.

    Attributes:
        candidates: every one that is there, the most trusted first.
        findings: what is wrong with them. A spare copy in disorder is a note.
    """

    candidates: tuple[CurrentCandidate, ...]
    findings: tuple[Finding, ...]

    @property
    def chosen(self) -> CurrentCandidate | None:
        """The most trusted candidate that names a manifest that is there."""
        return next((candidate for candidate in self.candidates if candidate.is_there), None)

    @property
    def manifest_name(self) -> str | None:
        """The manifest to use, which exists; None where no candidate names one."""
        return None if self.chosen is None else self.chosen.manifest_name


def encode_current(number: int) -> bytes:
    """Give the content of a CURRENT that names the manifest with this number."""
    return f"{manifest_name(number)}\n".encode()


def scan_current(directory: ReadOnlyDirectory, names: Iterable[str] | None = None) -> CurrentScan:
    """Read CURRENT and its copies. Never raises on content.

    The copies are found fault with only where CURRENT itself cannot be used: a ``CURRENT.bak`` that names a manifest
    long gone is goleveldb's ordinary state.

    Args:
        directory: the database.
        names: the names in it, where the caller has listed it already.

    Raises:
        StorageError: the directory cannot be listed.
    """
    if names is None:
        names = [entry.name for entry in directory.entries()]
    listed = [parse_filename(name) for name in names if name.startswith(_CURRENT)]
    pending = sorted((name for name in listed if name.kind is FileKind.CURRENT_PENDING), key=_number, reverse=True)
    copies = [*pending, *(name for name in listed if name.kind is FileKind.CURRENT_BACKUP)]
    current = [_look(directory, name.name) for name in listed if name.kind is FileKind.CURRENT]
    if not current:
        message = "CURRENT: not there, so nothing says which manifest is in use"
        findings = [_finding("current.missing", 0, message, {"goleveldb": _NO_ENTRY_POINT})]
    else:
        findings = [one.finding for one in current if one.finding is not None]
    spare = [_look(directory, name.name) for name in copies]
    if findings:
        findings += [one.finding for one in spare if one.finding is not None]
    return CurrentScan(tuple(_by_trust(current, spare)), tuple(findings))


def _number(name: FileName) -> int:
    return name.number or 0


def _by_trust(current: list[CurrentCandidate], spare: list[CurrentCandidate]) -> list[CurrentCandidate]:
    """Order the candidates; ``spare`` has the pending ones first, the highest of them first."""
    pending = [one for one in spare if parse_filename(one.file).kind is FileKind.CURRENT_PENDING]
    settled = [*current, *(one for one in spare if one not in pending)]
    known = next((one.number for one in settled if one.is_sound and one.is_there), -1)
    newer = [one for one in pending if one.number > known]
    ordered = [*newer, *settled, *(one for one in pending if one not in newer)]
    return sorted(ordered, key=lambda one: (not one.is_sound, not one.is_there))


def _look(directory: ReadOnlyDirectory, file: str) -> CurrentCandidate:
    try:
        data = directory.read(file, 0, _READ_LIMIT)
    except StorageError as error:
        return CurrentCandidate(file, None, False, False, _finding("file.unreadable", 0, str(error), {}, file))
    complaint = _complaint(data)
    if complaint is None:
        named = data[:-1].decode("ascii")
        is_there = directory.exists(named)
        return CurrentCandidate(file, named, True, is_there, None if is_there else _dangling(file, named, len(data)))
    found = {name.decode("ascii") for name in _MANIFEST_NAME.findall(data)}
    meant = found.pop() if len(found) == 1 else None
    is_there = meant is not None and directory.exists(meant)
    return CurrentCandidate(file, meant, False, is_there, _malformed(file, complaint, data))


def _complaint(data: bytes) -> str | None:
    """What is wrong with a CURRENT's content; None where nothing is."""
    if data.endswith(b"\n") and parse_filename(data[:-1].decode("latin-1")).kind is FileKind.MANIFEST:
        return None
    named_count = len(_MANIFEST_NAME.findall(data))
    complaints = (
        (not data, "it is empty"),
        (not data.strip(b"\0"), f"it holds {len(data)} zero bytes and nothing else"),
        (_CONFLICT_MARKER.search(data), "it holds the conflict markers of a version control system"),
        (_MANIFEST_NAME.fullmatch(data), "it does not end with a newline"),
        (named_count > 1, "it names a manifest more than once"),
        (named_count == 1, "there is more than the name of a manifest and a newline in it"),
    )
    found = (complaint for holds, complaint in complaints if holds)
    return next(found, "it does not hold the name of a manifest and a newline")


def _malformed(file: str, complaint: str, data: bytes) -> Finding:
    said = "CURRENT file does not end with newline" if not data.endswith(b"\n") else None
    evidence: dict[str, object] = {"content": data[:64].hex()}
    if said is not None:
        evidence["leveldb"] = f"Corruption: {said}"
    evidence["goleveldb"] = "leveldb/storage: corrupted or incomplete CURRENT file"
    return _finding("current.malformed", len(data), f"{file}: {complaint}", evidence, file)


def _dangling(file: str, named: str, size: int) -> Finding:
    words = f"Corruption: CURRENT points to a non-existent file: NotFound: {named}: No such file or directory"
    evidence = {"leveldb": words, "goleveldb": _NO_ENTRY_POINT}
    return _finding("current.dangling", size, f"{file}: names {named}, which is not there", evidence, file)


def _finding(code: str, size: int, message: str, evidence: Mapping[str, object], file: str = _CURRENT) -> Finding:
    severity = CATALOGUE[code].severity if file == _CURRENT else Severity.NOTE
    return Finding(code, severity, Span(file, 0, size), message, evidence=evidence)
