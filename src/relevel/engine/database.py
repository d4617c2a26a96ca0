"""``relevel.DB``: an open database, with plyvel's methods and more.

Source of the interface: plyvel 1.5. What differs is in docs/plyvel.md.
"""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable
from typing import ClassVar

from relevel._kernel.engine import Writer
from relevel.engine import checkpoint, properties
from relevel.engine.batch import WriteBatch
from relevel.engine.closing import Closing
from relevel.engine.compaction_run import compact_range
from relevel.engine.core import CLOSED, Core
from relevel.engine.iterator import Iterator, RawIterator
from relevel.engine.not_applied import advice_on
from relevel.engine.options import make_options
from relevel.engine.prefixed import PrefixedDB
from relevel.engine.ranges import Ranges
from relevel.engine.snapshot import Snapshot
from relevel.errors import KeyNotFoundError, LogDamagedWarning
from relevel.findings import Finding

Comparator = Callable[[bytes, bytes], int]


class DB(Ranges, Closing, Writer):
    """An open LevelDB. A context manager; leaving it closes. Safe to use from many threads.

    ``get``, ``get_many``, ``put`` and ``delete`` are the kernel's.

    Attributes:
        core: what is behind it; for this package only.
    """

    package: ClassVar[str] = "relevel"

    def __init__(
        self,
        name: str | bytes | os.PathLike[str],
        *,
        create_if_missing: bool | None = False,
        error_if_exists: bool | None = False,
        paranoid_checks: bool | None = None,
        write_buffer_size: int | None = None,
        max_open_files: int | None = None,
        lru_cache_size: int | None = None,
        block_size: int | None = None,
        block_restart_interval: int | None = None,
        max_file_size: int | None = None,
        compression: str | None = "snappy",
        bloom_filter_bits: int | None = None,
        comparator: Comparator | None = None,
        comparator_name: bytes | str | None = None,
        read_only: bool | None = False,
        log_recovery: str | None = None,
        reuse_logs: bool | None = None,
        verify_checksums: bool | None = None,
    ) -> None:
        """Open a database, or make one.

        Args:
            name: the directory.
            create_if_missing: make it where there is none.
            error_if_exists: refuse one that is there.
            paranoid_checks: as ``log_recovery="strict"``.
            write_buffer_size: bytes of a memtable, after which it becomes a table.
            max_open_files: tables kept open.
            lru_cache_size: bytes of the cache of blocks.
            block_size: bytes of a data block before compression, about.
            block_restart_interval: entries between two restart points.
            max_file_size: bytes of a table, about.
            compression: ``"snappy"``, ``"zstd"``, ``"zlib"``, ``"deflate"`` or None, for new tables.
            bloom_filter_bits: per key; 0 is no filter. The default is 10, and 0 in an order of one's own.
            comparator: a function of two user keys, for a database with an order of its own; with its name.
            comparator_name: the name that the database has for it. Known orders need neither.
            read_only: write nothing, take no lock; any number of processes may. Logs are replayed in memory.
            log_recovery: what a damaged log means: ``"point_in_time"`` (the default: all before the damage),
                ``"strict"`` (refuse) or ``"skip_damaged"`` (all that can be read, as LevelDB).
            reuse_logs: go on in the last log instead of writing it to a table.
            verify_checksums: whether reads verify blocks unless they say otherwise; the default is True.

        Raises:
            NotADatabaseError: there is none, and none may be made.
            LockedError: it is open elsewhere.
            CorruptionError: opening could lose data; nothing was changed, and the message says what to do.
            InvalidArgumentError: an option makes no sense, or the comparator is another one.
            TypeError: an option is of the wrong type.
        """
        options = make_options(
            create_if_missing=create_if_missing,
            error_if_exists=error_if_exists,
            paranoid_checks=paranoid_checks,
            write_buffer_size=write_buffer_size,
            max_open_files=max_open_files,
            lru_cache_size=lru_cache_size,
            block_size=block_size,
            block_restart_interval=block_restart_interval,
            max_file_size=max_file_size,
            compression=compression,
            bloom_filter_bits=bloom_filter_bits,
            comparator=comparator,
            comparator_name=comparator_name,
            read_only=read_only,
            log_recovery=log_recovery,
            reuse_logs=reuse_logs,
            verify_checksums=verify_checksums,
        )
        if not isinstance(name, str | bytes | os.PathLike):
            raise TypeError("'name' arg must be a byte string or a unicode string")
        self._name = name
        self.core = Core(os.fsdecode(name), options)
        try:
            self._closer = weakref.finalize(self, self.core.close_quietly)
        except BaseException:  # a signal: nobody else would close it
            self.core.close()
            raise
        self.attach(self.core.store)
        if self.core.findings:
            self._warn()

    def _warn(self) -> None:
        """Tell whoever opens the database what is not in it. Where warnings are errors it is closed again."""
        path, (first, *others) = self.core.path, self.core.findings
        more = f" (and {len(others)} more)" if others else ""
        advice = advice_on(path, self.core.findings, self.core.options)
        try:
            message = f"{path}: {first.message}{more}; {advice}"
            warnings.warn(message, LogDamagedWarning, stacklevel=3)
        except LogDamagedWarning:
            self.close()
            raise

    # --- the database itself

    @property
    def name(self) -> str | bytes | os.PathLike[str]:
        """The directory, as it was given."""
        return self._name

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self.core.closed

    @property
    def recovery_findings(self) -> tuple[Finding, ...]:
        """What was wrong with the logs at opening, and what they held is therefore not in the database."""
        return self.core.findings

    def close(self) -> None:
        """Close the database, its iterators and snapshots. May be called again; safe while other threads use it."""
        self.core.close()
        self._closer.detach()

    def __repr__(self) -> str:
        return f"<{self.package}.DB with name {self._name!r}{' (closed)' if self.closed else ''} at {id(self):#x}>"

    # --- writing

    def write_batch(self, *, transaction: bool | None = False, sync: bool | None = False) -> WriteBatch:
        """Begin a batch: operations that are written all or not at all.

        Args:
            transaction: as a context manager, write nothing where the block raises. Otherwise what was added by then is
                written all the same.
            sync: fsync the log when it is written.
        """
        self._require_open()
        return WriteBatch(self, b"", transaction=transaction, sync=sync)

    # --- reading

    def _range_source(self) -> tuple[DB, bytes, int | None]:
        return self, b"", None

    def __iter__(self) -> Iterator:
        self._require_open()
        return self.iterator()

    def __getitem__(self, key: bytes) -> bytes:
        """The value of a key; with ``keys`` this makes ``dict(db)`` work.

        Raises:
            KeyNotFoundError: it is not there.
        """
        value: bytes | None = self.get(key)
        if value is None:
            raise KeyNotFoundError(f"{key!r} is not in the database")
        return value

    def items(self, *, prefix: bytes | None = None) -> Iterator:
        """Iterate over ``(key, value)``, of all keys or of those with a prefix."""
        return self.iterator(prefix=prefix)

    def keys(self, *, prefix: bytes | None = None) -> Iterator:
        """Iterate over the keys."""
        return self.iterator(prefix=prefix, include_value=False)

    def values(self, *, prefix: bytes | None = None) -> Iterator:
        """Iterate over the values in key order."""
        return self.iterator(prefix=prefix, include_key=False)

    def raw_iterator(self, *, verify_checksums: bool | None = None, fill_cache: bool | None = True) -> RawIterator:
        """Make an iterator that stands on entries, as LevelDB's own."""
        return RawIterator(self, verify_checksums=verify_checksums, fill_cache=fill_cache)

    def snapshot(self) -> Snapshot:
        """Keep the present state for reading, until it is closed."""
        return Snapshot(self)

    def prefixed_db(self, prefix: bytes) -> PrefixedDB:
        """Give a view of the keys that begin with a prefix, in which keys are without it."""
        return PrefixedDB(self, prefix)

    # --- upkeep

    def compact_range(self, *, start: bytes | None = None, stop: bytes | None = None) -> None:
        """Merge all tables that hold keys of a range, without bounds everything, and write out what is in memory first.

        Raises:
            RelevelError: damage was met, or the file system refuses; the database is as it was.
        """
        self.core.require_writable()
        for key in (start, stop):
            if key is not None and not isinstance(key, bytes):
                raise TypeError(f"a bound must be bytes, not {type(key).__name__}")
        order = self.core.versions.order
        try:
            compact_range(self.core, *(None if key is None else order.user(key) for key in (start, stop)))
        except InterruptedError as error:
            raise RuntimeError(CLOSED) from error

    def get_property(self, name: bytes) -> bytes | None:
        """One of LevelDB's properties, such as ``b"leveldb.stats"``; None where it is unknown."""
        self._require_open()
        self.core.flusher.wait()
        return properties.get_property(self.core, name)

    def stats(self) -> properties.Stats:
        """Numbers about the database: tables and bytes by level, memory, files."""
        self._require_open()
        return properties.stats(self.core)

    def approximate_size(self, start: bytes, stop: bytes) -> int:
        """About how many bytes of the files hold keys from ``start`` to before ``stop``; what is in memory does not count."""
        return self.approximate_sizes((start, stop))[0]

    def approximate_sizes(self, *ranges: tuple[bytes, bytes]) -> list[int]:
        """``approximate_size`` of many ranges."""
        self._require_open()
        self.core.flusher.wait()
        return [properties.approximate_size(self.core, start, stop) for start, stop in ranges]

    def checkpoint(self, path: str | bytes | os.PathLike[str]) -> None:
        """Make a copy of the database as it is now, that can be opened by itself; tables are hard links where possible.

        Args:
            path: must not exist.

        Raises:
            DestinationExistsError: something is there.
            StorageError: the file system refuses; nothing is left of the copy.
        """
        self.core.require_writable()
        checkpoint.make_checkpoint(self.core, os.fsdecode(path))

    def _require_open(self) -> None:
        if self.core.closed:
            raise RuntimeError(CLOSED)
