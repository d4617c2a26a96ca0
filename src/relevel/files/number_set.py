"""A set of file numbers in little memory.

One counter numbers all files of a database, so the numbers of the tables that ever were lie close together: a bit for each,
in words of 1024, takes a few hundred times less than a set of integers. A manifest of 25 GB has hundreds of millions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Final

_SHIFT: Final = 10
_MASK: Final = (1 << _SHIFT) - 1


class NumberSet(Set[int]):
    """A set of unsigned integers that grows and shrinks. Not thread-safe while it changes."""

    __slots__ = ("_words",)

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._words: dict[int, int] = {}
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        """Put a number in."""
        index = number >> _SHIFT
        self._words[index] = self._words.get(index, 0) | 1 << (number & _MASK)

    def discard(self, number: int) -> None:
        """Take a number out, if it is in."""
        index = number >> _SHIFT
        word = self._words.get(index, 0) & ~(1 << (number & _MASK))
        if word:
            self._words[index] = word
        else:
            self._words.pop(index, None)

    def __contains__(self, number: object) -> bool:
        return (
            isinstance(number, int)
            and number >= 0
            and bool(self._words.get(number >> _SHIFT, 0) >> (number & _MASK) & 1)
        )

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers in ascending order."""
        for index in sorted(self._words):
            word = self._words[index]
            while word:
                lowest = word & -word
                yield (index << _SHIFT) + lowest.bit_length() - 1
                word ^= lowest

    def __len__(self) -> int:
        return sum(word.bit_count() for word in self._words.values())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} numbers)"
