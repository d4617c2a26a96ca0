"""Thorough: blocks of tables at any byte, of which neither beginning nor end is known.

Every byte that belongs to nothing found before is tried as the beginning of a block, all at once by the algebra of the checksum. It
takes a second for ten megabytes or so, and is done on request only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from relevel import _kernel
from relevel.findings import Finding
from relevel.recovery.carving.image import Image
from relevel.recovery.carving.piece import Piece
from relevel.recovery.carving.search import RunFind
from relevel.recovery.carving.tables import table_of_run
from relevel.recovery.heal.block import TRAILER_SIZE

_LEAST_GAP: Final = 32
"""Bytes in which a block with an entry has room."""


def find_fragments(image: Image, pieces: Iterable[Piece]) -> tuple[list[Piece], list[Finding]]:
    """Make tables of the blocks that lie outside the pieces found before."""
    found = [table_of_run(image, run) for start, stop in _gaps(image, pieces) for run in _runs(image, start, stop)]
    tables = [each for each in found if each is not None]
    return [piece for piece, _ in tables], [finding for _, finding in tables]


def _gaps(image: Image, pieces: Iterable[Piece]) -> Iterator[tuple[int, int]]:
    """The stretches of the image that belong to no piece."""
    end = 0
    extents = sorted((extent.offset, extent.offset + extent.size) for piece in pieces for extent in piece.extents)
    for start, stop in [*extents, (image.size, image.size)]:
        if start - end >= _LEAST_GAP:
            yield end, start
        end = max(end, stop)


def _runs(image: Image, start: int, stop: int) -> Iterator[RunFind]:
    """Blocks that follow one another between two offsets."""
    run: RunFind | None = None
    for offset, size, _ in _kernel.walk_table(image.open().part(start, stop - start))[0]:
        begin, end = start + offset, start + offset + size + TRAILER_SIZE
        if run is not None and run.end == begin:
            run = RunFind(run.start, end, run.block_count + 1)
            continue
        if run is not None:
            yield run
        run = RunFind(begin, end, 1)
    if run is not None:
        yield run
