"""What must be in a database, and in which order: a dict and a sorted list.

Keys are sorted by their rank, which is the key itself for LevelDB's own order. A rank is turned back by the same function.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.engine.gap import Range


def same(key: bytes) -> bytes:
    """The rank of a key in LevelDB's own order."""
    return key


def backwards(key: bytes) -> bytes:
    """The rank of a key where the last byte counts first."""
    return key[::-1]


def compare_backwards(a: bytes, b: bytes) -> int:
    """Compare two keys by their last bytes."""
    return (a[::-1] > b[::-1]) - (a[::-1] < b[::-1])


@dataclass(frozen=True, slots=True)
class Order:
    """An order of keys, and the options that tell it to a database."""

    rank: Callable[[bytes], bytes]
    options: dict[str, Any] = field(default_factory=dict)


BYTEWISE = Order(same)
BACKWARDS = Order(backwards, {"comparator": compare_backwards, "comparator_name": b"test.Backwards"})


@dataclass(slots=True)
class Truth:
    """Content as it must be."""

    rank: Callable[[bytes], bytes]
    values: dict[bytes, bytes] = field(default_factory=dict)
    ranks: list[bytes] = field(default_factory=list)

    def put(self, key: bytes, value: bytes) -> None:
        """Put."""
        if key not in self.values:
            insort(self.ranks, self.rank(key))
        self.values[key] = value

    def delete(self, key: bytes) -> None:
        """Delete."""
        if self.values.pop(key, None) is not None:
            self.ranks.pop(bisect_left(self.ranks, self.rank(key)))

    def copy(self) -> "Truth":
        """The content as it is now."""
        return Truth(self.rank, dict(self.values), list(self.ranks))

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Every key and value in order."""
        return [self.pair(rank) for rank in self.ranks]

    def pair(self, rank: bytes) -> tuple[bytes, bytes]:
        """The key of a rank, and its value."""
        key = self.rank(rank)
        return key, self.values[key]

    def inside(self, span: Range) -> list[bytes]:
        """The ranks in a range of ranks."""
        low, high = 0, len(self.ranks)
        if span.start is not None:
            low = (bisect_left if span.include_start else bisect_right)(self.ranks, span.start)
        if span.stop is not None:
            high = (bisect_right if span.include_stop else bisect_left)(self.ranks, span.stop)
        return self.ranks[low:high]
