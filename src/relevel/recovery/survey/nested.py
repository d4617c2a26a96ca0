"""Nested: blocks that a walk found and that are no blocks of the table, but part of a value in one of its blocks that is hurt.

Where a value is a table itself, its blocks lie in the file as they are, each with a checksum that fits. A walk passes over them as
long as it knows the block around them. Where that is cut or hurt, its entries tell, as far as they can be read: a value goes on to
where its size says, and something follows it there. So does the footer of a table in it, which says how far before it that begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from relevel.errors import CorruptionError
from relevel.format.footer import FOOTER_SIZE, decode_footer
from relevel.format.internal_key import is_internal_key
from relevel.format.varint import decode_varint32
from relevel.recovery.heal.block import TRAILER_SIZE
from relevel.storage.patched import Readable

Handle: TypeAlias = tuple[int, int]
_RESTART_SIZE: Final = 4
"""Bytes of a restart point. The first of every block is 0. Part of the file format."""
_LONGEST_HEAD: Final = 15
"""Three varints of 32 bits, which begin an entry: bytes of the key before it, more bytes of its own, bytes of the value."""
_LONGEST_KEY: Final = 1 << 20
"""Bytes of a key up to which it is looked at."""


class _Entry(NamedTuple):
    """An entry of an uncompressed block: its key, and where its value begins and ends."""

    key: bytes
    start: int
    end: int


def without_nested(storage: Readable, name: str, found: Sequence[Handle], *, may_be_cut: bool) -> list[Handle]:
    """Leave out the blocks that lie in a value.

    Args:
        storage: where the table is.
        name: its name there.
        found: the blocks that a walk found, in file order.
        may_be_cut: whether the end of the file may be missing: a value that goes on behind it has a false size otherwise.

    Raises:
        StorageError: the file cannot be read.
    """
    kept: list[Handle] = []
    spans = _tables_in(storage, name, found)
    lost = _LostBlock(storage, name, 0, may_be_cut=may_be_cut)
    for handle in found:
        if any(start <= handle[0] < end for start, end in spans) or lost.has_in_a_value(handle[0]):
            continue
        kept.append(handle)
        lost = _LostBlock(storage, name, _end(handle), may_be_cut=may_be_cut)
    return kept


class _LostBlock:
    """The entries of a block that was not found, from its beginning on, as far as they can be read."""

    def __init__(self, storage: Readable, name: str, start: int, *, may_be_cut: bool) -> None:
        self._storage = storage
        self._name = name
        self._may_be_cut = may_be_cut
        self._start = start
        self._end_of_value = 0
        self._next: _Entry | None = _Entry(b"", start, start)

    def has_in_a_value(self, offset: int) -> bool:
        """Whether a place lies in one of its values. Asked of one place after another."""
        if offset == self._start:
            return False
        while self._next is not None and self._next.end <= offset:
            self._next = self._after(self._next)
            if self._next is not None and self._next.start <= offset < self._next.end:
                self._end_of_value = self._next.end if self._goes_on_after(self._next) else 0
        return offset < self._end_of_value

    def _after(self, before: _Entry) -> _Entry | None:
        """The entry that follows another one, without a key or a value where the file is cut in it; None where there is none."""
        head = self._storage.read(self._name, before.end, _LONGEST_HEAD)
        try:
            shared, at = decode_varint32(head)
            own, at = decode_varint32(head, at)
            size, at = decode_varint32(head, at)
        except CorruptionError:
            return self._cut() if len(head) < _LONGEST_HEAD else None
        if shared > len(before.key) or own > _LONGEST_KEY:
            return None
        own_key = self._storage.read(self._name, before.end + at, own)
        if len(own_key) < own:
            return self._cut()
        key, start = before.key[:shared] + own_key, before.end + at + own
        return _Entry(key, start, start + size) if is_internal_key(key) else None

    def _cut(self) -> _Entry | None:
        size = self._storage.size(self._name)
        return _Entry(b"", size, size) if self._may_be_cut else None

    def _goes_on_after(self, entry: _Entry) -> bool:
        """Whether the size of a value is right: behind it is an entry or a restart point, or the file ends, which may be cut."""
        restart = self._storage.read(self._name, entry.end, _RESTART_SIZE)
        return (len(restart) == _RESTART_SIZE and not restart.strip(b"\0")) or self._after(entry) is not None


def _tables_in(storage: Readable, name: str, found: Sequence[Handle]) -> list[tuple[int, int]]:
    """Where whole tables lie that begin in a hole between blocks: from the first to the last byte of each."""
    holes = [(before, after) for before, after in pairwise(found) if _end(before) < after[0]]
    begins, may_be_index = {after[0] for _, after in holes}, [*(before for before, _ in holes), *found[-1:]]
    spans = ((_start(storage, name, handle), _end(handle) + FOOTER_SIZE) for handle in may_be_index if holes)
    return [(start, end) for start, end in spans if start in begins]


def _start(storage: Readable, name: str, index: Handle) -> int | None:
    """Where a table begins that has this block for its index, by the footer behind that; None where there is none."""
    try:
        footer = decode_footer(storage.read(name, _end(index), FOOTER_SIZE))
    except CorruptionError:
        return None
    return index[0] - footer.index.offset if footer.index.size == index[1] else None


def _end(handle: Handle) -> int:
    return sum(handle) + TRAILER_SIZE
