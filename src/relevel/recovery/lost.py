"""Lost: what a rescue could not bring over, piece by piece, so that an operator can look for it in a backup.

===============  ==============================================================================================
lost             bytes that could not be used, or a file that is not there: what it held is not in the new database
in doubt         nothing is known to be missing, or bits were put back that may have been others: not proved
possibly stale   entries of the new database that may be older than something lost
left out         entries that may be older than something lost, and are not in it
===============  ==============================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from relevel.findings import Finding, KeyRange
from relevel.recovery.rebuild.stale import StaleRange
from relevel.strenum import StrEnum


class Fate(StrEnum):
    """What became of a piece."""

    LOST = "lost"
    IN_DOUBT = "in doubt"
    POSSIBLY_STALE = "possibly stale"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class LostPiece:
    """One piece of a database that was not brought over, or not for certain.

    Attributes:
        fate: what became of it.
        file: the file that is hurt or missing.
        offset: where in it, in bytes; None for entries that may be older than something lost in it.
        size: how many bytes; 0 where it is about the whole file or a place in it.
        keys: the keys at risk; unbounded on both sides where any key is.
        code: of the finding.
        message: what is wrong, in a sentence; empty for entries that may be older than something lost.
        entry_count: how many entries may be older than something lost; None for the others.
    """

    fate: Fate
    file: str
    offset: int | None
    size: int | None
    keys: KeyRange
    code: str
    message: str
    entry_count: int | None


def lost_pieces(
    losses: Iterable[Finding], possibly_stale: Sequence[StaleRange], left_out: Sequence[StaleRange]
) -> Iterator[LostPiece]:
    """Sum up what a rescue has lost, the worst first."""
    pieces = [_of_finding(finding) for finding in losses]
    yield from (piece for piece in pieces if piece.fate is Fate.LOST)
    yield from (piece for piece in pieces if piece.fate is not Fate.LOST)
    for fate, ranges in ((Fate.LEFT_OUT, left_out), (Fate.POSSIBLY_STALE, possibly_stale)):
        for stale in ranges:
            yield LostPiece(fate, stale.file, None, None, stale.keys, stale.code, "", stale.count)


def _of_finding(finding: Finding) -> LostPiece:
    fate, span = Fate.LOST if finding.is_lost_for_sure else Fate.IN_DOUBT, finding.span
    keys = finding.keys or KeyRange()
    return LostPiece(fate, span.file, span.offset, span.size, keys, finding.code, finding.message, None)
