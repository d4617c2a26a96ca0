"""Identity: whether a file is the table that the manifest counts on, told by its size and its first and last key.

Everything in another table's file may be whole; what it says was never true of the place where it stands. No two tables of a
database have the same size and the same ends: an end has a sequence number in it.
"""

from __future__ import annotations

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.footer import BlockHandle, decode_handle
from relevel.recovery.heal.block import contents_at
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.survey.access import index_handle
from relevel.storage.patched import Readable

_Entries = list[tuple[bytes, bytes]]


def is_as_claimed(storage: Readable, file: DatabaseFile) -> bool:
    """Whether a file has the size and the end keys that the manifest says, where it says any. Reads three blocks at most.

    An end that cannot be read tells nothing: that it cannot is found where its block is read.

    Raises:
        OSError: the file cannot be read.
    """
    claimed = file.metadata
    if claimed is None:
        return True
    if file.size != claimed.file_size:
        return False
    smallest, largest = end_keys(storage, file.name)
    return smallest in (None, claimed.smallest) and largest in (None, claimed.largest)


def end_keys(storage: Readable, name: str) -> tuple[bytes | None, bytes | None]:
    """The first and the last internal key of a table, each None where it cannot be read. Reads three blocks at most.

    Raises:
        OSError: the file cannot be read.
    """
    index = _entries(storage, name, index_handle(storage, name))
    if not index:
        return None, None
    first = _entries(storage, name, _handle(index[0][1]))
    last = _entries(storage, name, _handle(index[-1][1])) if len(index) > 1 else first
    return (first[0][0] if first else None), (last[-1][0] if last else None)


def _entries(storage: Readable, name: str, handle: BlockHandle | None) -> _Entries:
    """The entries of one block; none where it is damaged."""
    if handle is None:
        return []
    contents = contents_at(storage, name, handle.offset, handle.size)
    if contents is None:
        return []
    entries, faults = _kernel.blocks.scan_block(contents)
    return [] if faults else entries


def _handle(value: bytes) -> BlockHandle | None:
    try:
        return decode_handle(value)[0]
    except CorruptionError:
        return None
