"""Stretches: the keys cut into parts of about the same size on disk, by what the indexes of the tables say.

The index of a table has a key for each data block, and the block's size. So one look at the indexes tells where to cut, and no
data block is read. Where there are very many tables, the ends that the manifest gives for them serve. Logs have no index; of
large ones the keys are sampled.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any, Final, NamedTuple

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.filename import FileKind
from relevel.format.footer import decode_handle
from relevel.format.internal_key import user_key_of
from relevel.recovery.heal.block import contents_at
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.read.reader import Reader
from relevel.recovery.survey.access import index_handle

_MOST_INDEXES: Final = 512
"""Tables whose indexes are read."""
_MOST_SAMPLES: Final = 1 << 17
"""Keys that are taken of all indexes, more or less: of large tables not each block's."""
_SIZE: Final = 256 << 10
"""Bytes on disk, more or less, of one stretch."""
_MOST_AT_ONCE: Final = 16
"""Stretches that are given as one."""
_LARGE_LOG: Final = 1 << 20
_LOG_SAMPLE: Final = 64
"""Of a large log, one key of so many is taken."""


class Stretch(NamedTuple):
    """Keys in ``[start, stop)``, and about how many bytes they have on disk."""

    start: bytes | None
    stop: bytes | None
    weight: int


class Stretches:
    """Where to cut the keys of one database. Reads the indexes when first asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._key = reader.comparator.sort_key

    def forward(self, start: bytes | None, stop: bytes | None) -> list[Stretch]:
        """Cut the keys in ``[start, stop)`` into stretches, in key order."""
        cuts = self._cuts
        order: list[Any] = self._order
        first = 0 if start is None else bisect_right(order, self._key(start))
        last = len(cuts) if stop is None else bisect_left(order, self._key(stop))
        inner = cuts[first : max(first, last)]
        ends = [key for key, _ in inner]
        tail = cuts[last][1] if last < len(cuts) else _SIZE
        weights = [*(weight for _, weight in inner), tail]
        return [
            Stretch(lower, upper, weight)
            for lower, upper, weight in zip([start, *ends], [*ends, stop], weights, strict=True)
        ]

    def backward(self, start: bytes | None, stop: bytes | None) -> Iterator[Stretch]:
        """The same, the last one first; the first one given is small, and each following larger, up to a bound."""
        pieces = self.forward(start, stop)
        taken, end = 1, len(pieces)
        while end > 0:
            begin = max(0, end - taken)
            weight = sum(piece.weight for piece in pieces[begin:end])
            yield Stretch(pieces[begin].start, pieces[end - 1].stop, weight)
            taken, end = min(2 * taken, _MOST_AT_ONCE), begin

    @cached_property
    def _cuts(self) -> list[tuple[bytes, int]]:
        """Keys to cut at, in order, each with the bytes before it."""
        samples = [*self._of_tables(), *self._of_logs()]
        samples.sort(key=lambda sample: self._key(sample[0]))
        cuts: list[tuple[bytes, int]] = []
        weight = 0
        for key, size in samples:
            weight += size
            if weight >= _SIZE and (not cuts or cuts[-1][0] != key):
                cuts.append((key, weight))
                weight = 0
        return cuts

    @cached_property
    def _order(self) -> list[Any]:
        return [self._key(key) for key, _ in self._cuts]

    def _of_tables(self) -> Iterator[tuple[bytes, int]]:
        tables = list(self._reader.directory.of_kind(FileKind.TABLE))
        least = sum(table.size for table in tables) // _MOST_SAMPLES
        for table in tables:
            if len(tables) <= _MOST_INDEXES:
                yield from self._of_index(table, least)
            elif table.metadata is not None:
                yield user_key_of(table.metadata.largest), table.size

    def _of_index(self, table: DatabaseFile, least: int) -> Iterator[tuple[bytes, int]]:
        """Keys of a table, each with the bytes since the one before, of which there are ``least`` at least."""
        storage, size = self._reader.directory.storage, 0
        try:
            handle = index_handle(storage, table.name)
            contents = None if handle is None else contents_at(storage, table.name, handle.offset, handle.size)
            entries, faults = ([], []) if contents is None else _kernel.blocks.scan_block(contents)
            if not faults:
                for key, value in entries:
                    size += decode_handle(value)[0].size
                    if size >= least:
                        yield user_key_of(key), size
                        size = 0
        except (CorruptionError, OSError):
            return  # what is wrong with it is told where it is read; here it is only not cut

    def _of_logs(self) -> Iterator[tuple[bytes, int]]:
        if sum(log.size for log in self._reader.directory.of_kind(FileKind.LOG)) < _LARGE_LOG:
            return
        names = [log.name for log in self._reader.directory.of_kind(FileKind.LOG)]
        rows = self._reader.rows("versions", past=True, files=names)
        for row in islice(rows, 0, None, _LOG_SAMPLE):
            yield row.key, _LOG_SAMPLE * (len(row.key) + len(row.value or b"") + 8)
