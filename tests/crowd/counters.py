"""What the writers of a crowd write, so that a state of the database is told by one number a writer.

Batch ``n`` of writer ``w`` leaves of that writer, and nothing else::

    <place>/count/<w>       n, in each of PLACES places, all over the range of keys
    <place>/trail/<w>/<i>   of i = n - TRAIL + 1 to n: a value of any size that w and i tell

So a state in which a batch is there by half, an older value stands beside a newer one, or a deleted key is back, is no state.
"""

from __future__ import annotations

import random
import threading
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Final

PLACES: Final = 5
VALUES: Final = [random.Random(number).randbytes(900) for number in range(7)]

Numbers = tuple[int, ...]
"""How many batches of each writer are there."""


def count_key(place: int, writer: int) -> bytes:
    """Where a writer's number stands."""
    return b"%02d/count/%02d" % (place, writer)


def trail_key(writer: int, number: int) -> bytes:
    """The key that only this batch puts."""
    return b"%02d/trail/%02d/%010d" % (number % PLACES, writer, number)


def trail_value(writer: int, number: int) -> bytes:
    """Its value, of up to 900 bytes."""
    head = b"%d/%d " % (writer, number)
    return head + VALUES[number % 7][: (number * 7919 + writer) % 880]


def batch_of(writer: int, number: int, trail: int) -> list[tuple[bytes, bytes | None]]:
    """What batch ``number`` changes; a value of None deletes."""
    changes: list[tuple[bytes, bytes | None]] = [(count_key(at, writer), b"%d" % number) for at in range(PLACES)]
    changes.append((trail_key(writer, number), trail_value(writer, number)))
    if number > trail:
        changes.append((trail_key(writer, number - trail), None))
    return changes


def state_of(numbers: Numbers, trail: int) -> list[tuple[bytes, bytes]]:
    """All that is there after so many batches of each writer, in the order of keys."""
    pairs = []
    for writer, last in enumerate(numbers):
        if last:
            pairs += [(count_key(at, writer), b"%d" % last) for at in range(PLACES)]
        for number in range(max(1, last - trail + 1), last + 1):
            pairs.append((trail_key(writer, number), trail_value(writer, number)))
    return sorted(pairs)


def numbers_in(pairs: Iterable[tuple[bytes, bytes]], writers: int, trail: int) -> Numbers:
    """How many batches of each writer made what was read.

    Raises:
        AssertionError: no number of batches makes that.
    """
    found = list(pairs)
    read = dict(found)
    numbers = tuple(int(read.get(count_key(0, writer), b"0")) for writer in range(writers))
    expected = state_of(numbers, trail)
    assert found == expected, f"no state after {numbers} batches: {sorted(set(found) ^ set(expected))[:6]!r:.500}"
    return numbers


class Chain:
    """The states that were seen, by anybody: of any two, one is before the other. Safe for threads.

    Writes have one order. Two states of which each has a batch that the other lacks are not both a beginning of it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[tuple[int, Numbers]] = []

    def add(self, numbers: Numbers) -> None:
        """Note a state that was seen.

        Raises:
            AssertionError: it is neither before nor after another.
        """
        entry = (sum(numbers), numbers)
        with self._lock:
            at = bisect_left(self._seen, entry)
            for _, other in self._seen[max(0, at - 1) : at + 1]:
                low, high = sorted((numbers, other), key=sum)
                assert all(a <= b for a, b in zip(low, high, strict=True)), f"{low} and {high} were both seen"
            if entry not in self._seen[at : at + 1]:
                insort(self._seen, entry)
            del self._seen[:-5000]

    def __len__(self) -> int:
        return len(self._seen)
