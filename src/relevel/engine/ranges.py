"""Iterating over a range of keys: the same for a database, a part of it and a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relevel.engine.iterator import Iterator, bounds_of

if TYPE_CHECKING:
    from relevel.engine.database import DB


class Ranges:
    """What has entries in key order."""

    def _range_source(self) -> tuple[DB, bytes, int | None]:
        """The database, the prefix that keys are without, and the sequence number; None for as of now.

        Raises:
            RuntimeError: it is closed.
        """
        raise NotImplementedError

    def iterator(
        self,
        *,
        reverse: bool | None = False,
        start: bytes | None = None,
        stop: bytes | None = None,
        include_start: bool | None = True,
        include_stop: bool | None = False,
        prefix: bytes | None = None,
        include_key: bool | None = True,
        include_value: bool | None = True,
        verify_checksums: bool | None = None,
        fill_cache: bool | None = True,
    ) -> Iterator:
        """Iterate over ``(key, value)`` in key order, as of now; over a snapshot, as of then.

        Of a prefixed database, bounds, prefix and keys are without its prefix.

        Args:
            reverse: from the end to the start.
            start: the smallest key.
            stop: the largest key.
            include_start: whether ``start`` itself belongs to the range.
            include_stop: whether ``stop`` does.
            prefix: only keys that begin with it; instead of ``start`` and ``stop``.
            include_key: with ``include_value`` False, the keys alone.
            include_value: with ``include_key`` False, the values alone.
            verify_checksums: of every block read; None as the database was opened.
            fill_cache: keep the blocks read in the cache.
        """
        db, own_prefix, sequence = self._range_source()
        return Iterator(
            db,
            bounds_of(prefix, start, stop, include_start=include_start, include_stop=include_stop),
            prefix=own_prefix,
            sequence=sequence,
            reverse=reverse,
            include_key=include_key,
            include_value=include_value,
            verify_checksums=verify_checksums,
            fill_cache=fill_cache,
        )

    def __iter__(self) -> Iterator:
        return self.iterator()

    def __contains__(self, key: object) -> bool:
        raise TypeError("__contains__ is not supported ('in' and 'not in' operators)")
