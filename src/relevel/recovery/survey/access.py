"""Access: how the blocks of one table can be reached.

A healthy table is reached through its footer and index. Where the index was hit by one bit it is healed; where the footer is
lost, the table is walked, each block found by its checksum, and the index is known by its shape. Where the index is lost too, the
blocks that were found are what there is. Data blocks themselves are not read here but for the walk.

An index that is beyond the limit is no damage: nothing is done about it, and whoever reads the table is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.footer import FOOTER_SIZE, BlockHandle, decode_footer
from relevel.recovery.heal.block import TRAILER_SIZE, heal_block
from relevel.recovery.survey.nested import Handle
from relevel.recovery.survey.walk import handles_in, handles_of, walk_table
from relevel.storage.patched import Readable
from relevel.strenum import StrEnum


class Route(StrEnum):
    """How a table's data blocks were found."""

    INDEX = "index"
    """Through footer and index, as LevelDB does."""
    HEALED_INDEX = "healed-index"
    """Through the index with one bit put back."""
    FOUND_INDEX = "found-index"
    """Through the index, which was found without the footer."""
    WALK = "walk"
    """By their checksums, one after another."""


@dataclass(frozen=True, slots=True)
class TableAccess:
    """The way into one table.

    Attributes:
        route: how its blocks were found.
        blocks: the handles of its data blocks in order; None where the table's own index serves.
        end: where the table ends, by where its index stands; None where that is not known, or the table's own index serves.
    """

    route: Route
    blocks: tuple[Handle, ...] | None = None
    end: int | None = None

    @property
    def data_end(self) -> int:
        """The first offset after the last data block; 0 where there is none or the table's own index serves."""
        return sum(self.blocks[-1]) + TRAILER_SIZE if self.blocks else 0


def find_access(storage: Readable, name: str, *, trusts_checksum: bool = False, may_be_cut: bool = True) -> TableAccess:
    """Find a way into a table. Reads its footer and index, or all of it where these are lost.

    Args:
        storage: where the table is.
        name: its name there.
        trusts_checksum: do not look into an index whose checksum fits. That is what opening many tables takes its time for.
        may_be_cut: whether the end of the file may be missing.

    Raises:
        StorageError: the file cannot be read.
    """
    index = index_handle(storage, name)
    if index is not None:
        if _is_left_alone(storage, name, index, trusts_checksum=trusts_checksum):
            return TableAccess(Route.INDEX)
        healing = heal_block(storage.read(name, index.offset, index.size + TRAILER_SIZE))
        handles = None if healing is None else handles_of(healing.stored)
        if handles is not None:
            return TableAccess(Route.HEALED_INDEX, tuple(handles), _end_by(index))
    walk = walk_table(storage, name, may_be_cut=may_be_cut)
    if walk.index is not None:
        return TableAccess(Route.FOUND_INDEX, walk.index, walk.index_end + FOOTER_SIZE)
    is_whole = index is not None and _end_by(index) == storage.size(name)
    return TableAccess(Route.WALK, walk.data, storage.size(name) if is_whole else None)


def _end_by(index: BlockHandle) -> int:
    """Where a table ends that has its index there: the footer follows it."""
    return index.offset + index.size + TRAILER_SIZE + FOOTER_SIZE


def index_handle(storage: Readable, name: str) -> BlockHandle | None:
    """Where the footer says that the index is; None where it is lost or points outside the file."""
    end = storage.size(name) - FOOTER_SIZE
    if end < 0:
        return None
    try:
        index = decode_footer(storage.read(name, end, FOOTER_SIZE)).index
    except CorruptionError:
        return None
    return index if index.offset + index.size + TRAILER_SIZE <= end else None


def _is_left_alone(storage: Readable, name: str, index: BlockHandle, *, trusts_checksum: bool) -> bool:
    """Whether an index is used as it is: it is sound, or too large to be looked at."""
    try:
        contents = _kernel.blocks.load_block(storage.source(name), index.offset, index.size)
    except _kernel.FaultError as error:
        return error.fault.code.endswith(".too-large")
    return trusts_checksum or handles_in(contents) is not None
