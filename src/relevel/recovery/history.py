"""History: every version still on disk, and the database as it was at any sequence number.

An LSM tree never overwrites: what compaction has not dropped is still there, in live, superseded and orphan tables and in the
logs. What compaction dropped is gone and is not guessed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import takewhile

from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Rows, Version


class DatabaseView(Mapping[bytes, bytes]):
    """The database as it was at one sequence number: an ordered, read-only mapping of keys to values.

    Iteration streams in key order and is not held in memory; ``len`` counts by streaming. Damaged bytes are passed over: see
    ``History.findings`` and ``Rows.findings``.
    """

    def __init__(self, reader: Reader, sequence: int) -> None:
        self._reader = reader
        self.sequence = sequence
        """The sequence number of the last change that is seen."""

    def rows(self, *, prefix: bytes = b"", start: bytes | None = None, stop: bytes | None = None) -> Rows:
        """Stream the versions seen, for keys in ``[start, stop)`` that start with ``prefix``, in key order."""
        return self._reader.rows("visible", past=True, prefix=prefix, start=start, stop=stop, sequence=self.sequence)

    def __getitem__(self, key: bytes) -> bytes:
        first = next(iter(self.rows(start=key)), None)
        if first is None or first.key != key or first.value is None:
            raise KeyError(key)
        return first.value

    def __iter__(self) -> Iterator[bytes]:
        return (version.key for version in self.rows())

    def __len__(self) -> int:
        return sum(1 for _ in self.rows())

    def pairs(
        self, *, prefix: bytes = b"", start: bytes | None = None, stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        """Stream ``(key, value)`` pairs in key order."""
        return ((version.key, version.value or b"") for version in self.rows(prefix=prefix, start=start, stop=stop))


class History:
    """Every version of every key that is still on disk. Read-only; nothing in the directory changes.

    Logs are read once and kept sorted in memory up to a bound, past which they are spilled to temporary files. Not
    thread-safe; make one for each thread.
    """

    def __init__(self, path: str | os.PathLike[str], *, comparator: Comparator | None = None) -> None:
        """Open the history of the database at ``path``.

        Args:
            path: the database's directory.
            comparator: the order of the keys, where the manifest does not name a known one.

        Raises:
            NotADatabaseError, StorageError: there is nothing to read.
            NotSupportedError: the comparator is not known.
        """
        self._reader = Reader(path, comparator)

    @property
    def findings(self) -> list[Finding]:
        """What was found wrong while opening."""
        return self._reader.findings

    def timeline(
        self,
        *,
        key: bytes | None = None,
        prefix: bytes = b"",
        from_sequence: int = 0,
        to_sequence: int | None = None,
    ) -> Rows:
        """Stream every change in sequence order, deletions included, each version once.

        Sorted outside memory (in temporary files) where that is needed.

        Args:
            key: this key alone.
            prefix: only keys that start with this.
            from_sequence: the first sequence number wanted.
            to_sequence: the last sequence number wanted.
        """
        return self._reader.rows(
            "versions",
            past=True,
            key=key,
            prefix=prefix,
            by_sequence=True,
            from_sequence=from_sequence,
            to_sequence=to_sequence,
        )

    def at(self, sequence: int) -> DatabaseView:
        """The database as it was right after the change with this sequence number."""
        return DatabaseView(self._reader, sequence)

    def versions(self, key: bytes) -> list[Version]:
        """Every version of one key, newest first."""
        return list(takewhile(lambda version: version.key == key, self._reader.rows("versions", past=True, start=key)))

    def deleted(self, *, prefix: bytes = b"", key: bytes | None = None) -> Rows:
        """Stream the keys that are gone now and still have a value on disk: that last value, in key order.

        Its state is ``deleted`` where a newer deletion is on disk, and ``unknown`` where none is (compaction has dropped it, or
        the file was never part of this database), or where the value stands in a table alone that no manifest knows.
        """
        return self._reader.rows("deleted", past=True, prefix=prefix, key=key)


def history(
    path: str | os.PathLike[str],
    *,
    key: bytes | None = None,
    prefix: bytes = b"",
    from_sequence: int = 0,
    to_sequence: int | None = None,
    deleted: bool = False,
    comparator: Comparator | None = None,
) -> Rows:
    """Stream every change on disk in sequence order, or with ``deleted`` the keys that are gone and their last values.

    See ``History.timeline`` and ``History.deleted``.
    """
    past = History(path, comparator=comparator)
    if deleted:
        return past.deleted(prefix=prefix, key=key)
    return past.timeline(key=key, prefix=prefix, from_sequence=from_sequence, to_sequence=to_sequence)
