"""Restore: what the basket chooses, as a new database in the one place that was named when the page was opened.

The source is read only, and the new database appears when it is whole. Versions keep their sequence numbers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from relevel.format.internal_key import encode_internal_key
from relevel.recovery.inventory.steady import refuse_outrun
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version
from relevel.recovery.rebuild.new_database import NewDatabase, TableStyle, level_for
from relevel.storage.posix import NewDirectory
from relevel.web.basket import Basket, chosen
from relevel.web.beside import Point

_TELL_EVERY: Final = 4096


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was written.

    Attributes:
        destination: the new database's directory.
        entry_count: entries in it.
        byte_count: bytes of its tables.
    """

    destination: str
    entry_count: int
    byte_count: int


def restore(
    reader: Reader,
    basket: Basket,
    destination: str | os.PathLike[str],
    *,
    point_at: Callable[[int], Point],
    newest: int,
    with_rest: bool,
    progress: Callable[[int], None],
) -> RestoreReport:
    """Write a new database with what the basket chooses.

    Args:
        reader: the database looked at.
        basket: what is wanted back.
        destination: must not exist.
        point_at: the point of a sequence number.
        newest: the newest sequence number that counts.
        with_rest: the other keys come too, as they are now.
        progress: told of entries written; it may raise to stop.

    Raises:
        DestinationExistsError: the destination is taken.
        StorageError: it cannot be written.
        DatabaseInUseError: the source changed while it was read, where it could not be held.
    """
    versions = chosen(reader.rows("versions", past=True), basket, point_at, with_rest=with_rest)
    size = sum(file.size for file in reader.directory.current_tables())
    with NewDirectory(destination, source=reader.directory.path) as target:
        database = NewDatabase(target, reader.comparator, 2)
        written = database.write_entries(_entries(versions, progress), level_for(size), TableStyle())
        outcome = database.finish(written, newest)
        refuse_outrun(reader.directory)
        target.publish()
    return RestoreReport(os.fspath(destination), outcome.entry_count, outcome.byte_count)


def _entries(versions: Iterable[Version], progress: Callable[[int], None]) -> Iterator[tuple[bytes, bytes]]:
    for done, version in enumerate(versions):
        if done % _TELL_EVERY == 0:
            progress(done)
        yield encode_internal_key(version.key, version.sequence), version.value or b""
