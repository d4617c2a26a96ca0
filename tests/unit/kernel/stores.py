"""Stores of the kernel's engine, and what was written to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from relevel._kernel import Cursor, Fault, TableInput
from relevel._kernel.engine import Memtable, Store, Writer

if TYPE_CHECKING:
    from relevel._kernel import Comparator, Row


@dataclass(frozen=True, slots=True)
class ContentError(Exception):
    """What ``make_error`` makes of a fault."""

    path: str
    fault: Fault


def make_error(path: str, what: Fault | OSError | None) -> BaseException:
    """The error to raise: what the system said as it is, with a note of who made it."""
    if what is None:
        return RuntimeError("no sequence number is left")
    if isinstance(what, OSError):
        what.made_for = path  # type: ignore[attr-defined]
        return what
    return ContentError(path, what)


def store_in(
    folder: Path, comparator: Comparator = "bytewise", *, write_buffer_size: int = 4 << 20, log: str = "000003.log"
) -> tuple[Store, Writer]:
    """A store that writes a new log in ``folder``, and a writer of it."""
    store = Store(
        comparator, make_error, write_buffer_size=write_buffer_size, block_cache_size=1 << 20, max_open_tables=10
    )
    store.start_log(str(folder / log))
    writer = Writer()
    writer.attach(store)
    return store, writer


Version = tuple[bytes, int, bytes | None]
"""Key, sequence number, and value or None for a deletion."""


def versions_in(memtable: Memtable, folder: Path, comparator: Comparator = "bytewise") -> list[Version]:
    """All versions in a memtable, in its order."""
    if memtable.entry_count == 0:
        return []
    path = folder / f"versions-{len(list(folder.iterdir()))}"
    memtable.write_table(str(path))
    cursor = Cursor([TableInput(str(path), "t")], comparator, mode="versions")
    rows: list[Row] = []
    while batch := cursor.read(4096):
        rows += batch
    return [(row[2], row[0], row[3]) for row in rows]
