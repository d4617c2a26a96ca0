"""Directory: what is there. An inventory, with nothing opened for writing. No table is read, and of logs no more than a record, but
where there are tables that are newer than the manifest and that it does not know.

The manifest that CURRENT names says which tables and logs count; where CURRENT is lost or points nowhere, the newest manifest
that can be read says so; where none can, every table and log on disk may count, and everything that rests on that is called
unproven.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from relevel.errors import DatabaseInUseError, NotADatabaseError
from relevel.files.current import CurrentScan, scan_current
from relevel.files.manifest import ManifestScan, scan_manifest
from relevel.files.outdated import log_let_go, why_perhaps_outdated
from relevel.findings import Finding, Severity, Span
from relevel.format.filename import FileKind, FileName, log_name
from relevel.recovery.heal.log import heal_file
from relevel.recovery.inventory.misnamed import Named, read_names, verify_names, with_logs_found, with_tables_found
from relevel.recovery.inventory.newest_log import verify_newest_log
from relevel.recovery.inventory.standing import Classifier, DatabaseFile, Proof, Standing, verify_files
from relevel.storage.held import HeldDirectory
from relevel.storage.read_only import NO_LIMIT, ReadOnlyDirectory

ATTEMPTS: Final = 5
"""How often work is done at most on a database that another program changes."""
_DATA_KINDS: Final = frozenset({FileKind.TABLE, FileKind.LOG, FileKind.MANIFEST, FileKind.CURRENT})


@dataclass(frozen=True)
class Directory:
    """The inventory of one database directory.

    Attributes:
        storage: where the bytes are read from: the files as they are now, held open.
        files: every file found and every table or log missed, in order of name.
        current: what CURRENT and its copies say.
        manifest: the manifest in use, read to its end; None where none could be used.
        proof: how well it is known which files count.
        findings: what is wrong with CURRENT, the manifest in use and the set of files.
    """

    storage: HeldDirectory
    files: tuple[DatabaseFile, ...]
    current: CurrentScan
    manifest: ManifestScan | None
    proof: Proof
    findings: tuple[Finding, ...]

    @property
    def path(self) -> Path:
        """The directory."""
        return self.storage.root

    @cached_property
    def by_name(self) -> dict[str, DatabaseFile]:
        """The files by name."""
        return {file.name: file for file in self.files}

    def of_kind(self, kind: FileKind, *standings: Standing) -> Iterator[DatabaseFile]:
        """Files of one kind in order of number: those of the standings given, or all that are there."""
        wanted = standings or tuple(standing for standing in Standing if standing is not Standing.MISSING)
        chosen = (file for file in self.files if file.kind is kind and file.standing in wanted)
        return iter(sorted(chosen, key=lambda file: (file.number or 0, file.name)))

    def current_tables(self) -> list[DatabaseFile]:
        """The tables that count for what is live, in order of number."""
        return list(self.of_kind(FileKind.TABLE, Standing.LIVE, Standing.UNPROVEN))

    def current_logs(self) -> list[DatabaseFile]:
        """The logs that count for what is live, in order of number."""
        return list(self.of_kind(FileKind.LOG, Standing.LIVE, Standing.UNPROVEN))


def open_directory(path: str | os.PathLike[str], *, block_limit: int = NO_LIMIT) -> Directory:
    """Take the inventory of a database directory. Reads CURRENT, manifests and perhaps the first record of a
    log; tables and logs where there are newer tables than the manifest knows.

    The files are held open as they are now. Where another program changes the database so fast that what is held fits no one
    moment, it is done again.

    Args:
        path: the directory.
        block_limit: bytes up to which a block or record is looked at, whoever reads these files. Larger ones are findings.

    Raises:
        NotADatabaseError: nothing in it has the name of a table, log, manifest or CURRENT.
        StorageError: it cannot be listed.
        DatabaseInUseError: it changed faster than its files could be opened, each time.
    """
    for _ in range(ATTEMPTS):
        directory = _take_inventory(HeldDirectory(path, block_limit=block_limit))
        is_whole = all(finding.severity is Severity.NOTE for finding in directory.findings)
        if is_whole or directory.storage.is_settled:
            return directory
        del directory  # the next one needs the descriptors
    raise in_use(path)


def in_use(path: str | os.PathLike[str]) -> DatabaseInUseError:
    """The error for a database that another program changes faster than it can be read."""
    return DatabaseInUseError(
        f"{os.fsdecode(path)}: another program is using this database and changes it faster than it can be read. "
        "Stop that program, or copy the directory, and run on that."
    )


def _take_inventory(storage: HeldDirectory) -> Directory:
    named = read_names(storage.entries())
    if not any(name.kind in _DATA_KINDS and entry.is_file for entry, name in named):
        raise NotADatabaseError(
            f"{storage.root}: no LevelDB here: none of its {len(named)} entries is named CURRENT, MANIFEST-NNNNNN, "
            "NNNNNN.ldb, NNNNNN.sst or NNNNNN.log. Give the directory that holds them: relevel survey finds it under another; "
            "where the files have lost their names, run relevel carve."
        )
    current = scan_current(storage)
    choice = _choose_manifest(storage, current, named)
    proved = choice.manifest if choice.proof is Proof.MANIFEST else None
    names = [name for entry, name in choice.named if entry.is_file]
    let_go = None if proved is None else log_let_go(storage, proved, names)
    files = Classifier(choice.manifest, choice.proof).classify(choice.named, let_go)
    of_files = [
        *verify_names(choice.named, choice.manifest, is_proved=proved is not None),
        *verify_files(files, choice.proof),
        *_verify_let_go(let_go),
    ]
    if proved is not None:
        of_files += verify_newest_log(storage, proved, names)
    findings = (*current.findings, *choice.findings, *of_files)
    return Directory(storage, tuple(files), current, choice.manifest, choice.proof, findings)


@dataclass(frozen=True, slots=True)
class _Choice:
    manifest: ManifestScan | None
    proof: Proof
    findings: tuple[Finding, ...]
    named: list[Named]


def _verify_let_go(number: int | None) -> Iterator[Finding]:
    if number is not None:
        name = log_name(number)
        message = (
            f"{name}: is not there; goleveldb removed it when nothing was in it, and its manifest still counts on it"
        )
        yield Finding.of("log.let-go", Span(name), message)


def _choose_manifest(storage: ReadOnlyDirectory, current: CurrentScan, named: list[Named]) -> _Choice:
    """The manifest CURRENT names if it is whole; else the newest whole one; else the best of the damaged ones."""
    names = [name for entry, name in named if entry.is_file]
    newest_first = sorted(
        (name for name in names if name.kind is FileKind.MANIFEST), key=lambda name: name.number or 0, reverse=True
    )
    others = [name.name for name in newest_first if name.name != current.manifest_name]
    of_current = [current.manifest_name] if current.manifest_name is not None else []
    damaged: list[ManifestScan] = []
    for name in of_current + others:
        scan = _read_manifest(storage, name)
        if scan.complete and not scan.damaged:
            passed_over = [finding for bad in damaged for finding in bad.findings]
            return _choice(storage, scan, current, named, passed_over)
        damaged.append(scan)
        if scan.name == current.manifest_name and scan.edit_count:
            break  # CURRENT's own manifest, damaged, still knows more of the present than any older one
    found = tuple(finding for bad in damaged for finding in bad.findings)
    best = next((scan for scan in damaged if scan.edit_count), None)
    if best is None:
        message = (
            "no manifest could be read: which tables and logs count is not proved, and all of them are taken for live"
        )
        return _Choice(None, Proof.NONE, (*found, Finding.of("manifest.none", Span("MANIFEST"), message)), named)
    message = f"{best.name}: damaged, so which tables and logs count is not proved"
    findings = (*found, Finding.of("manifest.partial", Span(best.name), message))
    return _Choice(
        best, Proof.PARTIAL, findings, with_logs_found(storage, best, with_tables_found(storage, best, named))
    )


def _choice(
    storage: ReadOnlyDirectory,
    scan: ManifestScan,
    current: CurrentScan,
    named: list[Named],
    passed_over: list[Finding],
) -> _Choice:
    named = with_logs_found(storage, scan, with_tables_found(storage, scan, named))
    reason = _why_not_proved(storage, scan, current, [name for entry, name in named if entry.is_file])
    found = (*passed_over, *scan.findings)
    if reason is None:
        return _Choice(scan, Proof.MANIFEST, found, named)
    partial = Finding.of("manifest.partial", Span(scan.name), f"{scan.name}: {reason}")
    return _Choice(scan, Proof.PARTIAL, (*found, partial), named)


def _why_not_proved(
    storage: ReadOnlyDirectory, scan: ManifestScan, current: CurrentScan, names: list[FileName]
) -> str | None:
    """A whole manifest may be out of date where CURRENT does not name it: its tables must all be there to prove it is not."""
    if scan.name != current.manifest_name and not _tables_are_there(scan, names):
        return "CURRENT does not name it and tables that it counts on are gone, so it may be out of date"
    return why_perhaps_outdated(storage, scan, names)


def _tables_are_there(scan: ManifestScan, names: list[FileName]) -> bool:
    there = {name.number for name in names if name.kind is FileKind.TABLE}
    return all(metadata.number in there for _, metadata in scan.tables())


def _read_manifest(storage: ReadOnlyDirectory, name: str) -> ManifestScan:
    """Read a manifest; where single flipped bits explain its damage, with these put back."""
    scan = scan_manifest(storage, name)
    healing = heal_file(storage, name, scan.findings) if scan.damaged else None
    if healing is None:
        return scan
    data, healed = healing
    again = scan_manifest(storage, name, data)
    return replace(again, findings=(*healed, *again.findings))
