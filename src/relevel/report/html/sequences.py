"""Which file holds which changes: ranges of sequence numbers on one axis, and the numbers that no file has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from relevel.recovery.accounting import FileAccount

_MOST_BARS: Final = 200
_MOST_GAPS: Final = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """One file's range.

    Attributes:
        name: of the file.
        standing: what it counts for.
        first: lowest sequence number.
        last: highest one.
        entries: how many entries could be read.
        start: where the range begins on the axis, in percent.
        width: how long it is, in percent.
    """

    name: str
    standing: str
    first: int
    last: int
    entries: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequence numbers between two files' ranges that no file has."""

    first: int
    last: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class SequenceChart:
    """The ranges, oldest first; ``more`` files and ``gaps_more`` gaps were left out."""

    last: int
    bars: tuple[Bar, ...]
    more: int
    gaps: tuple[Gap, ...]
    gaps_more: int


def sequence_chart(files: Sequence[FileAccount]) -> SequenceChart | None:
    """Lay the ranges out on one axis from 0 to the last sequence number; None where no file has any."""
    found = [(file.sequences, file) for file in files if file.sequences is not None]
    ranges = sorted(found, key=lambda pair: (pair[0], pair[1].name))
    if not ranges:
        return None
    last = max(high for (_, high), _ in ranges) or 1
    bars = [
        Bar(file.name, str(file.standing), low, high, file.entry_count or 0, *_place(low, high, last))
        for (low, high), file in ranges[:_MOST_BARS]
    ]
    gaps = list(_gaps([numbers for numbers, _ in ranges], last))
    return SequenceChart(
        last, tuple(bars), max(0, len(ranges) - _MOST_BARS), tuple(gaps[:_MOST_GAPS]), max(0, len(gaps) - _MOST_GAPS)
    )


def _gaps(ranges: Sequence[tuple[int, int]], last: int) -> Iterator[Gap]:
    reached = 0
    for low, high in ranges:
        if low > reached + 1:
            yield Gap(reached + 1, low - 1, *_place(reached + 1, low - 1, last))
        reached = max(reached, high)


def _place(low: int, high: int, last: int) -> tuple[float, float]:
    """Where a range begins and how long it is: percent of the axis, and never too short to be seen."""
    width = max(0.4, 100 * (high - low + 1) / (last + 1))
    return round(min(100 * low / (last + 1), 100 - width), 3), round(width, 3)
