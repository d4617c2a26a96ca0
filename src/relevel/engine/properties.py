"""Numbers about an open database: LevelDB's properties, and the same as a value."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from relevel.engine.version import LiveTable, Version
from relevel.format.internal_key import MAX_SEQUENCE, decode_internal_key
from relevel.format.version_edit import LEVEL_COUNT

if TYPE_CHECKING:
    from relevel.engine.core import Core

_MIB: Final = 1 << 20
_FILES_AT_LEVEL: Final = re.compile(rb"leveldb\.num-files-at-level([0-9]{1,3})")
_FIRST_OF_KEY: Final = -(MAX_SEQUENCE << 8 | 1)
_STATS_HEAD: Final = (
    "                               Compactions\n"
    "Level  Files Size(MB) Time(sec) Read(MB) Write(MB)\n"
    "--------------------------------------------------\n"
)


@dataclass(slots=True)
class LevelWork:
    """What flushes and compactions into one level have cost since the database was opened.

    Attributes:
        seconds: of work.
        read_size: bytes of tables read.
        written_size: bytes of tables written.
    """

    seconds: float = 0.0
    read_size: int = 0
    written_size: int = 0


@dataclass(frozen=True, slots=True)
class LevelStats:
    """One level.

    Attributes:
        table_count: live tables.
        size: bytes of them.
        work: what it has cost.
    """

    table_count: int
    size: int
    work: LevelWork


@dataclass(frozen=True, slots=True)
class Stats:
    """One open database at one moment.

    Attributes:
        levels: from 0 to 6.
        last_sequence: sequence number of the newest write.
        snapshot_count: open snapshots.
        memtable_size: bytes in memory that are not in a table yet.
        block_cache_size: bytes in the cache of blocks.
        log_size: bytes of the present log; 0 where it was opened read-only.
    """

    levels: tuple[LevelStats, ...]
    last_sequence: int
    snapshot_count: int
    memtable_size: int
    block_cache_size: int
    log_size: int


def stats(core: Core) -> Stats:
    """Take the numbers."""
    core.store.refuse_within_comparator()
    with core.lock:
        version = core.versions.current
        levels = tuple(
            LevelStats(len(tables), version.size(level), replace(core.work[level]))
            for level, tables in enumerate(version.levels)
        )
        return Stats(
            levels=levels,
            last_sequence=core.store.last_sequence,
            snapshot_count=core.snapshot_count,
            memtable_size=core.memory_usage(),
            block_cache_size=core.store.cache_usage(),
            log_size=0 if core.options.read_only else core.store.log_size,
        )


def get_property(core: Core, name: bytes) -> bytes | None:
    """One of LevelDB's properties; None where it is unknown.

    Raises:
        TypeError: the name is not bytes.
    """
    if not isinstance(name, bytes):
        raise TypeError(f"a property's name must be bytes, not {type(name).__name__}")
    if match := _FILES_AT_LEVEL.fullmatch(name):
        level = int(match[1])
        return b"%d" % len(core.versions.current.levels[level]) if level < LEVEL_COUNT else None
    if name == b"leveldb.stats":
        return _stats_text(stats(core)).encode()
    if name == b"leveldb.sstables":
        return _tables_text(core.versions.current).encode()
    if name == b"leveldb.approximate-memory-usage":
        return b"%d" % (core.memory_usage() + core.store.cache_usage())
    return None


def _stats_text(found: Stats) -> str:
    lines = [
        f"{level:3d} {one.table_count:8d} {one.size / _MIB:8.0f} {one.work.seconds:9.0f} "
        f"{one.work.read_size / _MIB:8.0f} {one.work.written_size / _MIB:9.0f}\n"
        for level, one in enumerate(found.levels)
        if one.table_count or one.work.seconds
    ]
    return _STATS_HEAD + "".join(lines)


def _tables_text(version: Version) -> str:
    lines = []
    for level, tables in enumerate(version.levels):
        lines.append(f"--- level {level} ---\n")
        lines += [f" {table.number}:{table.size}[{_bound(table, 0)} .. {_bound(table, 1)}]\n" for table in tables]
    return "".join(lines)


def _bound(table: LiveTable, which: int) -> str:
    key = decode_internal_key((table.metadata.smallest, table.metadata.largest)[which])
    escaped = "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in key.user_key)
    return f"'{escaped}' @ {key.sequence} : {int(key.value_type)}"


def approximate_size(core: Core, start: bytes, stop: bytes) -> int:
    """About how many bytes of the tables hold keys from ``start`` to before ``stop``.

    Raises:
        TypeError: a bound is not bytes.
    """
    if not isinstance(start, bytes) or not isinstance(stop, bytes):
        raise TypeError("Start and stop of range must be byte strings")
    core.store.refuse_within_comparator()
    with core.lock:  # so that no table is removed before it is looked at
        version = core.versions.current
        return max(0, _offset(core, version, stop) - _offset(core, version, start))


def _offset(core: Core, version: Version, user_key: bytes) -> int:
    """Bytes of the tables, put one behind the other, before a key."""
    place = (version.order.user(user_key), _FIRST_OF_KEY)
    offset = 0
    for level, table in version.tables():
        if version.order.internal(table.metadata.largest) <= place:
            offset += table.size
        elif version.order.internal(table.metadata.smallest) <= place or level == 0:
            offset += core.store.approximate_offset(table.handle, user_key)
    return offset
