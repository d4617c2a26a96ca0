"""Logs and manifests: from chains of records to pieces.

A chain ends where a record is damaged. What goes on behind the damage with the same blocks, and with sequence numbers that fit what
may have stood between, is the same log, and the damage stays in it for the recovery to deal with.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from relevel import _kernel
from relevel._kernel.images import sample_log
from relevel.findings import Finding, Span
from relevel.format.record import BLOCK_SIZE, HEADER_SIZE
from relevel.format.version_edit import scan_version_edit
from relevel.recovery.carving.image import Image
from relevel.recovery.carving.piece import ALL_ORDERS, SAMPLE_SIZE, CarvingProof, Content, Extent, Kind, Piece, packed
from relevel.recovery.carving.search import ChainFind, Finds

_MOST_DAMAGE: Final = 2 * BLOCK_SIZE
"""Bytes between two chains that are taken for one log."""
_LEAST_OPERATION: Final = 2
_SECTOR: Final = 512
_FULL: Final = 1
_SEQUENCE_SIZE: Final = 8
"""Bytes of the sequence number that a batch begins with. Part of the file format."""
_HARMLESS: Final = ("log.sequence.gap",)


@dataclass(frozen=True, slots=True)
class _Log:
    """Chains that are one log."""

    start: int
    end: int
    is_manifest: bool
    boundary: int | None
    first_sequence: int
    next_sequence: int

    @classmethod
    def of(cls, chain: ChainFind) -> _Log:
        """The log that begins with a chain."""
        return cls(chain.start, chain.end, chain.is_manifest, chain.boundary, chain.first_sequence, chain.next_sequence)

    @property
    def is_open(self) -> bool:
        """Whether it ends inside a payload, with the block."""
        return self.end == self.boundary

    @property
    def phase(self) -> int:
        """How far into a block the first record stands; 0 where nothing says otherwise."""
        return 0 if self.boundary is None else (self.start - self.boundary) % BLOCK_SIZE

    def goes_on_with(self, chain: ChainFind, image: Image) -> bool:
        """Whether a chain is what follows the end of this log: at once, or behind damage that cost at least one operation.

        Behind damage it may as well be another log, unless it begins inside a block, or the record that was damaged is there.
        """
        gap, lost = chain.start - self.end, chain.first_sequence - self.next_sequence
        if self.is_manifest or chain.is_manifest or not 0 <= gap <= _MOST_DAMAGE or not self._fits_blocks(chain):
            return False
        begin = self.start if self.boundary is None else self.boundary
        if not gap:
            return lost >= 0 and (chain.start - begin) % BLOCK_SIZE != 0  # where a block begins, another log may begin
        least = 0 if self.is_open else 1  # a payload that goes on in the next block has been counted
        if chain.boundary is None and chain.start % _SECTOR == 0:
            return False  # where a sector begins, another log may begin
        is_inside = chain.boundary is not None and (chain.start - chain.boundary) % BLOCK_SIZE != 0
        return least <= lost <= gap // _LEAST_OPERATION and (is_inside or _end_of_damaged_record(image, self) > 0)

    def _fits_blocks(self, chain: ChainFind) -> bool:
        """Whether a chain keeps to the blocks of this log."""
        begin = self.start if self.boundary is None else self.boundary
        if chain.boundary is not None:
            return (chain.boundary - begin) % BLOCK_SIZE == 0
        return (chain.start - begin) // BLOCK_SIZE == (chain.end - 1 - begin) // BLOCK_SIZE

    def joined(self, chain: ChainFind) -> _Log:
        """This log with what follows it."""
        boundary = chain.boundary if self.boundary is None else self.boundary
        return replace(self, end=chain.end, boundary=boundary, next_sequence=chain.next_sequence)


def find_logs(finds: Finds) -> tuple[list[Piece], list[Finding]]:
    """Make pieces of the chains of one image, in order of offsets, and say what could not be used."""
    pieces: list[Piece] = []
    findings: list[Finding] = []
    for log in _join(finds):
        piece = _manifest(finds, log) if log.is_manifest else _log(finds, log)
        if piece is None:
            continue
        pieces.append(piece)
        if not piece.is_whole:
            message = (
                f"{finds.image.name}: the {piece.kind} at offset {log.start} is damaged or lacks its beginning or end"
            )
            findings.append(
                Finding.of("carve.incomplete", Span(finds.image.name, log.start, log.end - log.start), message)
            )
    return pieces, findings


def _join(finds: Finds) -> Iterator[_Log]:
    """The logs that chains are parts of. What lies between two parts is damage, not something else that was found."""
    others = finds.places
    log: _Log | None = None
    for chain in finds.chains:
        if log is not None:
            between = bisect_left(others, log.end) != bisect_left(others, chain.start)
            if not between and log.goes_on_with(chain, finds.image):
                log = log.joined(chain)
                continue
            yield log
        log = _Log.of(chain)
    if log is not None:
        yield log


def _next_place(finds: Finds, offset: int) -> int:
    """Where the next thing that was found begins, or a table's footer, at an offset or behind it; else the end of the image."""
    at, following = bisect_left(finds.places, offset), bisect_left(finds.chain_starts, offset)
    return min([finds.image.size, *finds.places[at : at + 1], *finds.chain_starts[following : following + 1]])


def _log(finds: Finds, log: _Log) -> Piece:
    """A log of batches, read. One that holds only the beginning of a batch is kept too, for what can be healed."""
    image = finds.image
    end = max(log.end, min(_end_of_damaged_record(image, log), _next_place(finds, log.end)))
    extent = Extent(log.phase, log.start, end - log.start)
    piece = Piece(image, Kind.LOG, (extent,), log.phase + extent.size, CarvingProof.RECORDS, is_whole=False)
    source = piece.source()
    scan = _kernel.scan_log(source)
    content = Content(
        entry_count=scan.put_count + scan.deletion_count,
        sequences=(
            scan.min_sequence or log.first_sequence,
            scan.max_sequence or max(log.first_sequence, log.next_sequence - 1),
        ),
        keys=None if scan.smallest is None or scan.largest is None else (scan.smallest, scan.largest),
        orders=ALL_ORDERS,
        sample=packed(sample_log(source, SAMPLE_SIZE)),
    )
    is_whole = log.phase == 0 and all(fault.code in _HARMLESS for fault in scan.faults)
    return Piece(image, Kind.LOG, piece.extents, piece.size, CarvingProof.RECORDS, is_whole, content)


def _end_of_damaged_record(image: Image, log: _Log) -> int:
    """The end of the record that follows a log's last one, where its checksum does not fit; 0 where there is none.

    It has the next sequence number, or goes on with the payload that began before it. It may have been the last. In the log it
    can be healed, or said to be lost.
    """
    room = BLOCK_SIZE if log.boundary is None else -(log.end - log.boundary) % BLOCK_SIZE or BLOCK_SIZE
    start = log.end + (room if room < HEADER_SIZE else 0)
    head = image.read(start, HEADER_SIZE + _SEQUENCE_SIZE)
    is_next = int.from_bytes(head[HEADER_SIZE:], "little") == log.next_sequence or log.is_open
    if not is_next or len(head) < HEADER_SIZE + _SEQUENCE_SIZE:
        return 0
    size = HEADER_SIZE + int.from_bytes(head[4:6], "little")
    return min(image.size, start + min(size, room if start == log.end else BLOCK_SIZE))


def _manifest(finds: Finds, log: _Log) -> Piece | None:
    """A manifest; None where its first edit is no edit of LevelDB's."""
    image = finds.image
    records = _kernel.LogReader(image.open().part(log.start, log.end - log.start)).read(1)
    if not records or scan_version_edit(records[0][2]).problems:
        return None
    end = max(log.end, _end_behind_damage(finds, log))
    extent = Extent(0, log.start, end - log.start)
    return Piece(image, Kind.MANIFEST, (extent,), extent.size, CarvingProof.RECORDS, is_whole=end == log.end)


def _end_behind_damage(finds: Finds, log: _Log) -> int:
    """The end of the last edit that stands in what is left of the block, behind damage; 0 where there is none."""
    block_end = log.end + BLOCK_SIZE - (log.end - log.start) % BLOCK_SIZE
    stop = min(block_end, _next_place(finds, log.end))
    rest = finds.image.read(log.end, stop - log.end)
    at = end = 0
    while at + HEADER_SIZE < len(rest):
        size = _size_of_edit(rest, at)
        at += size or 1
        end = at if size else end
    return log.end + end if end else 0


def _size_of_edit(data: bytes, at: int) -> int:
    """The size of the record at ``at``, if it is sound and holds one whole edit; else 0."""
    size = int.from_bytes(data[at + 4 : at + 6], "little")
    payload = data[at + HEADER_SIZE : at + HEADER_SIZE + size]
    if data[at + 6] != _FULL or not size or len(payload) < size:
        return 0
    masked = _kernel.mask_crc(_kernel.crc32c(data[at + 6 : at + HEADER_SIZE + size]))
    if masked != int.from_bytes(data[at : at + 4], "little"):
        return 0
    return 0 if scan_version_edit(payload).problems else HEADER_SIZE + size
