"""A sparse index: every so many-th key, so that the row of any number is found without reading what stands before it.

Rows are all keys on disk, whatever their state, so that a key keeps its row at every sequence number. Memory is bounded: where
there are too many samples, every second one is given up.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, NamedTuple

from relevel.format.comparator import Comparator

_MOST_SAMPLES: Final = 8192
_MOST_BYTES: Final = 16 << 20
_LEAST_STRIDE: Final = 64


class Place(NamedTuple):
    """Where reading begins for a row: the key of a sample, and how many keys to pass over from it."""

    key: bytes | None
    skip: int
    row: int


class KeyIndex:
    """Samples of the keys in order. ``add`` is for one thread; a reader sees what is there."""

    def __init__(self) -> None:
        self.stride = _LEAST_STRIDE
        self.count = 0
        """Keys seen so far."""
        self._samples: list[bytes] = []
        self._size = 0

    def add(self, key: bytes) -> None:
        """Count the next key, and keep it where it is its turn."""
        if self.count % self.stride == 0:
            self._samples.append(key)
            self._size += len(key)
            if len(self._samples) > _MOST_SAMPLES or (self._size > _MOST_BYTES and len(self._samples) > 1):
                self._thin()
        self.count += 1

    def place(self, row: int) -> Place:
        """Where to begin for a row."""
        sample = min(row // self.stride, len(self._samples) - 1)
        return Place(None, row, 0) if sample < 0 else self._place(sample, row)

    def before(self, key: bytes, order: Comparator) -> Place:
        """The last sample that is not after a key."""
        sample = bisect_right(self._samples, order.sort_key(key), key=order.sort_key) - 1
        return self._place(max(sample, 0), max(sample, 0) * self.stride) if self._samples else Place(None, 0, 0)

    def _place(self, sample: int, row: int) -> Place:
        return Place(self._samples[sample], row - sample * self.stride, sample * self.stride)

    def _thin(self) -> None:
        self._samples = self._samples[::2]
        self._size = sum(map(len, self._samples))
        self.stride *= 2
