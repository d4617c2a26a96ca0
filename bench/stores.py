"""The stores that are compared, each behind the same few calls, with as little between the caller and the store as can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

MIB = 1 << 20
Pair = tuple[bytes, bytes]


class Store(Protocol):
    """An open store."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""

    def put(self, key: bytes, value: bytes) -> Any:
        """Write one entry."""

    def write_batch(self, pairs: Iterable[Pair]) -> None:
        """Write many entries at once."""

    def forward(self) -> Iterator[Pair]:
        """All entries in key order."""

    def backward(self) -> Iterator[Pair]:
        """All entries against the key order."""

    def seek(self) -> Callable[[bytes], Pair]:
        """A function that gives the first entry at or after a key, with one iterator kept."""

    def close(self) -> None:
        """Close it."""


class LevelDB:
    """relevel, and plyvel, which have the same interface."""

    def __init__(self, module: Any, path: Path, *, equal: bool, bloom: bool) -> None:
        settings: dict[str, Any] = {"bloom_filter_bits": 10 if bloom else 0} if equal or bloom else {}
        if equal:
            settings |= {"write_buffer_size": 4 * MIB, "lru_cache_size": 8 * MIB, "max_file_size": 2 * MIB}
            settings |= {"block_size": 4096, "compression": "snappy"}
        self._db = module.DB(str(path), create_if_missing=True, **settings)
        self.get = self._db.get
        self.put = self._db.put

    def write_batch(self, pairs: Iterable[Pair]) -> None:
        """Write many entries at once."""
        batch = self._db.write_batch()
        put = batch.put
        for key, value in pairs:
            put(key, value)
        batch.write()

    def forward(self) -> Iterator[Pair]:
        """All entries in key order."""
        return iter(self._db.iterator())

    def backward(self) -> Iterator[Pair]:
        """All entries against the key order."""
        return iter(self._db.iterator(reverse=True))

    def seek(self) -> Callable[[bytes], Pair]:
        """A function that gives the first entry at or after a key."""
        iterator = self._db.iterator()
        move = iterator.seek

        def find(key: bytes) -> Pair:
            move(key)
            found: Pair = next(iterator)
            return found

        return find

    def close(self) -> None:
        """Close it."""
        self._db.close()


class RocksDB:
    """rocksdict."""

    def __init__(self, path: Path, *, equal: bool, bloom: bool) -> None:
        import rocksdict

        options = rocksdict.Options(raw_mode=True)
        if equal or bloom:
            table = rocksdict.BlockBasedOptions()
            if bloom:
                table.set_bloom_filter(10, False)
            if equal:
                options.set_write_buffer_size(4 * MIB)
                options.set_target_file_size_base(2 * MIB)
                options.set_max_bytes_for_level_base(10 * MIB)
                options.set_compression_type(rocksdict.DBCompressionType.snappy())
                table.set_block_size(4096)
                table.set_block_cache(rocksdict.Cache(8 * MIB))
            options.set_block_based_table_factory(table)
        self._rocksdict: Any = rocksdict
        self._db: Any = rocksdict.Rdict(str(path), options)
        self.get = self._db.get
        self.put = self._db.put

    def write_batch(self, pairs: Iterable[Pair]) -> None:
        """Write many entries at once."""
        batch = self._rocksdict.WriteBatch(raw_mode=True)
        put = batch.put
        for key, value in pairs:
            put(key, value)
        self._db.write(batch)

    def forward(self) -> Iterator[Pair]:
        """All entries in key order."""
        return iter(self._db.items())

    def backward(self) -> Iterator[Pair]:
        """All entries against the key order."""
        return iter(self._db.items(backwards=True))

    def seek(self) -> Callable[[bytes], Pair]:
        """A function that gives the first entry at or after a key."""
        iterator = self._db.iter()

        def find(key: bytes) -> Pair:
            iterator.seek(key)
            return iterator.key(), iterator.value()

        return find

    def close(self) -> None:
        """Close it."""
        self._db.close()


class LMDB:
    """lmdb, without fsync, as the others."""

    def __init__(self, path: Path, *, equal: bool, bloom: bool) -> None:
        import lmdb

        del equal, bloom
        self._env = lmdb.open(str(path), map_size=1 << 34, sync=False, metasync=False)
        self._reader: Any = None

    def get(self, key: bytes) -> bytes | None:
        """Read in a transaction that is kept."""
        if self._reader is None:
            self._reader = self._env.begin()
        found: bytes | None = self._reader.get(key)
        return found

    def put(self, key: bytes, value: bytes) -> None:
        """Write in a transaction of its own."""
        with self._env.begin(write=True) as transaction:
            transaction.put(key, value)

    def write_batch(self, pairs: Iterable[Pair]) -> None:
        """Write many entries in one transaction."""
        with self._env.begin(write=True) as transaction:
            for key, value in pairs:
                transaction.put(key, value)

    def forward(self) -> Iterator[Pair]:
        """All entries in key order."""
        return iter(self._env.begin().cursor().iternext())

    def backward(self) -> Iterator[Pair]:
        """All entries against the key order."""
        return iter(self._env.begin().cursor().iterprev())

    def seek(self) -> Callable[[bytes], Pair]:
        """A function that gives the first entry at or after a key."""
        cursor = self._env.begin().cursor()

        def find(key: bytes) -> Pair:
            cursor.set_range(key)
            found: Pair = cursor.item()
            return found

        return find

    def close(self) -> None:
        """Close it."""
        with suppress(AttributeError):
            self._reader.abort()
        self._env.close()


def open_store(name: str, path: Path, *, equal: bool, bloom: bool = False) -> Store:
    """Open a store by name: ``relevel``, ``plyvel``, ``rocksdict``, ``lmdb``.

    Args:
        name: which.
        path: its directory.
        equal: with LevelDB's sizes of buffer, cache, block and table, where it has such; else with its own defaults.
        bloom: with filters of ten bits a key, where it has filters.
    """
    if name == "relevel":
        import relevel.plyvel

        return LevelDB(relevel.plyvel, path, equal=equal, bloom=bloom)
    if name == "plyvel":
        import plyvel

        return LevelDB(plyvel, path, equal=equal, bloom=bloom)
    return (RocksDB if name == "rocksdict" else LMDB)(path, equal=equal, bloom=bloom)
