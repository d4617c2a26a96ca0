"""Settling: of what was found in all images, what is kept. Copies, and what lies inside something else, are left out."""

from __future__ import annotations

from collections.abc import Iterator

from relevel import _kernel
from relevel.findings import Finding
from relevel.recovery.carving.piece import Kind, Piece


def without_nested(pieces: list[Piece], findings: list[Finding]) -> list[Piece]:
    """Leave out pieces of one image that lie inside a larger one, and tell of those that share bytes."""
    spans = sorted(_spans(pieces), key=lambda span: (span[0], -span[1]))
    nested: set[int] = set()
    end, outer = 0, -1
    for start, stop, index in spans:
        if start < end and outer != index:
            is_inside = stop <= end and _is_content(pieces[outer], start, stop)
            _tell(pieces[index], pieces[outer], findings, is_inside=is_inside)
            if is_inside:
                nested.add(index)
        if stop > end:
            end, outer = stop, index
    return [piece for index, piece in enumerate(pieces) if index not in nested]


def _spans(pieces: list[Piece]) -> Iterator[tuple[int, int, int]]:
    for index, piece in enumerate(pieces):
        for extent in piece.extents:
            yield extent.offset, extent.offset + extent.size, index


def _is_content(outer: Piece, start: int, stop: int) -> bool:
    """Whether a stretch of the image is content of a table for certain: all of it is whole, or a block that is covers the stretch.

    Logs are told apart from what stands in their damage when they are put together.
    """
    if outer.is_whole or outer.kind is not Kind.TABLE:
        return outer.is_whole
    begin = outer.extents[-1].offset - outer.extents[-1].file_offset
    blocks = _kernel.scan_table(outer.source(), check_filter=False).blocks()
    return any(codec and begin + at <= start and stop <= begin + at + size for at, size, _, codec, _ in blocks)


def _tell(piece: Piece, outer: Piece, findings: list[Finding], *, is_inside: bool) -> None:
    place = f"{piece.image.name}: the {piece.kind} at offset {piece.span.offset}"
    other = f"the {outer.kind} at offset {outer.span.offset}"
    if is_inside:
        findings.append(Finding.of("carve.inside", piece.span, f"{place} lies inside {other}; it was left out"))
    else:
        findings.append(Finding.of("carve.overlap", piece.span, f"{place} shares bytes with {other}"))


def without_copies(pieces: list[Piece], findings: list[Finding]) -> dict[str, Piece]:
    """Keep one of pieces that are byte for byte the same: the pieces by the hash of their bytes, in the order given."""
    kept: dict[str, Piece] = {}
    for piece in pieces:
        first = kept.setdefault(piece.sha256(), piece)
        if first is not piece:
            message = (
                f"{piece.image.name}: the {piece.kind} at offset {piece.span.offset} is byte for byte the one at offset "
                f"{first.span.offset} of {first.image.name}; one was kept"
            )
            findings.append(Finding.of("carve.duplicate", piece.span, message))
    return kept
