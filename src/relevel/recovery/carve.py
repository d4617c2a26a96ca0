"""carve: tables, logs and manifests found in bytes without names, as databases that can be rescued."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from relevel.errors import NotADatabaseError
from relevel.findings import Finding, KeyRange, Severity
from relevel.recovery.carving.image import Image, find_images
from relevel.recovery.carving.logs import find_logs
from relevel.recovery.carving.piece import CarvingProof, Kind, Piece
from relevel.recovery.carving.search import search
from relevel.recovery.carving.settle import without_copies, without_nested
from relevel.recovery.carving.tables import find_tables
from relevel.recovery.carving.thorough import find_fragments
from relevel.recovery.carving.writing import Database, plan_databases, write_database
from relevel.recovery.survey.survey import Progress
from relevel.storage.failure import refusals
from relevel.storage.posix import NewDirectory

__all__ = ["CarveReport", "CarvedDatabase", "CarvedFile", "carve"]


@dataclass(frozen=True, slots=True)
class CarvedFile:
    """One table, log or manifest that was found.

    Attributes:
        file: its path below the destination.
        kind: ``table``, ``log`` or ``manifest``.
        image: where it was found: the image's path, or the file's within the directory that was given.
        extents: the stretches it is made of: bytes from the start of the file, from the start of the image, and how many.
        size: bytes.
        proof: what shows what it is: ``index``, ``blocks`` or ``records``.
        is_whole: whether nothing of it is missing or damaged, as far as can be told.
        sha256: the hash of its bytes.
        entry_count: puts and deletions in it.
        sequences: the smallest and the largest sequence number; None where there is no entry.
        keys: the range of its user keys; None where there is no entry.
    """

    file: str
    kind: Kind
    image: str
    extents: tuple[tuple[int, int, int], ...]
    size: int
    proof: CarvingProof
    is_whole: bool
    sha256: str
    entry_count: int
    sequences: tuple[int, int] | None
    keys: KeyRange | None


@dataclass(frozen=True, slots=True)
class CarvedDatabase:
    """One database that was put together.

    Attributes:
        path: its directory.
        comparator: name of the order of the keys, where a manifest says it.
        manifest: the manifest that says which files count; None where none was found.
        table_count: tables found.
        log_count: logs found.
        missing_table_count: tables that the manifest counts on and that were not found.
    """

    path: str
    comparator: str | None
    manifest: str | None
    table_count: int
    log_count: int
    missing_table_count: int


@dataclass(frozen=True, slots=True)
class CarveReport:
    """What was found and where it was put.

    Attributes:
        source: the image, device or directory.
        destination: the new directory.
        byte_count: bytes that were looked through.
        databases: what the files were taken for.
        files: every file that was written.
        findings: what was found in part, twice, or not at all.
    """

    source: str
    destination: str
    byte_count: int
    databases: tuple[CarvedDatabase, ...]
    files: tuple[CarvedFile, ...]
    findings: tuple[Finding, ...]

    @property
    def is_complete(self) -> bool:
        """Whether there is one database, with everything that its manifest counts on, and nothing worse than a note."""
        return all(finding.severity is Severity.NOTE for finding in self.findings)


def carve(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    thorough: bool = False,
    progress: Progress | None = None,
) -> CarveReport:
    """Find LevelDB's tables, logs and manifests in an image, and write them into a new directory. The image is not changed.

    Args:
        source: an image, a partition or block device, a dump of memory, or a directory of nameless files.
        destination: must not exist. It appears when it is whole. It is the database; where more than one was found, it holds a
            directory for each, named ``1``, ``2`` and so on.
        thorough: look for blocks of tables at every byte, not only where a footer or a sector gives them away; slow.
        progress: told of bytes looked through.

    Raises:
        NotADatabaseError: nothing was found; nothing is written then.
        StorageError: the image cannot be opened, or not be read a second time where something was found in it, or the destination
            cannot be written.
        DestinationExistsError: the destination is taken.
        InvalidArgumentError: the destination is in the source, or the source has no bytes to read at a place.
    """
    target = NewDirectory(destination, source=source)
    images = find_images(source)
    findings: list[Finding] = []
    pieces = [piece for image, tell in _watched(images, progress) for piece in _pieces(image, tell, findings, thorough)]
    kept = without_copies(pieces, findings)
    total = sum(image.size for image in images)
    if not kept:
        raise NotADatabaseError(
            f"{os.fsdecode(source)}: {total} bytes were looked through, and there is no table, log or manifest of LevelDB's in them"
            + "".join(f"; {finding.message}" for finding in findings[:1])
        )
    databases = plan_databases(list(kept.values()), list(kept), findings)
    with target:
        for database in databases:
            write_database(target, database)
        target.publish()
    return CarveReport(
        source=os.fsdecode(source),
        destination=os.fsdecode(destination),
        byte_count=total,
        databases=tuple(_described(database, Path(destination)) for database in databases),
        files=tuple(file for database in databases for file in _files(database)),
        findings=tuple(findings),
    )


def _watched(images: list[Image], progress: Progress | None) -> Iterator[tuple[Image, Callable[[int], None]]]:
    """Each image, and what is to be told how far it has been looked through."""
    total, done = sum(image.size for image in images), 0
    for image in images:

        def tell(offset: int, before: int = done) -> None:
            if progress is not None:
                progress(before + offset, total)

        yield image, tell
        done += image.size


def _pieces(image: Image, tell: Callable[[int], None], findings: list[Finding], thorough: bool) -> list[Piece]:
    """What one image holds, in order of offsets."""
    finds = search(image, tell)
    findings += finds.findings
    with refusals("cannot read", image.path):
        tables, told_of_tables = find_tables(finds)
        logs, told_of_logs = find_logs(finds)
        findings += [*told_of_tables, *told_of_logs]
        pieces = without_nested([*tables, *logs], findings)
        if thorough:
            fragments, told_of_fragments = find_fragments(image, pieces)
            pieces += fragments
            findings += told_of_fragments
    return sorted(pieces, key=lambda piece: piece.place)


def _described(database: Database, destination: Path) -> CarvedDatabase:
    kinds = [database.pieces[index].kind for index in database.names]
    claims = database.claims
    return CarvedDatabase(
        path=str(destination / database.folder),
        comparator=None if claims is None else claims.comparator,
        manifest=database.current,
        table_count=kinds.count(Kind.TABLE),
        log_count=kinds.count(Kind.LOG),
        missing_table_count=len(database.missing),
    )


def _files(database: Database) -> Iterator[CarvedFile]:
    for index, name in sorted(database.names.items(), key=lambda item: item[1]):
        piece = database.pieces[index]
        yield CarvedFile(
            file=f"{database.folder}/{name}" if database.folder else name,
            kind=piece.kind,
            image=piece.image.name,
            extents=piece.extents,
            size=piece.size,
            proof=piece.proof,
            is_whole=piece.is_whole,
            sha256=database.digests[index],
            entry_count=piece.content.entry_count,
            sequences=piece.content.sequences,
            keys=piece.key_range,
        )
