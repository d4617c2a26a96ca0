"""Files that this process has made obsolete, and nobody else's: they go as soon as no reader needs them."""

from __future__ import annotations

from collections.abc import Iterable

from relevel._kernel.engine import Store
from relevel.engine.version_set import VersionSet
from relevel.storage.living import LivingDirectory


class ObsoleteFiles:
    """What is to be removed. Not synchronised: callers hold the database's lock."""

    def __init__(self, directory: LivingDirectory, versions: VersionSet, store: Store, names: Iterable[str]) -> None:
        self._directory = directory
        self._versions = versions
        self._store = store
        self._names = set(names)
        self._tables: set[int] = set()

    def add(self, names: Iterable[str]) -> None:
        """Note files that nobody reads any more, and remove what can be."""
        self._names.update(names)
        self.remove()

    def supersede(self, numbers: Iterable[int]) -> None:
        """Note tables that are no longer live, and remove what can be."""
        self._tables.update(numbers)
        self.remove()

    def remove(self) -> None:
        """Remove what no reader needs."""
        if self._tables:
            unpinned = self._tables - self._store.pinned_tables()
            for number in unpinned:
                self._store.forget_table(number)
            self.remove_tables(unpinned)
            self._tables -= unpinned
        for name in self._names:
            self._directory.remove(name)
        self._names.clear()

    def remove_at_end(self) -> None:
        """Remove the rest, once the store is closed and no reader is left."""
        self.remove_tables(self._tables)

    def remove_tables(self, numbers: Iterable[int]) -> None:
        """Remove the files of tables."""
        for number in numbers:
            self._directory.remove(self._versions.table_file(number))
