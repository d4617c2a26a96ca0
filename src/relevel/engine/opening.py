"""Opening: from a directory to a store that reads, and, unless it is read-only, to one that is written to.

Nothing is changed before everything that could refuse has been asked. Where a later step fails, because the disk is full,
what it had made is removed again; the database is as it was.

::

    assess -> lock -> assess again where LOCK was not there -> replay logs, flushing full memtables to level 0
           -> new log -> new manifest -> CURRENT -> the rest to level 0 -> the logs and the old manifest are obsolete

A database that was left with nothing in its log is gone on in as it is: the same log, the same manifest. Where tables that a
crash left lie beside it, the manifest is a new one.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relevel._kernel import TableMeta
from relevel._kernel.engine import Memtable, Store
from relevel.engine.assessment import Assessment, assess
from relevel.engine.failure import make_error
from relevel.engine.immutable import Immutable
from relevel.engine.options import Options
from relevel.engine.replay import Replayed, Replayer
from relevel.engine.version_set import VersionSet
from relevel.errors import DatabaseInUseError, NotADatabaseError, RelevelError, StorageError
from relevel.files.current import encode_current
from relevel.files.info_log import InfoLog
from relevel.files.lock import DatabaseLock
from relevel.files.manifest import ManifestScan
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.format.filename import log_name
from relevel.format.version_edit import FileMetadata, VersionEdit
from relevel.storage.held import HeldDirectory
from relevel.storage.living import LivingDirectory
from relevel.storage.read_only import LOCK_NAME, ReadOnlyDirectory

_ATTEMPTS: Final = 5
_MOST_LOGS: Final = 8
"""Logs that are replayed into memory and stay until that is written: each is a file that is held open."""
_LONGEST_MANIFEST: Final = 256 << 10
"""Bytes of a manifest that is gone on in: a longer one takes too long to read, at every opening."""


@dataclass(slots=True)
class Opened:
    """An open database's parts.

    Attributes:
        directory: where it is.
        store: reads, and writes where there is a lock.
        versions: which tables are live.
        options: as given, with the comparator found.
        comparator: the order of the user keys.
        findings: what was wrong with the logs and is not in the database.
        lock: held; None where read-only.
        info_log: LOG; None where read-only.
        obsolete: names of files that this opening has made obsolete.
        log_number: of the log that is written to.
        immutable: what was replayed and is to become a table.
        held: holds the files open where read-only.
        replayed_size: bytes in memory of what was replayed and stays there; 0 where it was written to tables.
    """

    directory: LivingDirectory
    store: Store
    versions: VersionSet
    options: Options
    comparator: Comparator
    findings: list[Finding]
    lock: DatabaseLock | None = None
    info_log: InfoLog | None = None
    obsolete: tuple[str, ...] = ()
    log_number: int = 0
    immutable: Immutable | None = None
    held: HeldDirectory | None = None
    replayed_size: int = 0


def new_store(comparator: Comparator, options: Options) -> Store:
    """Make an empty store."""
    return Store(
        comparator.kernel,
        make_error,
        write_buffer_size=options.write_buffer_size,
        block_cache_size=options.lru_cache_size,
        max_open_tables=options.max_open_files,
        verify_checksums=options.verify_checksums,
    )


def open_read_only(path: str, options: Options) -> Opened:
    """Open a database and change nothing, not even LOCK; logs are replayed in memory.

    Files are held open, so that another program that goes on writing takes none away.

    Raises:
        DatabaseInUseError: another program changes it faster than it can be read.
        RelevelError: as ``assess`` says.
    """
    _require_there(path)
    for _ in range(_ATTEMPTS):
        directory = HeldDirectory(path)
        try:
            return _open_held(directory, options)
        except (RelevelError, OSError):
            if directory.is_settled and not directory.is_outrun:
                raise
    raise DatabaseInUseError(f"{path}: another program changes it faster than it can be opened; try again")


def _open_held(directory: HeldDirectory, options: Options) -> Opened:
    found = assess(directory, options)
    versions = _versions(directory, found)
    replayed = Replayer(directory, found.comparator, options, None, versions=versions).run(found.logs)
    store = new_store(found.comparator, options)
    store.last_sequence = max(versions.last_sequence, replayed.max_sequence)
    store.install(versions.current.handles(), replayed.memtables[::-1])
    return Opened(
        directory=LivingDirectory(str(directory.root)),
        store=store,
        versions=versions,
        options=options,
        comparator=found.comparator,
        findings=replayed.findings,
        held=directory,
        replayed_size=sum(memtable.size for memtable in replayed.memtables),
    )


def open_to_write(path: str, options: Options) -> Opened:
    """Open or make a database, and hold its lock.

    Raises:
        LockedError: somebody else has it open.
        StorageError: the directory may not be written to.
        RelevelError: as ``assess`` says.
    """
    directory = _directory(path, options)
    if not os.access(path, os.W_OK | os.X_OK):
        error = StorageError(f"{path}: may not be written to; open it with read_only=True, or as another user")
        error.errno = errno.EACCES
        raise error
    if not directory.exists(LOCK_NAME):
        assess(directory, options)
    lock = DatabaseLock(directory.path(LOCK_NAME))
    try:
        return _Opening(directory, options, assess(directory, options)).run(lock)
    except BaseException:
        lock.release()
        raise


def _directory(path: str, options: Options) -> LivingDirectory:
    if options.create_if_missing:
        return LivingDirectory.make(path)
    _require_there(path)
    return LivingDirectory(path)


def _require_there(path: str) -> None:
    if path and not os.path.exists(path):  # noqa: PTH110 - at every opening
        raise NotADatabaseError(f"{path}: does not exist (create_if_missing is false)")


def _versions(directory: ReadOnlyDirectory, found: Assessment) -> VersionSet:
    versions = VersionSet(directory, found.comparator, found.first_free_number)
    if found.manifest is not None:
        versions.load(found.manifest, found.levels, found.with_old_suffix)
        versions.last_sequence = found.last_sequence
    return versions


class _Opening:
    """One opening to write."""

    def __init__(self, directory: LivingDirectory, options: Options, found: Assessment) -> None:
        self._directory = directory
        self._options = options
        self._found = found
        self._versions = _versions(directory, found)
        self._tables: list[tuple[int, FileMetadata]] = []
        self._last_in_tables = self._versions.last_sequence
        self._made: list[str] = []

    def run(self, lock: DatabaseLock) -> Opened:
        store = new_store(self._found.comparator, self._options)
        try:
            replayed = self._replayer().run(self._found.logs)
            store.last_sequence = max(self._versions.last_sequence, replayed.max_sequence)
            log_number, immutable = self._start_log(store, replayed)
            oldest_log = log_number if immutable is None else immutable.logs[0]
            self._start_manifest(oldest_log)
        except BaseException:
            store.close("Database is closed")
            if not self._versions.manifest_number:
                for name in self._made:
                    self._directory.remove(name)
            raise
        store.install(self._versions.current.handles(), [] if immutable is None else [immutable.memtable])
        return Opened(
            directory=self._directory,
            store=store,
            versions=self._versions,
            options=self._options,
            comparator=self._found.comparator,
            findings=replayed.findings,
            lock=lock,
            info_log=self._tell(replayed, log_number),
            obsolete=self._obsolete(replayed, oldest_log),
            log_number=log_number,
            immutable=immutable,
        )

    def _replayer(self) -> Replayer:
        return Replayer(self._directory, self._found.comparator, self._options, self._flush, versions=self._versions)

    def _start_manifest(self, oldest_log: int) -> None:
        """Write the state to a new manifest, or go on in the one that is there if no file is new."""
        found = self._found.manifest
        if found is not None and not self._made and not found.previous_log_number and self._may_go_on_in(found):
            self._versions.go_on_in(found, self._found.manifest_number)
            return
        edit = VersionEdit(log_number=oldest_log, last_sequence=self._last_in_tables, new_files=tuple(self._tables))
        if found is None:
            self._directory.sync_name()
        self._versions.start_manifest(self._directory, edit)

    def _may_go_on_in(self, manifest: ManifestScan) -> bool:
        """Whether the next opening will take it for what it is.

        Tables that a crash left beside it, and that it does not know, are older than what will be written, and newer than it: only
        of a manifest with a higher number than theirs the next opening can tell that it lost nothing.

        Nor is one gone on in that names no log yet, beside which a table of a log that the power took would be refused; or that
        CURRENT does not name, but a CURRENT.N, which goleveldb leaves where it is killed: LevelDB would not find what is written.
        """
        found = self._found
        is_short = manifest.file_size <= _LONGEST_MANIFEST
        has_log = manifest.log_number in found.logs
        is_right = manifest.is_whole and has_log and manifest.last_sequence == found.last_sequence
        may_stay = is_short and is_right and found.has_noted_sizes and not found.has_newer_tables
        is_named = self._directory.read("CURRENT") == encode_current(found.manifest_number)
        return may_stay and is_named and self._directory.may_go_on_in(manifest.name)

    def _start_log(self, store: Store, replayed: Replayed) -> tuple[int, Immutable | None]:
        """Begin a log, or go on in the last one.

        What was replayed and is in no table yet is then in the memtable, or becomes a table: in the background if the logs may
        stay until then, else at once.
        """
        tail = replayed.tail
        if tail is not None and self._goes_on_in_log(tail, replayed):
            store.start_log(self._directory.path(log_name(tail)), replayed.memtables[-1], append=True)
            return tail, None
        memtables = [memtable for memtable in replayed.memtables if memtable.entry_count]
        if not self._logs_may_stay(replayed):
            while memtables:
                self._flush(memtables.pop(0))
        number = self._versions.new_file_number()
        self._made.append(log_name(number))
        earlier = [self._directory.path(log_name(log)) for log in self._found.logs] if memtables else []
        store.start_log(self._directory.path(log_name(number)), earlier=earlier)
        return number, Immutable(memtables[-1], self._found.logs, number) if memtables else None

    def _logs_may_stay(self, replayed: Replayed) -> bool:
        """Whether the first ``sync`` may write the logs again, and the next opening find them as they are.

        They may not if one is damaged or torn: the next opening would stop at it, before what will have been written behind it.
        They may not if the replay has filled tables: much of what they hold is in these. They may not if they are more than
        should be held open. They may not if one is not this directory's alone. They may not if they end before the number that
        the manifest knows: the next log begins behind that, and would be one before which something is lost. They may not if
        goleveldb's manifest counts on them, which tells how they follow one another and is not gone on in.
        """
        logs = self._found.logs
        reach = replayed.max_sequence >= self._versions.last_sequence
        is_in_memory = not self._tables
        are_few = len(logs) <= _MOST_LOGS
        are_own = all(self._directory.may_go_on_in(log_name(log)) for log in logs)
        is_own_manifest = not self._versions.is_goleveldbs
        return replayed.is_whole and reach and is_in_memory and are_few and are_own and is_own_manifest

    def _goes_on_in_log(self, tail: int, replayed: Replayed) -> bool:
        is_wanted = self._options.reuse_logs or not replayed.memtables[-1].entry_count
        is_all = self._found.logs == (tail,) and not self._tables
        return is_wanted and is_all and self._directory.may_go_on_in(log_name(tail))

    def _flush(self, memtable: Memtable) -> TableMeta:
        number = self._versions.new_file_number()
        path = self._versions.table_path(number)
        self._made.append(Path(path).name)
        style = self._options.table_style(self._found.comparator)
        meta = memtable.write_table(path, **style)
        self._tables.append((0, FileMetadata(number, meta.file_size, meta.smallest, meta.largest)))
        self._last_in_tables = max(self._last_in_tables, meta.max_sequence)
        return meta

    def _obsolete(self, replayed: Replayed, oldest_log: int) -> tuple[str, ...]:
        names = [log_name(number) for number in replayed.finished if number < oldest_log]
        if self._found.manifest_number != self._versions.manifest_number and self._found.manifest is not None:
            names.append(self._found.manifest.name)
        return tuple(names)

    def _tell(self, replayed: Replayed, log_number: int) -> InfoLog:
        info_log = InfoLog(self._directory)
        for number in self._found.logs:
            info_log.write(f"Recovering log #{number}")
        for _, metadata in self._tables:
            info_log.write(f"Level-0 table #{metadata.number}: {metadata.file_size} bytes OK")
        for finding in replayed.findings:
            info_log.write(finding.message)
        info_log.write(f"Writing to log #{log_number}")
        return info_log
