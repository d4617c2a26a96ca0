"""The footer: the last 48 bytes of a table, which say where its metaindex block and its index block are.

Source: google/leveldb, table/format.cc.

::

    metaindex handle | index handle | zeroes up to byte 40 | magic number, 8 bytes little-endian

A handle is two varint64: the offset of a block and its size without the 5 bytes of its trailer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from relevel.errors import CorruptionError
from relevel.format.varint import decode_varint, encode_varint

FOOTER_SIZE: Final = 48
"""Part of the file format."""
TABLE_MAGIC: Final = 0xDB4775248B80FB57
"""The last 8 bytes of every table. Part of the file format."""

_MAGIC_OFFSET: Final = 40


class BlockHandle(NamedTuple):
    """Where a block is: bytes from the start of the file, and bytes without the trailer."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Footer:
    """The two handles of a footer."""

    metaindex: BlockHandle
    index: BlockHandle


def encode_handle(handle: BlockHandle) -> bytes:
    """Encode a block handle."""
    return encode_varint(handle.offset) + encode_varint(handle.size)


def decode_handle(data: bytes, offset: int = 0) -> tuple[BlockHandle, int]:
    """Decode a block handle: the handle, and the offset after it. That it lies inside the file is not checked here.

    Raises:
        CorruptionError: ``bad block handle``.
    """
    try:
        block_offset, position = decode_varint(data, offset)
        size, position = decode_varint(data, position)
    except CorruptionError as error:
        raise CorruptionError(f"bad block handle: {error}") from error
    return BlockHandle(block_offset, size), position


def encode_footer(footer: Footer) -> bytes:
    """Encode a footer."""
    handles = encode_handle(footer.metaindex) + encode_handle(footer.index)
    return handles.ljust(_MAGIC_OFFSET, b"\0") + TABLE_MAGIC.to_bytes(8, "little")


def decode_footer(data: bytes) -> Footer:
    """Decode the last bytes of a table; of more than 48 bytes, the last 48 count.

    Raises:
        CorruptionError: too short, another magic number, or a bad handle, in LevelDB's words.
    """
    if len(data) < FOOTER_SIZE:
        raise CorruptionError(f"file is too short to be an sstable: {len(data)} bytes, a footer has {FOOTER_SIZE}")
    footer = data[-FOOTER_SIZE:]
    magic = int.from_bytes(footer[_MAGIC_OFFSET:], "little")
    if magic != TABLE_MAGIC:
        raise CorruptionError(f"not an sstable (bad magic number): expected {TABLE_MAGIC:#018x}, got {magic:#018x}")
    metaindex, position = decode_handle(footer[:_MAGIC_OFFSET])
    index, _ = decode_handle(footer[:_MAGIC_OFFSET], position)
    return Footer(metaindex, index)
