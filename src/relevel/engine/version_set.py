"""The present version and how it changes: every change is an edit, durable in the manifest before anybody sees it.

Source: google/leveldb, db/version_set.cc.

A manifest that could not be written to takes no further edit: what it ends in is not known. The error is the caller's to
latch; the next opening starts a new manifest from what is durable.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Set

from relevel._kernel.engine import Table
from relevel.engine.order import KeyOrder
from relevel.engine.version import LiveTable, Version
from relevel.errors import NotSupportedError, StorageError
from relevel.files.current import encode_current
from relevel.files.log import LogWriter
from relevel.files.manifest import ManifestScan
from relevel.files.manifest_writer import ManifestWriter
from relevel.format.comparator import Comparator
from relevel.format.filename import MAX_FILE_NUMBER, manifest_name, table_name, temp_name
from relevel.format.version_edit import LEVEL_COUNT, FileMetadata, VersionEdit
from relevel.storage.failure import refusals, storage_error
from relevel.storage.living import LivingDirectory
from relevel.storage.posix import sync_directory
from relevel.storage.read_only import ReadOnlyDirectory


class VersionSet:
    """The state that the manifest holds. Not synchronised: callers hold the database's lock.

    Attributes:
        current: the live tables.
        log_number: logs with this number or a higher one count.
        last_sequence: the newest sequence number, as the manifest has it.
        is_goleveldbs: whether that was begun by goleveldb.
        compact_pointers: where the last compaction of each level ended: internal keys.
        manifest_number: of the manifest in use; 0 before there is one.
    """

    def __init__(self, directory: ReadOnlyDirectory, comparator: Comparator, first_free_number: int) -> None:
        self.order = KeyOrder(comparator)
        self.current = Version(self.order)
        self.log_number = 0
        self.last_sequence = 0
        self.is_goleveldbs = False
        self.compact_pointers: dict[int, bytes] = {}
        self.manifest_number = 0
        self._directory = directory
        self._next_file_number = first_free_number
        self._manifest: ManifestWriter | None = None
        self._with_old_suffix: Set[int] = frozenset()

    def load(self, manifest: ManifestScan, levels: Iterable[Iterable[FileMetadata]], with_old_suffix: Set[int]) -> None:
        """Take over the version that a manifest ends in.

        Args:
            manifest: read strictly, or proved to be enough.
            levels: its tables, each level in the order that ``Version`` has.
            with_old_suffix: numbers of tables whose files end in ``.sst``.
        """
        self._with_old_suffix = with_old_suffix
        tables = (
            (LiveTable(metadata, self.open_table(metadata), self.order) for metadata in level) for level in levels
        )
        self.current = Version(self.order, tables)
        self.log_number = manifest.log_number or 0
        self.is_goleveldbs = manifest.is_goleveldbs
        self.compact_pointers = {level: key for level, key in manifest.compact_pointers.items() if level < LEVEL_COUNT}
        self._next_file_number = max(self._next_file_number, manifest.next_file_number or 0)

    def new_file_number(self) -> int:
        """Take the next file number; logs, tables and manifests share them.

        Raises:
            NotSupportedError: there is none left.
        """
        if self._next_file_number >= MAX_FILE_NUMBER:
            raise NotSupportedError(
                f"{self._directory.root}: its file numbers are used up; run `relevel rescue SRC DST` for a database that has some"
            )
        self._next_file_number += 1
        return self._next_file_number - 1

    def path(self, name: str) -> str:
        """The path of a file in the database's directory."""
        return self._directory.path(name)

    def table_file(self, number: int) -> str:
        """The name of a table's file."""
        return table_name(number, ".sst" if number in self._with_old_suffix else ".ldb")

    def table_path(self, number: int) -> str:
        """The path of a table's file."""
        return self._directory.path(self.table_file(number))

    def open_table(self, metadata: FileMetadata) -> Table:
        """Make the kernel's handle of a table; its file is opened when it is read, unless the directory holds it open."""
        number, file_size, smallest, largest = metadata
        name = self.table_file(number)
        source = self._directory.whole_source(name)
        if isinstance(source, str):
            return Table(number, source, file_size, smallest, largest, None)
        return Table(number, self._directory.path(name), file_size, smallest, largest, source)

    def prepare(self, edit: VersionEdit) -> Version:
        """The version that an edit leads to."""
        return self.current.apply(edit, self.open_table)

    def start_manifest(self, directory: LivingDirectory, edit: VersionEdit) -> None:
        """Write the state after an edit to a new manifest and make it the one in use.

        Raises:
            StorageError: the file system refuses. CURRENT is as it was, and the new manifest is removed; or, where
                ``manifest_number`` has changed, CURRENT may name the new one, which may not be durable yet.
        """
        version = self.prepare(edit)
        number = self.new_file_number()
        name, temporary = manifest_name(number), temp_name(number)
        try:
            manifest = ManifestWriter.begin(directory.path(name), self._whole_state(version, edit))
        except OSError as error:
            directory.remove(name)
            raise storage_error("cannot write", directory.path(name), error) from error
        old_number = self.manifest_number
        try:
            directory.write_synced(temporary, encode_current(number))
            directory.sync()
            self.manifest_number = number  # before CURRENT may name it: a signal may end this function anywhere
            directory.replace("CURRENT", temporary)
        except BaseException:
            manifest.close()
            if not _may_be_current(directory, number):
                self.manifest_number = old_number
                directory.remove(temporary)
                directory.remove(name)
            raise
        self.close()
        self._manifest = manifest
        self._become(version, edit)

    def go_on_in(self, manifest: ManifestScan, number: int) -> None:
        """Make the manifest that was loaded the one in use.

        Args:
            manifest: read to its end, and whole.
            number: its number.

        Raises:
            StorageError: the file system refuses.
        """
        path = self._directory.path(manifest.name)
        with refusals("cannot write", path):
            self._manifest = ManifestWriter(LogWriter(path, size=manifest.file_size))
        self.manifest_number = number

    def whole_state(self) -> VersionEdit:
        """The present state as one edit, for a manifest of its own."""
        return self._whole_state(self.current, VersionEdit())

    def _whole_state(self, version: Version, edit: VersionEdit) -> VersionEdit:
        pointers = {**self.compact_pointers, **dict(edit.compact_pointers)}
        return self._with_numbers(edit)._replace(
            comparator=self.order.comparator.name,
            compact_pointers=tuple(sorted(pointers.items())),
            deleted_files=(),
            new_files=tuple((level, table.metadata) for level, table in version.tables()),
        )

    def _with_numbers(self, edit: VersionEdit) -> VersionEdit:
        """An edit with every number, those that it does not change as they are."""
        return edit._replace(
            log_number=self.log_number if edit.log_number is None else edit.log_number,
            previous_log_number=0,
            next_file_number=self._next_file_number,
            last_sequence=self.last_sequence if edit.last_sequence is None else edit.last_sequence,
        )

    def append(self, edit: VersionEdit) -> None:
        """Make an edit durable and its version the present one.

        Raises:
            StorageError: the file system refuses; the version is as it was, and no other edit can be made.
        """
        path = self._directory.path(manifest_name(self.manifest_number))
        if self._manifest is None:
            raise StorageError(
                f"{path!r} could not be written to before, and takes no more edits; open the database anew"
            )
        version = self.prepare(edit)
        complete = self._with_numbers(edit)
        try:
            sync_directory(self._directory.root)  # a file that the edit names must be found after a crash
            self._manifest.append(complete)
        except BaseException as error:
            self.close()
            if not isinstance(error, OSError):
                raise
            raise storage_error("cannot write", path, error) from error
        self._become(version, complete)

    def _become(self, version: Version, edit: VersionEdit) -> None:
        self.current = version
        self.log_number = self.log_number if edit.log_number is None else edit.log_number
        self.last_sequence = self.last_sequence if edit.last_sequence is None else edit.last_sequence
        self.compact_pointers.update(edit.compact_pointers)

    def close(self) -> None:
        """Close the manifest. May be called again."""
        if self._manifest is not None:
            self._manifest.close()
            self._manifest = None

    def let_go(self) -> None:
        """Close the manifest, and let go of the tables: nothing is live afterwards."""
        self.close()
        self.current = Version(self.order)


def _may_be_current(directory: LivingDirectory, number: int) -> bool:
    """Whether CURRENT names the manifest with this number; also where it cannot be read just now."""
    try:
        return directory.read("CURRENT") == encode_current(number)
    except StorageError as error:
        return error.errno != errno.ENOENT
