"""Pages put back: two pages of a table that stand in each other's place, as a disk or a file system that mixed up its blocks leaves
them.

Only pages that hold bytes of hurt blocks are tried, each pair of them, and none that holds a byte of a block whose checksum fits:
that one is in its place, and what was exchanged is less than a page. That a checksum fits where none did is proof enough: chance
makes that once in four thousand million pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from operator import itemgetter
from typing import Final

from relevel import _kernel
from relevel.recovery.heal.block import CHECKSUM_SIZE, TRAILER_SIZE, checksum_of

PAGE: Final = 4096
_MOST_PAGES: Final = 64
"""Pages that are tried with each other where blocks are known, so that only these are read again: 2,016 pairs."""
_MOST_PAGES_WALKED: Final = 12
"""The same where the whole table is walked for each pair: 66 pairs."""
_MOST_WALKED: Final = 8 << 20
"""Larger tables are not walked for each pair: bytes."""
_MOST_SWAPS: Final = 16
_MOST_BLOCKS: Final = 1024
_MOST_BYTES: Final = 2 * _MOST_PAGES * PAGE
"""Hurt blocks that are read again, and their bytes: an index may name one block any number of times, and claim any size."""

Span = tuple[int, int]
"""First byte, and the byte after the last."""


@dataclass(frozen=True, slots=True)
class Swaps:
    """What was put back.

    Attributes:
        data: the table's bytes.
        pages: the offsets of the pages that changed places, two by two.
    """

    data: bytes
    pages: tuple[tuple[int, int], ...]


def sound_blocks(scan: _kernel.TableScan) -> list[Span]:
    """The blocks of a table whose checksums fit, trailers included."""
    return [(offset, offset + size + TRAILER_SIZE) for offset, size, _, codec, _ in scan.blocks() if codec]


def put_pages_back(
    data: bytes, blocks: Sequence[Span] | None, hurt: Iterable[Span], sound: Sequence[Span] = ()
) -> Swaps | None:
    """Look for pages in each other's place.

    Args:
        data: the table's bytes.
        blocks: the blocks whose checksums do not fit, trailers included, where the index tells; None where it is lost.
        hurt: stretches of the file that are not what they should be.
        sound: the blocks whose checksums fit, trailers included, where the index tells.

    Returns:
        The bytes with pages put back, or None where none are found.
    """
    gain, most = (_walked, _MOST_PAGES_WALKED) if blocks is None else (partial(_fitting, blocks), _MOST_PAGES)
    if len(data) > _MOST_WALKED if blocks is None else _are_too_many(blocks):
        return None
    spans = list(hurt)
    in_place = {page for start, end in sound for page in range(start // PAGE, -(-end // PAGE))}
    found: list[tuple[int, int]] = []
    while len(found) < _MOST_SWAPS:
        pages = [page for page in _pages(spans, len(data), most) if page not in in_place]
        if not 2 <= len(pages) <= most:
            break
        most_gained, best = max(((gain(data, *pair), pair) for pair in combinations(pages, 2)), key=itemgetter(0))
        if most_gained <= 0:
            break
        data = _exchanged(data, (0, len(data)), *best)
        found.append((best[0] * PAGE, best[1] * PAGE))
        spans = [span for span in spans if not any(_touches(span, page) for page in best)]
    return Swaps(data, tuple(found)) if found else None


def _fitting(blocks: Sequence[Span], data: bytes, one: int, other: int) -> int:
    """How many more bytes are in blocks whose checksums fit once two pages are exchanged."""
    touched = [block for block in blocks if _touches(block, one) or _touches(block, other)]
    before = sum(end - start for start, end in touched if _fits(data[start:end]))
    return sum(end - start for start, end in touched if _fits(_exchanged(data, (start, end), one, other))) - before


def _exchanged(data: bytes, span: Span, one: int, other: int) -> bytes:
    """A stretch of the file with two pages exchanged."""
    start, end = span
    stretch = bytearray(data[start:end])
    for page, source in ((one, other), (other, one)):
        first, last = max(start, page * PAGE), min(end, (page + 1) * PAGE)
        if first < last:
            shift = (source - page) * PAGE
            stretch[first - start : last - start] = data[first + shift : last + shift]
    return bytes(stretch)


def _fits(stored: bytes) -> bool:
    return checksum_of(stored[:-CHECKSUM_SIZE]) == stored[-CHECKSUM_SIZE:]


def _walked(data: bytes, one: int, other: int) -> int:
    """How many more bytes are in blocks that are found by their checksums once two pages are exchanged."""
    return _found(_exchanged(data, (0, len(data)), one, other)) - _found(data)


def _found(data: bytes) -> int:
    return sum(size for _, size, _ in _kernel.walk_table(data)[0])


def _are_too_many(blocks: Sequence[Span]) -> bool:
    return len(blocks) > _MOST_BLOCKS or sum(end - start for start, end in blocks) > _MOST_BYTES


def _pages(spans: Iterable[Span], size: int, most: int) -> list[int]:
    """The whole pages that hold bytes of these stretches; where there are more than ``most``, only some more."""
    found: set[int] = set()
    for start, end in spans:
        first = start // PAGE
        found.update(range(first, min(-(-end // PAGE), size // PAGE, first + most + 1)))
        if len(found) > most:
            break
    return sorted(found)


def _touches(span: Span, page: int) -> bool:
    return span[0] < (page + 1) * PAGE and page * PAGE < span[1]
