"""Access: how the blocks of one table can be reached.

A healthy table is reached through its footer and index. Where the index was hit by one bit it is healed; where the footer or
the index is lost, the table is walked block by block, each found by its checksum. Data blocks themselves are not read here.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.footer import FOOTER_SIZE, decode_footer
from relevel.format.varint import decode_varint
from relevel.recovery.heal.block import TRAILER_SIZE, heal_block
from relevel.storage.read_only import ReadOnlyDirectory

Handle = tuple[int, int]


class Route(str, enum.Enum):
    """How a table's data blocks were found."""

    INDEX = "index"
    HEALED_INDEX = "healed-index"
    WALK = "walk"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class TableAccess:
    """The way into one table.

    Attributes:
        route: how its blocks were found.
        blocks: the handles of its data blocks in order; None where the table's own index serves.
    """

    route: Route
    blocks: tuple[Handle, ...] | None = None


def find_access(storage: ReadOnlyDirectory, name: str) -> TableAccess:
    """Find a way into a table. Reads its footer and index, or all of it where these are lost.

    Raises:
        StorageError: the file cannot be read.
    """
    size = storage.size(name)
    index_handle = _index_handle(storage, name, size)
    if index_handle is not None:
        offset, index_size = index_handle
        stored = storage.read(name, offset, index_size + TRAILER_SIZE)
        if _decodes(stored):
            return TableAccess(Route.INDEX)
        healing = heal_block(stored)
        if healing is not None:
            return TableAccess(Route.HEALED_INDEX, tuple(_handles(_kernel.decode_block(healing.stored))))
    return TableAccess(Route.WALK, tuple(walk_data_blocks(storage, name)))


def walk_data_blocks(storage: ReadOnlyDirectory, name: str) -> list[Handle]:
    """Find a table's data blocks by their checksums alone: blocks whose entries have internal keys and are no index."""
    found, _ = _kernel.walk_table(storage.path(name))
    return [
        (offset, size)
        for offset, size, _ in found
        if _holds_data(storage.read(name, offset, size + TRAILER_SIZE), offset)
    ]


def _index_handle(storage: ReadOnlyDirectory, name: str, size: int) -> Handle | None:
    if size < FOOTER_SIZE:
        return None
    try:
        footer = decode_footer(storage.read(name, size - FOOTER_SIZE, FOOTER_SIZE))
    except CorruptionError:
        return None
    offset, index_size = footer.index
    return (offset, index_size) if offset + index_size + TRAILER_SIZE <= size - FOOTER_SIZE else None


def _decodes(stored: bytes) -> bool:
    try:
        contents = _kernel.decode_block(stored)
    except _kernel.FaultError:
        return False
    return not _kernel.scan_block(contents)[1]


def _handles(index_contents: bytes) -> list[Handle]:
    handles = []
    for _, value in _kernel.scan_block(index_contents)[0]:
        handle = _decode_handle(value)
        if handle is not None:
            handles.append(handle)
    return handles


def _decode_handle(value: bytes) -> Handle | None:
    """A value that is a block handle and nothing else; None otherwise."""
    try:
        offset, position = decode_varint(value, 0)
        size, end = decode_varint(value, position)
    except CorruptionError:
        return None
    return (offset, size) if end == len(value) else None


def _holds_data(stored: bytes, offset: int) -> bool:
    """Whether a block is a data block. The last three blocks of a table are filter, metaindex and index: a filter does not
    parse, metaindex keys have no sequence number, and an index holds handles of blocks that all lie before it."""
    try:
        contents = _kernel.decode_block(stored)
    except _kernel.FaultError:
        return False
    entries, faults = _kernel.scan_block(contents)
    if faults or not entries:
        return False
    handles = [_decode_handle(value) for _, value in entries]
    is_index = all(handle is not None and sum(handle) + TRAILER_SIZE <= offset for handle in handles)
    return not (is_index and offset > 0 and _is_chain(handles))


def _is_chain(handles: list[Handle | None]) -> bool:
    """Whether handles follow one another without a gap from offset 0, as an index's do."""
    expected = 0
    for handle in handles:
        if handle is None or handle[0] != expected:
            return False
        expected = sum(handle) + TRAILER_SIZE
    return True
