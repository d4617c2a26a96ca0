"""Tables: from footers and runs of blocks to pieces.

A footer says how far before it the table begins, if it lies in one stretch; the index there says where the blocks are, and their
checksums whether they are. Where the first blocks are not, another run of blocks may be the table's beginning: then the file
system had put the file in two places, and the index tells that they belong together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile
from typing import Final

from relevel import _kernel
from relevel._kernel.images import sample_table
from relevel.findings import Finding, Span
from relevel.format.footer import FOOTER_SIZE
from relevel.format.internal_key import MAX_SEQUENCE, user_key_of
from relevel.recovery.carving.image import Image
from relevel.recovery.carving.piece import (
    ALL_ORDERS,
    MOST_IN_MEMORY,
    SAMPLE_SIZE,
    CarvingProof,
    Content,
    Extent,
    Kind,
    Piece,
    packed,
)
from relevel.recovery.carving.search import Finds, FooterFind, RunFind
from relevel.recovery.heal.block import TRAILER_SIZE, contents_of
from relevel.recovery.survey.walk import handles_of

Handle = tuple[int, int]
Answer = tuple[list[Piece], list[Finding]]

_ORDERS: Final = ("bytewise", "idb", "reverse-bytewise")
_OF_ORDER: Final = (".key-order", ".separator")
_OF_DAMAGE: Final = (".checksum-mismatch", ".gap", ".truncated")
_LONGEST_INDEX: Final = 64 << 20
_LONGEST_BLOCK: Final = 1 << 20
"""Bytes in which the end of a first block is looked for where the index is lost."""


def find_tables(finds: Finds) -> Answer:
    """Make pieces of the footers and runs of one image, in order of offsets, and say what could not be used."""
    search = _TableSearch(finds)
    for footer in finds.footers:
        search.add_footer(footer)
    for run in finds.runs:
        search.add_run(run)
    search.pieces.sort(key=lambda piece: piece.place)
    return search.pieces, search.findings


class _TableSearch:
    """What was made of the footers and runs so far."""

    def __init__(self, finds: Finds) -> None:
        self.pieces: list[Piece] = []
        self.findings: list[Finding] = []
        self._image = finds.image
        self._runs = finds.runs
        self._starts = [run.start for run in finds.runs]
        self._used: set[int] = set()

    def add_footer(self, footer: FooterFind) -> None:
        """Make a table of what stands before a footer."""
        index = _index(self._image, footer)
        if index is None:
            self._add_without_index(footer)
        elif index and not self._add_whole(footer):
            self._add_in_parts(footer, index)

    def add_run(self, run: RunFind) -> None:
        """Make a table of blocks whose footer is lost, unless they are part of one that is not."""
        found = None if run.start in self._used else table_of_run(self._image, run)
        if found is not None:
            self.pieces.append(found[0])
            self.findings.append(found[1])

    def _add_whole(self, footer: FooterFind) -> bool:
        """Take a table that lies in one stretch with nothing wrong; whether there is one."""
        if footer.start < 0:
            return False
        size = footer.end - footer.start
        piece = _read(self._piece((Extent(0, footer.start, size),), size, CarvingProof.INDEX), None)
        if piece.is_whole:
            self._take(piece)
        return piece.is_whole

    def _add_in_parts(self, footer: FooterFind, index: Sequence[Handle]) -> None:
        """Take a table of which some blocks are not where they should be."""
        extents = self._extents(footer, index)
        size = footer.end - footer.start
        in_one = len(extents) == 1 and not extents[0].file_offset
        if not extents or (size > MOST_IN_MEMORY and not in_one):
            message = (
                f"{self._image.name}: the index of a table ends at offset {footer.offset}; its blocks are not before it"
            )
            self._find("carve.incomplete", footer.offset, FOOTER_SIZE, message)
            return
        piece = _read(self._piece(extents, size, CarvingProof.INDEX), None)
        self._take(piece)
        if not piece.is_whole:
            message = f"{self._image.name}: a table of {size} bytes ends at offset {footer.end}; not all of it is there"
            self._find("carve.incomplete", extents[-1].offset, extents[-1].size, message)

    def _extents(self, footer: FooterFind, index: Sequence[Handle]) -> tuple[Extent, ...]:
        """The stretches of a table: its beginning, where another run is that, and what stands before its footer."""
        size = footer.end - footer.start
        there = [handle for handle in index if _is_block(self._image, footer.start, handle)]
        run = None if index[0] in there else self._beginning(index)
        if run is not None:
            self._used.add(run.start)
            head_size = _shared_size(self._image, run.start, index)
            rest = max(head_size, min((offset for offset, _ in there), default=footer.metaindex_handle.offset))
            return Extent(0, run.start, head_size), Extent(rest, footer.start + rest, size - rest)
        cut = max(0, -footer.start)
        return (Extent(cut, footer.start + cut, size - cut),) if there else ()

    def _beginning(self, index: Sequence[Handle]) -> RunFind | None:
        """The run that has the first block that an index names where a table's first block is."""
        candidates = (run for run in self._runs if run.start not in self._used)
        return next((run for run in candidates if _is_block(self._image, run.start, index[0])), None)

    def _add_without_index(self, footer: FooterFind) -> None:
        """A footer whose index is damaged: a table all the same, where a block stands at its beginning."""
        if footer.start < 0:
            return
        head = self._image.read(footer.start, min(_LONGEST_BLOCK, footer.end - footer.start))
        if not _kernel.blocks.block_size_at(head, 0, len(head)):
            return
        size = footer.end - footer.start
        blocks = data_blocks(self._image.open().part(footer.start, size))
        if not blocks:
            return
        piece = self._piece((Extent(0, footer.start, size),), size, CarvingProof.BLOCKS)
        self._take(_read(piece, blocks))
        self._find(
            "carve.incomplete", footer.start, size, f"{self._image.name}: a table at offset {footer.start} has no index"
        )

    def _piece(self, extents: tuple[Extent, ...], size: int, proof: CarvingProof) -> Piece:
        return Piece(self._image, Kind.TABLE, extents, size, proof, is_whole=False)

    def _take(self, piece: Piece) -> None:
        self.pieces.append(piece)
        for extent in piece.extents:
            at = bisect_right(self._starts, extent.offset - 1)
            while at < len(self._starts) and self._starts[at] < extent.offset + extent.size:
                self._used.add(self._starts[at])
                at += 1

    def _find(self, code: str, offset: int, size: int, message: str) -> None:
        self.findings.append(Finding.of(code, Span(self._image.name, offset, size), message))


def table_of_run(image: Image, run: RunFind) -> tuple[Piece, Finding] | None:
    """Make a table of blocks whose footer is lost; None where none of them holds entries."""
    size = run.end - run.start
    blocks = data_blocks(image.open().part(run.start, size))
    if not blocks:
        return None
    piece = Piece(image, Kind.TABLE, (Extent(0, run.start, size),), size, CarvingProof.BLOCKS, is_whole=False)
    message = f"{image.name}: {len(blocks)} blocks of a table at offset {run.start}; what stood around them is lost"
    return _read(piece, blocks), Finding.of("carve.incomplete", piece.span, message)


def _index(image: Image, footer: FooterFind) -> list[Handle] | None:
    """The handles of a table's data blocks, as the index before its footer says; None where that is damaged."""
    size = footer.index_handle.size + TRAILER_SIZE
    if size > min(_LONGEST_INDEX, footer.offset):
        return None
    handles = handles_of(image.read(footer.offset - size, size))
    ends = [sum(handle) for handle in handles or ()]
    return handles if all(end <= footer.metaindex_handle.offset for end in ends) else None


def _is_block(image: Image, start: int, handle: Handle) -> bool:
    """Whether the block that a table has at ``handle`` is there, if the table begins at ``start``."""
    offset, size = handle
    if start + offset < 0 or start + offset + size > image.size:
        return False
    return contents_of(image.read(start + offset, size + TRAILER_SIZE)) is not None


def _shared_size(image: Image, start: int, index: Sequence[Handle]) -> int:
    """How many bytes from ``start`` on are those of the table that an index describes."""
    shared = list(takewhile(lambda handle: _is_block(image, start, handle), index))
    return sum(shared[-1]) + TRAILER_SIZE


def data_blocks(source: _kernel.File) -> list[Handle]:
    """The blocks of a table that hold entries, without its index: all that are found but those of its frame."""
    blocks = [(offset, size) for offset, size, _ in _kernel.walk_table(source)[0]]
    stored = (source.read(offset, size + TRAILER_SIZE) for offset, size in blocks)
    return [
        block for block, data in zip(blocks, stored, strict=True) if _holds_entries(data, is_last=block == blocks[-1])
    ]


def _holds_entries(stored: bytes, *, is_last: bool) -> bool:
    """Whether a block is neither a filter, nor a metaindex, nor an index. One value may be a handle by chance."""
    contents = contents_of(stored)
    entries, faults = _kernel.blocks.scan_block(contents) if contents is not None else ([], [])
    if faults or not entries:
        return False
    handles = handles_of(stored)
    is_sure = is_last or len(entries) > 1 or int.from_bytes(entries[-1][0][-7:], "little") == MAX_SEQUENCE
    return handles is None or not is_sure or not _is_chain(handles)


def _is_chain(handles: Sequence[Handle]) -> bool:
    """Whether handles follow one another from offset 0, as those of an index do."""
    ends = [0, *(offset + size + TRAILER_SIZE for offset, size in handles)]
    return all(offset == end for (offset, _), end in zip(handles, ends, strict=False))


def _read(piece: Piece, blocks: Sequence[Handle] | None) -> Piece:
    """Read every block: what is in them, and whether all of it is as it was written. ``blocks`` replaces the index."""
    source = piece.source()
    scan, orders = _scan(piece, source, blocks)
    content = Content(
        entry_count=scan.put_count + scan.deletion_count,
        sequences=_sequences(scan),
        keys=None if scan.smallest is None or scan.largest is None else (scan.smallest, scan.largest),
        orders=orders,
        sample=packed(sample_table(source, SAMPLE_SIZE, blocks=blocks)),
    )
    damaged = any(not fault.code.endswith((*_OF_ORDER, ".excess")) for fault in scan.faults)
    is_whole = piece.proof is CarvingProof.INDEX and not damaged and content.entry_count > 0
    return replace(piece, is_whole=is_whole, content=content)


def _scan(
    piece: Piece, source: _kernel.Source, blocks: Sequence[Handle] | None
) -> tuple[_kernel.TableScan, frozenset[str]]:
    """What is in a table, by a comparator that its keys are in the order of, and all that they are in the order of."""
    scans = {}
    for order in _ORDERS:
        scan = _kernel.scan_table(source, order, blocks=blocks, check_filter=False)
        if not any(fault.code.endswith(_OF_ORDER) for fault in scan.faults):
            scans[order] = scan
            index = _index_keys(piece, scan)
            if index:
                return scan, frozenset(each for each in _ORDERS if each == order or _ascend(index, each))
    damaged = any(fault.code.endswith(_OF_DAMAGE) for fault in scan.faults)
    return next(iter(scans.values()), scan), frozenset(scans) or (ALL_ORDERS if damaged else frozenset({"other"}))


def _index_keys(piece: Piece, scan: _kernel.TableScan) -> list[bytes]:
    """The user keys of a table's index; none where it is not in one stretch of the image, or is damaged."""
    if scan.index_handle is None or len(piece.extents) > 1 or piece.extents[0].file_offset:
        return []
    offset, size = scan.index_handle
    contents = contents_of(piece.image.read(piece.extents[0].offset + offset, size + TRAILER_SIZE))
    return [] if contents is None else [user_key_of(key) for key, _ in _kernel.blocks.scan_block(contents)[0]]


def _ascend(keys: Sequence[bytes], order: str) -> bool:
    return all(_kernel.compare(order, left, right) <= 0 for left, right in pairwise(keys))


def _sequences(scan: _kernel.TableScan) -> tuple[int, int] | None:
    if scan.min_sequence is None or scan.max_sequence is None:
        return None
    return scan.min_sequence, scan.max_sequence
