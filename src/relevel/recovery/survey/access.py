"""Access: how the blocks of one table can be reached.

A healthy table is reached through its footer and index. Where the index was hit by one bit it is healed; where the footer is
lost, the table is walked, each block found by its checksum, and the index is known by its shape: its handles follow one another
from offset 0 and name every block that stands before. Where the index is lost too, the blocks that were found are what there is.
Data blocks themselves are not read here but for the walk.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.footer import FOOTER_SIZE, BlockHandle, decode_footer, decode_handle
from relevel.recovery.heal.block import TRAILER_SIZE, heal_block
from relevel.storage.read_only import ReadOnlyDirectory

Handle = tuple[int, int]


class Route(str, enum.Enum):
    """How a table's data blocks were found."""

    INDEX = "index"
    """Through footer and index, as LevelDB does."""
    HEALED_INDEX = "healed-index"
    """Through the index with one bit put back."""
    FOUND_INDEX = "found-index"
    """Through the index, which was found without the footer."""
    WALK = "walk"
    """By their checksums, one after another."""

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

    @property
    def data_end(self) -> int:
        """The first offset after the last data block; 0 where there is none or the table's own index serves."""
        return sum(self.blocks[-1]) + TRAILER_SIZE if self.blocks else 0


def find_access(storage: ReadOnlyDirectory, name: str, *, trusts_checksum: bool = False) -> TableAccess:
    """Find a way into a table. Reads its footer and index, or all of it where these are lost.

    Args:
        storage: where the table is.
        name: its name there.
        trusts_checksum: do not look into an index whose checksum fits. That is what opening many tables takes its time for.

    Raises:
        StorageError: the file cannot be read.
    """
    index = _index_handle(storage, name)
    if index is not None:
        stored = storage.read(name, index.offset, index.size + TRAILER_SIZE)
        if _contents(stored) is not None if trusts_checksum else _handles_of(stored) is not None:
            return TableAccess(Route.INDEX)
        healing = heal_block(stored)
        handles = None if healing is None else _handles_of(healing.stored)
        if handles is not None:
            return TableAccess(Route.HEALED_INDEX, tuple(handles))
    return _walk(storage, name)


def _index_handle(storage: ReadOnlyDirectory, name: str) -> BlockHandle | None:
    """Where the footer says that the index is; None where it is lost or points outside the file."""
    end = storage.size(name) - FOOTER_SIZE
    if end < 0:
        return None
    try:
        index = decode_footer(storage.read(name, end, FOOTER_SIZE)).index
    except CorruptionError:
        return None
    return index if index.offset + index.size + TRAILER_SIZE <= end else None


def _walk(storage: ReadOnlyDirectory, name: str) -> TableAccess:
    found = [(offset, size) for offset, size, _ in _kernel.walk_table(storage.path(name))[0]]
    data: list[Handle] = []
    for offset, size in found:
        stored = storage.read(name, offset, size + TRAILER_SIZE)
        handles = _handles_of(stored) or []
        end = _end_of_chain(handles)
        if end is not None and _fits(handles, end, offset, found):
            return TableAccess(Route.FOUND_INDEX, tuple(handles))
        is_index = end is not None and (len(handles) > 1 or (offset, size) == found[-1])
        if not is_index and _holds_entries(stored):
            data.append((offset, size))
    return TableAccess(Route.WALK, tuple(data))


def _end_of_chain(handles: list[Handle]) -> int | None:
    """Where the last of handles ends that follow one another from offset 0, as those of every index do; None if they do not.

    An index is known by this even where bytes were put in or taken out before it, so that it names no block any more: what
    it holds are no entries.
    """
    end = 0
    for start, size in handles:
        if start != end:
            return None
        end = start + size + TRAILER_SIZE
    return end or None


def _fits(handles: list[Handle], end: int, offset: int, found: list[Handle]) -> bool:
    """Whether the handles of an index at ``offset`` name every block found before their end.

    Between that end and the index stand at most the filter and the metaindex.
    """
    named = set(handles)
    between = [handle for handle in found if end <= handle[0] < offset]
    return end <= offset and len(between) <= 2 and all(handle in named for handle in found if handle[0] < end)


def _contents(stored: bytes) -> bytes | None:
    try:
        return _kernel.decode_block(stored)
    except _kernel.FaultError:
        return None


def _handles_of(stored: bytes) -> list[Handle] | None:
    """The handles that a block's values are, if it is a whole block and every value is a handle."""
    contents = _contents(stored)
    if contents is None:
        return None
    entries, faults = _kernel.scan_block(contents)
    handles = [_handle(value) for _, value in entries]
    known = [handle for handle in handles if handle is not None]
    return known if not faults and len(known) == len(handles) else None


def _handle(value: bytes) -> Handle | None:
    """A value that is a handle and nothing else. Java's leveldb pads it with zeroes."""
    try:
        handle, end = decode_handle(value)
    except CorruptionError:
        return None
    return None if value[end:].strip(b"\0") else (handle.offset, handle.size)


def _holds_entries(stored: bytes) -> bool:
    """Whether a block holds entries with internal keys: a filter does not parse, a metaindex key has no sequence number."""
    contents = _contents(stored)
    if contents is None:
        return False
    entries, faults = _kernel.scan_block(contents)
    return bool(entries) and not faults
