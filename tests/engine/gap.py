"""What an iterator must give: a gap between the sorted keys of a range, moved by each call.

This is the oracle of the iterators' tests. It has plyvel's words: ``next`` and ``prev`` change sides in a reverse iterator,
``seek_to_start`` is the low end whichever way it goes.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """A range of keys, as ``iterator`` takes it."""

    start: bytes | None = None
    stop: bytes | None = None
    include_start: bool = True
    include_stop: bool = False

    def __contains__(self, key: bytes) -> bool:
        above = self.start is None or (key >= self.start if self.include_start else key > self.start)
        below = self.stop is None or (key <= self.stop if self.include_stop else key < self.stop)
        return above and below

    @property
    def arguments(self) -> dict[str, bytes | bool | None]:
        """The range as keyword arguments of ``iterator``."""
        return {name: getattr(self, name) for name in ("start", "stop", "include_start", "include_stop")}


class Gap:
    """The place of an iterator over ``keys``."""

    def __init__(self, keys: Iterable[bytes], *, reverse: bool = False) -> None:
        self.keys = sorted(keys)
        self.reverse = reverse
        self.at = len(self.keys) if reverse else 0

    def __next__(self) -> bytes:
        return self._down() if self.reverse else self._up()

    def prev(self) -> bytes:
        """The key on the near side of the gap, which moves back over it."""
        return self._up() if self.reverse else self._down()

    def seek(self, target: bytes) -> None:
        """Stand just below the first key at or above ``target``."""
        self.at = bisect_left(self.keys, target)

    def seek_to_start(self) -> None:
        """Stand below the first key."""
        self.at = 0

    def seek_to_stop(self) -> None:
        """Stand above the last key."""
        self.at = len(self.keys)

    def _up(self) -> bytes:
        if self.at == len(self.keys):
            raise StopIteration
        self.at += 1
        return self.keys[self.at - 1]

    def _down(self) -> bytes:
        if self.at == 0:
            raise StopIteration
        self.at -= 1
        return self.keys[self.at]


Move = tuple[str, bytes | None]
"""The name of a method of an iterator, and the target of a seek."""


def follow(iterator: Any, moves: Iterable[Move]) -> list[Any]:
    """What each ``__next__`` and ``prev`` of an iterator, or of the oracle, gives; None where it stops."""
    given = []
    for name, target in moves:
        arguments = () if target is None else (target,)
        try:
            result = getattr(iterator, name)(*arguments)
        except StopIteration:
            result = None
        if name in {"__next__", "prev"}:
            given.append(result)
    return given
