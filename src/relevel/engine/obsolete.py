"""Files that this process has made obsolete, and nobody else's: they go as soon as no reader needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from relevel._kernel.engine import Store
from relevel.engine.version_set import VersionSet
from relevel.files.info_log import InfoLog
from relevel.format.filename import FileKind, parse_filename
from relevel.storage.living import LivingDirectory

_LEVELDB_TYPE: Final = {FileKind.LOG: 0, FileKind.TABLE: 2, FileKind.MANIFEST: 3}
"""What LevelDB calls the kinds of files in LOG."""


class ObsoleteFiles:
    """What is to be removed. Not synchronised: callers hold the database's lock."""

    def __init__(
        self,
        directory: LivingDirectory,
        versions: VersionSet,
        store: Store,
        names: Iterable[str],
        info_log: InfoLog | None,
    ) -> None:
        """Begin with ``names``; what goes is told to ``info_log``."""
        self._directory = directory
        self._versions = versions
        self._store = store
        self._names = set(names)
        self._tables: set[int] = set()
        self._info_log = info_log
        self._keepers = 0

    def keep(self) -> None:
        """Remove nothing until ``let_go``, which has to be called as often."""
        self._keepers += 1

    def let_go(self) -> None:
        """Remove what can be, if nobody else keeps it."""
        self._keepers -= 1
        self.remove()

    def add(self, names: Iterable[str]) -> None:
        """Note files that nobody reads any more, and remove what can be."""
        self._names.update(names)
        self.remove()

    def supersede(self, numbers: Iterable[int]) -> None:
        """Note tables that are no longer live, and remove what can be."""
        self._tables.update(numbers)
        self.remove()

    def remove(self) -> None:
        """Remove what nobody needs."""
        if self._keepers:
            return
        if self._tables:
            unpinned = self._tables - self._store.pinned_tables()
            for number in unpinned:
                self._store.forget_table(number)
            self.remove_tables(unpinned)
            self._tables -= unpinned
        for name in sorted(self._names):
            self._remove(name)
        self._names.clear()

    def remove_at_end(self) -> None:
        """Remove the rest, once the store is closed and no reader is left."""
        self.remove_tables(self._tables)

    def remove_tables(self, numbers: Iterable[int]) -> None:
        """Remove the files of tables."""
        for number in sorted(numbers):
            self._remove(self._versions.table_file(number))

    def _remove(self, name: str) -> None:
        if self._info_log is not None:
            parsed = parse_filename(name)
            self._info_log.write(f"Delete type={_LEVELDB_TYPE[parsed.kind]} #{parsed.number}")
        self._directory.remove(name)
