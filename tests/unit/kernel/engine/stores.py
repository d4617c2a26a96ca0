"""Stores over databases that plyvel wrote, without a log: what its manifest says is what reads see."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from relevel._kernel.engine import EntryIterator, RawEntryIterator, Reader, Store, Table
from relevel.files.manifest import scan_manifest
from relevel.storage.read_only import ReadOnlyDirectory
from tests.unit.kernel.stores import make_error


@dataclass(slots=True)
class Opened:
    """A store and the tables of its levels."""

    store: Store
    levels: list[list[Table]]
    made: list[Reader | EntryIterator | RawEntryIterator] = field(default_factory=list)

    def tables(self) -> list[Table]:
        """All tables."""
        return [table for level in self.levels for table in level]

    def reader(self, **kwargs: Any) -> Reader:
        """A reader of the store."""
        reader = Reader()
        reader.attach(self.store, **kwargs)
        return reader

    def iterator(self, **kwargs: Any) -> EntryIterator:
        """An iterator over the store."""
        iterator = EntryIterator()
        iterator.attach(self.store, **kwargs)
        return iterator

    def raw_iterator(self, **kwargs: Any) -> RawEntryIterator:
        """A raw iterator over the store."""
        iterator = RawEntryIterator()
        iterator.attach(self.store, **kwargs)
        return iterator


def open_tables(path: Path, comparator: Any = "bytewise", **options: Any) -> Opened:
    """A store that reads the tables of a database; its logs are left out."""
    directory = ReadOnlyDirectory(path)
    scan = scan_manifest(directory, (path / "CURRENT").read_text().strip())
    levels = [
        [
            Table(table.number, str(_file(path, table.number)), table.file_size, table.smallest, table.largest)
            for table in sorted(level.values(), key=lambda table: table.smallest)
        ]
        for level in scan.levels
    ]
    settings: dict[str, Any] = {"write_buffer_size": 1 << 20, "block_cache_size": 1 << 20, "max_open_tables": 100}
    store = Store(comparator, make_error, **{**settings, **options})
    store.last_sequence = scan.last_sequence or 0
    store.install(levels, [])
    return Opened(store, levels)


def _file(path: Path, number: int) -> Path:
    return next(path.glob(f"{number:06}.[ls]*"))


def write_database(path: Path, count: int = 4000, **options: Any) -> dict[bytes, bytes]:
    """A database of plyvel, all in tables: one level below, and three tables above it; what is in it."""
    plyvel = pytest.importorskip("plyvel")
    numbers = random.Random(5)
    truth: dict[bytes, bytes] = {}
    settings = {"write_buffer_size": 1 << 20, "max_file_size": 1 << 20, "block_size": 512, **options}
    # Opening writes the log of the session before out as a table of level 0; four of these would be compacted.
    for operations in (count * 2, count // 4, count // 4, count // 4, 0):
        with plyvel.DB(str(path), create_if_missing=True, **settings) as db:
            for _ in range(operations):
                key = b"key%07d" % numbers.randrange(count)
                if numbers.random() < 0.2:
                    db.delete(key)
                    truth.pop(key, None)
                else:
                    truth[key] = value = numbers.randbytes(numbers.randrange(200))
                    db.put(key, value)
            if operations > count:
                db.compact_range(start=b"\0", stop=b"\xff")
    return dict(sorted(truth.items()))


def damaged_copy(source: Path, target: Path, table: int, change: Callable[[bytearray], None]) -> Path:
    """A copy of a database with one table changed."""
    shutil.copytree(source, target)
    file = _file(target, table)
    data = bytearray(file.read_bytes())
    change(data)
    file.write_bytes(data)
    return target
