"""Salvage of a data block that cannot be healed: the entries that are certain, where the file tells which bytes were hurt.

A checksum tells that a block is hurt and not where. What a disk or a file system lost tells it: a sector or more reads as one byte
again and again. In a compressed block nothing else does so (snappy looks for repetitions at longer and longer steps where it finds
none, and may write some hundred bytes of one out); in one that is not compressed a value may, so there the entries must break off
in it, or it must begin and end just where sectors do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Final

from relevel import _kernel
from relevel.findings import KeyRange
from relevel.format.comparator import Comparator
from relevel.recovery.heal.block import TRAILER_SIZE
from relevel.storage.patched import Readable

_SECTOR: Final = 512
"""Bytes that are lost at least: anything shorter may be a value's own, and the damage elsewhere."""
_COUNT_SIZE: Final = 4
"""Bytes at the end of contents that count the restart points: no such count is one byte four times. Part of the file format."""
_REACH: Final = 4096
"""Bytes looked at before and after a block: a stretch may begin or end there."""
_RUN: Final = re.compile(rb"(.)\1{%d,}" % (_SECTOR - 1), re.DOTALL)
_CODEC_TYPES: Final = (1, 0)
"""The types of blocks that can be salvaged, tried where the type itself is hurt: snappy, none."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Salvage:
    """What is certain of a block.

    Attributes:
        entries: internal keys and values, in order.
        hurt: the ranges of the block that are hurt: bytes from its start.
    """

    entries: list[tuple[bytes, bytes]]
    hurt: tuple[Range, ...]

    @property
    def contents(self) -> bytes:
        """A block of these entries alone."""
        return _kernel.blocks.build_block(self.entries)


def hurt_ranges(storage: Readable, file: str, offset: int, stored: bytes) -> tuple[Range, ...]:
    """Where a block reads as one byte again and again, as lost pages do.

    Args:
        storage: where the table is.
        file: its name.
        offset: where in it the block begins.
        stored: the block with its trailer.
    """
    before = min(offset, _REACH)
    around = storage.read(file, offset - before, before + len(stored) + _REACH)
    runs = [(run.start() - before, run.end() - before) for run in _RUN.finditer(around)]
    inside = [run for run in runs if run[0] < len(stored) and run[1] > 0]
    if not inside or _is_compressed(stored, inside):
        return tuple(_cut(inside, len(stored)))
    breaks = [fault.offset for fault in _kernel.blocks.scan_block(stored[:-TRAILER_SIZE])[1]]
    return tuple(_cut((run for run in inside if _tells(run, offset, len(stored), breaks)), len(stored)))


def _tells(run: Range, offset: int, size: int, breaks: Iterable[int]) -> bool:
    """Whether a stretch of one byte in a block that is not compressed is a hole, and not a value's own."""
    start, end = run
    contents_end = size - TRAILER_SIZE
    is_sectors = (offset + start) % _SECTOR == 0 and (offset + end) % _SECTOR == 0
    covers_count = start <= contents_end - _COUNT_SIZE < contents_end <= end
    return is_sectors or covers_count or any(start <= place <= end for place in breaks)


def _cut(runs: Iterable[Range], size: int) -> Iterator[Range]:
    return ((max(0, start), min(end, size)) for start, end in runs)


def _is_compressed(stored: bytes, hurt: Iterable[Range]) -> bool:
    """Whether the type byte says so; false where it is hurt itself."""
    place = len(stored) - TRAILER_SIZE
    return stored[place] != 0 and not any(start <= place < end for start, end in hurt)


def salvage(
    stored: bytes, hurt: tuple[Range, ...], comparator: Comparator, keys: KeyRange | None = None
) -> Salvage | None:
    """Take what is certain of a block; None where nothing is.

    Args:
        stored: the block with its trailer.
        hurt: the ranges that are hurt.
        comparator: the order of the user keys.
        keys: what all of the block's keys are between.
    """
    place = len(stored) - TRAILER_SIZE
    if not hurt or place <= 0:
        return None
    is_type_known = not any(start <= place < end for start, end in hurt)
    types = (stored[place],) if is_type_known else _CODEC_TYPES
    prefix = _shared_prefix(keys) if comparator.kernel == "bytewise" and keys is not None else b""
    found = [_kernel.blocks.salvage_block(stored[:place], kind, hurt, prefix=prefix) for kind in types]
    best = max((_in_order(*each, comparator) for each in found), key=len)
    return Salvage(best, hurt) if len(best) >= (1 if is_type_known else 2) else None


def _shared_prefix(keys: KeyRange) -> bytes:
    """How every key between two begins, where these begin alike."""
    if keys.lower is None or keys.upper is None:
        return b""
    pairs = zip(keys.lower, keys.upper, strict=False)
    return bytes(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _in_order(entries: list[tuple[bytes, bytes]], before: int, comparator: Comparator) -> list[tuple[bytes, bytes]]:
    """The entries if they ascend; else those before the damage, as far as these do."""
    for taken in (entries, entries[:before]):
        if all(comparator.compare_internal(one, other) < 0 for (one, _), (other, _) in pairwise(taken)):
            return taken
    return []
