"""Producer: which program wrote a database, guessed from what each of them does in its own way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from relevel.errors import StorageError
from relevel.format.filename import FileKind
from relevel.recovery.survey.survey import Survey

_INFO_LOG_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Producer:
    """Who wrote a database, as far as it shows.

    Attributes:
        name: ``LevelDB``, ``goleveldb``, ``Chromium``, ``Mojang LevelDB`` or ``leveldb for Java``.
        evidence: what points to it.
    """

    name: str
    evidence: tuple[str, ...]


def guess_producer(found: Survey) -> Producer:
    """Weigh the signs; plain LevelDB where there are none."""
    signs = [*_signs_of_names(found), *_signs_of_tables(found), *_signs_of_manifest(found), *_signs_of_log(found)]
    if not signs:
        return Producer("LevelDB", ("nothing points to any other program",))
    best = Counter(name for name, _ in signs).most_common(1)[0][0]
    return Producer(best, tuple(evidence for name, evidence in signs if name == best))


def _signs_of_names(found: Survey) -> list[tuple[str, str]]:
    files = found.directory.files
    signs = []
    if any(file.kind is FileKind.CURRENT_BACKUP or file.kind is FileKind.CURRENT_PENDING for file in files):
        signs.append(("goleveldb", "it has CURRENT.bak or CURRENT.N"))
    if any(file.name == "MANIFEST-000000" for file in files):
        signs.append(("goleveldb", "its first manifest has the number 0"))
    path = str(found.directory.path)
    if path.endswith((".indexeddb.leveldb", "Local Storage/leveldb", "Session Storage")):
        signs.append(("Chromium", "the directory has the name Chromium gives"))
    return signs


def _signs_of_tables(found: Survey) -> list[tuple[str, str]]:
    signs = []
    scans = [table.scan for table in found.tables if table.scan is not None]
    if any("deflate" in scan.codecs or "zlib" in scan.codecs for scan in scans):
        signs.append(("Mojang LevelDB", "blocks are compressed with zlib or raw deflate"))
    if any(scan.filter_name == b"leveldb.BuiltinBloomFilter" for scan in scans):
        signs.append(("goleveldb", "filters have the name goleveldb gives"))
    names = [table.file.name for table in found.tables]
    if names and all(name.endswith(".sst") for name in names):
        signs.append(("leveldb for Java", "tables are named .sst (so were those of LevelDB before 1.14)"))
    return signs


def _signs_of_manifest(found: Survey) -> list[tuple[str, str]]:
    manifest = found.directory.manifest
    if manifest is not None and manifest.comparator == "idb_cmp1":
        return [
            ("Chromium", "the comparator is IndexedDB's"),
            ("Chromium", "only Chromium and its kin use IndexedDB's order"),
        ]
    return []


def _signs_of_log(found: Survey) -> list[tuple[str, str]]:
    if "LOG" not in found.directory.by_name:
        return []
    try:
        head = found.directory.storage.read("LOG", 0, _INFO_LOG_HEAD)
    except StorageError:
        return []
    if b"db@open" in head or b"version@stat" in head:
        return [("goleveldb", "its LOG is written in goleveldb's way")]
    if b"Reusing MANIFEST" in head or b"Reusing old log" in head:
        return [("Chromium", "its LOG tells of reused manifests and logs, which Chromium does")]
    return []
