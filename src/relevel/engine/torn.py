"""Torn: whether a log that ends inside a record was cut there, as a crash leaves it, or is damaged before its end.

A record whose size was hurt claims more than there is, as one does that the end cuts; and where the last record is hurt or cut as
well, no chain of sound records leads from there to the end of the log. What tells them apart is a whole batch behind such a record,
with a sequence number that could be its own: a log in a value has another database's. And what is cut has a record's type.
"""

from __future__ import annotations

import struct
from typing import Final

from relevel import _kernel
from relevel.format.record import BLOCK_SIZE, HEADER_SIZE
from relevel.format.write_batch import HEADER_SIZE as BATCH_HEADER_SIZE
from relevel.storage.read_only import ReadOnlyDirectory

_HEADER: Final = struct.Struct("<IHB")
_BATCH: Final = struct.Struct("<QI")
_TYPES: Final = range(1, 5)
_BEGINNINGS: Final = (1, 2)
"""The types of a whole record and of a first part."""
_LEAST_SIZE: Final = 2
"""Bytes of an operation: a deletion of the empty key."""


def is_damaged(directory: ReadOnlyDirectory, name: str, fault: _kernel.Fault, last_sequence: int) -> bool:
    """Whether what a torn end takes away was not cut by a crash, as far as the last block of the log tells.

    Args:
        directory: where the log is.
        name: its name.
        fault: where it is torn.
        last_sequence: the last sequence number before that, as far as known.

    Raises:
        StorageError: it cannot be read.
    """
    end = fault.offset + fault.size
    start = max(fault.offset, (end - 1) // BLOCK_SIZE * BLOCK_SIZE)
    data = directory.read(name, start, end - start)
    if len(data) >= HEADER_SIZE and data[HEADER_SIZE - 1] not in _TYPES and data[HEADER_SIZE - 1 :].strip(b"\0"):
        return True
    newest = last_sequence + end // _LEAST_SIZE
    return any(_is_batch(data, position, last_sequence + 1, newest) for position in range(1, len(data)))


def _is_batch(data: bytes, position: int, first: int, last: int) -> bool:
    """Whether a record stands there that is sound and begins a batch with one of these sequence numbers."""
    payload = position + HEADER_SIZE
    if payload + BATCH_HEADER_SIZE > len(data) or data[payload - 1] not in _BEGINNINGS:
        return False
    masked, size, _ = _HEADER.unpack_from(data, position)
    sequence, count = _BATCH.unpack_from(data, payload)
    if not (BATCH_HEADER_SIZE <= size <= len(data) - payload and first <= sequence <= last and count):
        return False
    return bool(_kernel.mask_crc(_kernel.crc32c(data[payload - 1 : payload + size])) == masked)
