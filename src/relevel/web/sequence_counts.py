"""Counts of puts and deletions by sequence number: what the timeline is drawn from.

Two arrays of counters, each counter for the same number of sequence numbers, a power of two. The range that is counted is told
beforehand; what lies outside counts at its ends.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Final

_MOST_COUNTERS: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of a range.

    Attributes:
        first: the first sequence number of the first bucket.
        width: sequence numbers in a bucket.
        puts: puts in each bucket.
        deletions: deletions in each bucket.
    """

    first: int
    width: int
    puts: tuple[int, ...]
    deletions: tuple[int, ...]


class SequenceCounts:
    """Counters for the sequence numbers from ``first`` to ``last``."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, max(first, last)
        self._shift = max(0, (self.last - first) // _MOST_COUNTERS).bit_length()
        size = (self.last - first >> self._shift) + 1
        self.puts, self.deletions = array("I", bytes(4 * size)), array("I", bytes(4 * size))

    def add(self, sequence: int, *, is_put: bool) -> None:
        """Count one change."""
        counters = self.puts if is_put else self.deletions
        counters[min(max(sequence, self.first), self.last) - self.first >> self._shift] += 1

    def histogram(self, first: int, last: int, most: int) -> Histogram:
        """Counts from ``first`` to ``last`` in ``most`` buckets at most."""
        first, last = max(first, self.first), min(last, self.last)
        begin, end = first - self.first >> self._shift, (last - self.first >> self._shift) + 1
        joined = max(1, -(-(end - begin) // most))
        starts = range(begin, end, joined)
        return Histogram(
            self.first + (begin << self._shift),
            joined << self._shift,
            tuple(sum(self.puts[at : min(at + joined, end)]) for at in starts),
            tuple(sum(self.deletions[at : min(at + joined, end)]) for at in starts),
        )
