"""Small tables and logs for the tests of cursors, and their rows."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from relevel._kernel import Cursor, LogInput, TableBuilder, TableInput, encode_log_record

PUT, DELETE = 1, 0
Entry = tuple[bytes, int, bytes | None]
"""Key, sequence number, and value or None for a deletion."""


def internal(key: bytes, sequence: int, value_type: int = PUT) -> bytes:
    """An internal key."""
    return key + struct.pack("<Q", sequence << 8 | value_type)


def table(path: Path, *entries: Entry, codec: str = "snappy", block_size: int = 4096) -> str:
    """A table with these entries; the path of it."""
    builder = TableBuilder(str(path), codec=codec, block_size=block_size)
    for key, sequence, value in sorted(entries, key=lambda entry: (entry[0], -entry[1])):
        builder.add(internal(key, sequence, PUT if value is not None else DELETE), value or b"")
    builder.finish()
    return str(path)


def log(*entries: Entry) -> bytes:
    """A log with one batch for each entry; keys and values are shorter than 128 bytes."""
    data = b""
    for key, sequence, value in entries:
        body = bytes([value is not None, len(key)]) + key
        body += b"" if value is None else bytes([len(value)]) + value
        data += encode_log_record(struct.pack("<QI", sequence, 1) + body, len(data))
    return data


def rows_of(cursor: Cursor, count: int = 3) -> list[tuple[object, ...]]:
    """All rows, some at a time."""
    rows: list[tuple[object, ...]] = []
    while batch := cursor.read(count):
        rows += batch
    return rows


def short(cursor: Cursor) -> list[tuple[object, ...]]:
    """Sequence, key, value and state of all rows."""
    return [(row[0], row[2], row[3], row[4]) for row in rows_of(cursor)]


def history_of_one_key(folder: Path) -> list[TableInput | LogInput]:
    """Key k written at 1, 4 and 7 and deleted at 9 in current files; j live; what was superseded and what is unproven."""
    older = table(folder / "000005.ldb", (b"k", 4, b"four"), (b"j", 2, b"jay"))
    newer = table(folder / "000007.ldb", (b"k", 9, None), (b"k", 7, b"seven"))
    past = table(folder / "000003.ldb", (b"k", 4, b"four"), (b"k", 1, b"one"), (b"gone", 3, b"lost"))
    orphan = table(folder / "000006.ldb", (b"k", 8, b"eight"), (b"stray", 5, b"who"))
    return [
        TableInput(older, "000005.ldb"),
        TableInput(newer, "000007.ldb"),
        TableInput(past, "000003.ldb", "superseded"),
        TableInput(orphan, "000006.ldb", "unproven"),
        LogInput(log((b"l", 10, b"log"), (b"l", 11, None)), "000008.log", temp_dir=str(folder)),
    ]


def paths_in(directory: Path) -> Callable[[], str]:
    """Names 1.ldb, 2.ldb and so on."""
    directory.mkdir()
    return lambda: str(directory / f"{len(list(directory.iterdir())) + 1}.ldb")
