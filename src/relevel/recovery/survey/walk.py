"""Walk: the blocks of a table whose footer or index is lost, each found by its checksum and told apart by what it holds.

The frame of a table stands behind its data: a filter, the metaindex, the index. A filter does not parse as a block, a metaindex has
no internal keys, and the handles that an index holds follow one another from offset 0. Where bytes were put in, taken out or moved
they name no block any more, and all the same they are no entries: nobody ever wrote them.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.footer import FOOTER_SIZE, decode_footer, decode_handle
from relevel.format.internal_key import MAX_SEQUENCE, is_internal_key
from relevel.recovery.heal.block import TRAILER_SIZE, contents_at, contents_of
from relevel.recovery.survey.nested import Handle, without_nested
from relevel.storage.patched import Readable


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found.

    Attributes:
        index: the handles of the index, where one was found that names all that was found before it.
        data: the handles of the blocks that hold entries, in file order.
        index_end: where the index that was found ends; 0 where none was.
    """

    index: tuple[Handle, ...] | None
    data: tuple[Handle, ...]
    index_end: int = 0


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that was found.

    Attributes:
        handle: where it is.
        last_key: the internal key of its last entry; None where it holds none.
        chain_end: where the handles end that its values are, if they follow one another from offset 0; else None.
        is_single: whether it has one entry.
    """

    handle: Handle
    last_key: bytes | None
    chain_end: int | None
    is_single: bool

    @property
    def end(self) -> int:
        """Where the next block begins."""
        return sum(self.handle) + TRAILER_SIZE


def walk_table(storage: Readable, name: str, *, may_be_cut: bool = True) -> Walk:
    """Find the blocks of a table by their checksums, and among them an index or else the data blocks.

    Args:
        storage: where the table is.
        name: its name there.
        may_be_cut: whether the end of the file may be missing.

    Raises:
        StorageError: the file cannot be read.
    """
    found = [(offset, size) for offset, size, _ in _kernel.walk_table(storage.source(name))[0]]
    blocks: list[_Block] = []
    for handle in found:
        contents = contents_at(storage, name, *handle)
        block = _block(handle, contents)
        if contents is not None and block.chain_end is not None:
            handles = handles_in(contents) or []
            if _fits(handles, block.chain_end, handle[0], found):
                return Walk(tuple(handles), (), block.end)
        blocks.append(block)
    own = set(without_nested(storage, name, found, may_be_cut=may_be_cut))
    blocks = [block for block in blocks if block.handle in own]
    is_index = _IndexTest(storage, name, blocks)
    return Walk(None, tuple(block.handle for at, block in enumerate(blocks) if block.last_key and not is_index(at)))


class _IndexTest:
    """Tells whether a block that was found is an index that names no block any more.

    More than one handle in a chain is proof enough. One value may be a handle by chance; then what stands around the block
    tells, and its key: an index has the last key of a data block, or a shortened one with the highest sequence number there is.
    """

    def __init__(self, storage: Readable, name: str, blocks: list[_Block]) -> None:
        self._storage = storage
        self._name = name
        self._blocks = blocks
        self._last_keys = {block.last_key for block in blocks if block.chain_end is None}

    def __call__(self, at: int) -> bool:
        block = self._blocks[at]
        if block.chain_end is None or not block.is_single:
            return block.chain_end is not None
        return (
            at == len(self._blocks) - 1
            or block.last_key in self._last_keys
            or _has_highest_sequence(block.last_key)
            or self._follows_metaindex(at)
            or self._precedes_footer(block)
        )

    def _follows_metaindex(self, at: int) -> bool:
        before = self._blocks[at - 1] if at else None
        return before is not None and before.last_key is None and before.end == self._blocks[at].handle[0]

    def _precedes_footer(self, block: _Block) -> bool:
        try:
            decode_footer(self._storage.read(self._name, block.end, FOOTER_SIZE))
        except CorruptionError:
            return False
        return True


def _block(handle: Handle, contents: bytes | None) -> _Block:
    """What a block holds: a filter does not parse, and the keys of a metaindex have no sequence number."""
    entries, faults = _kernel.blocks.scan_block(contents) if contents is not None else ([], [])
    if faults or not entries or not is_internal_key(entries[-1][0]):
        return _Block(handle, None, None, is_single=False)
    handles = [_handle(value) for _, value in entries] if _handle(entries[0][1]) is not None else [None]
    known = [each for each in handles if each is not None]
    chain_end = _end_of_chain(known) if len(known) == len(handles) else None
    return _Block(handle, entries[-1][0], chain_end, is_single=len(entries) == 1)


def _has_highest_sequence(key: bytes | None) -> bool:
    return key is not None and is_internal_key(key) and int.from_bytes(key[-7:], "little") == MAX_SEQUENCE


def _end_of_chain(handles: list[Handle]) -> int | None:
    """Where the last of handles ends that follow one another from offset 0, as those of every index do; None if they do not."""
    end = 0
    for start, size in handles:
        if start != end:
            return None
        end = start + size + TRAILER_SIZE
    return end or None


def _fits(handles: list[Handle], end: int, offset: int, found: list[Handle]) -> bool:
    """Whether the handles of an index at ``offset`` name every block found before their end, or one that is hurt and has it in it.

    Between that end and the index stand at most the filter and the metaindex.
    """
    between = sum(1 for handle in found if end <= handle[0] < offset)
    if end > offset or between > 2:
        return False
    named, begins = set(handles), [handle[0] for handle in handles]
    before = [handle for handle in found if handle[0] < end]
    others = [handle for handle in before if handle not in named]
    return not others or (
        len(others) < len(before)
        and all(sum(handle) <= sum(handles[bisect_right(begins, handle[0]) - 1]) for handle in others)
    )


def handles_of(stored: bytes) -> list[Handle] | None:
    """The handles that a block's values are, if it is a whole block and every value is a handle."""
    contents = contents_of(stored)
    return None if contents is None else handles_in(contents)


def handles_in(contents: bytes) -> list[Handle] | None:
    """The handles that the values of a block are, if every value is a handle."""
    entries, faults = _kernel.blocks.scan_block(contents)
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
