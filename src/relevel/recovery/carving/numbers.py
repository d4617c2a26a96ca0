"""Numbers: a file number for each piece of a database.

A table that a manifest has gets the number it has there. All others get one that says on which side of the manifest they stand, for
recovery goes by that: what is older than everything that counts must not count, what is newer must not be overlooked. Among them,
and where there is no manifest, the order of numbers is that of the newest sequence numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from relevel.format.filename import NAME_MAKERS, FileKind
from relevel.recovery.carving.claims import Claims
from relevel.recovery.carving.piece import Kind, Piece


@dataclass(frozen=True, slots=True)
class Numbered:
    """Names for the pieces of one database.

    Attributes:
        names: file name by piece, in order of places in the list that was given.
        current: the name of the manifest that CURRENT is to name; None where there is none.
        nameless: pieces that had to be left out: older than the manifest, and no older number is free.
    """

    names: dict[int, str]
    current: str | None
    nameless: tuple[int, ...]


def number_pieces(pieces: Sequence[Piece], claims: dict[int, Claims]) -> Numbered:
    """Number the pieces of one database; ``claims`` are those of its manifests, by place in ``pieces``."""
    newest = max(claims, key=lambda index: claims[index].age, default=None)
    if newest is None:
        in_order = sorted(range(len(pieces)), key=lambda index: _age(pieces[index]))
        names = {index: _name(pieces[index].kind, number) for number, index in enumerate(in_order, start=1)}
        return Numbered(names, None, ())
    return _Numbering(pieces, claims, newest).result()


class _Numbering:
    """Numbers beside those of a manifest."""

    def __init__(self, pieces: Sequence[Piece], claims: dict[int, Claims], newest: int) -> None:
        self._pieces = pieces
        self._claims = claims
        self._manifest = claims[newest]
        self._newest = newest
        self._numbers: dict[int, int] = {}
        self._nameless: list[int] = []
        self._doubtful: set[int] = set()
        self._taken = {self._manifest.log_number, *(number for each in claims.values() for number in each.added)}

    def result(self) -> Numbered:
        """Number everything: what manifests have, the manifests, live logs, what is newer, what is older."""
        self._number_known()
        own = self._free_below(self._manifest.next_file_number)
        self._give(self._newest, self._manifest.next_file_number if own is None else own)
        ended = max((self._end(index) for index in self._numbers if self._is_live(index)), default=0)
        rest = sorted(self._unnumbered(), key=lambda index: _age(self._pieces[index]))
        logs = [index for index in rest if self._pieces[index].kind is Kind.LOG]
        live = [index for index in logs if self._begin(index) > ended]
        self._number_logs(live)
        known = ended if self._has_all_tables() else max(ended, self._manifest.last_sequence)
        doubtful = self._doubtful
        self._number_upwards(index for index in rest if index in doubtful or self._is_newer(index, known, live))
        self._number_downwards(reversed([index for index in rest if index not in self._numbers]))
        names = {index: _name(self._pieces[index].kind, number) for index, number in sorted(self._numbers.items())}
        return Numbered(names, names[self._newest], tuple(self._nameless))

    def _number_known(self) -> None:
        """What a manifest has, the newest manifest asked first; of two that would have one number, the whole one.

        Of several that fit the same numbers the newer pieces get the higher ones, and one that counts before all; what is there
        twice gets one.
        """
        by_age = sorted(self._claims.values(), key=lambda claims: claims.age, reverse=True)
        given: dict[int, tuple[int, int]] = {}
        fitted: dict[int, list[int]] = {}
        for index in sorted(range(len(self._pieces)), key=self._newest_whole_first):
            piece = self._pieces[index]
            fitting = next(filter(None, (claims.numbers_of(piece) for claims in by_age)), [])
            free = [number for number in fitting if number not in given]
            if free and all(given.get(number) != _age(piece) for number in fitting):
                number = max(free, key=lambda each: (each in self._manifest.live, each))
                given[number] = _age(piece)
                self._numbers[index] = number
                fitted[index] = fitting
        self._leave_doubtful(
            {index: [each for each in fitting if each not in given] for index, fitting in fitted.items()}
        )

    def _leave_doubtful(self, others: dict[int, list[int]]) -> None:
        """Take the number from what fits a table that counts and may as well be an older one.

        With a number that the manifest does not know, recovery takes it in, and tells that nothing proves it.

        Args:
            others: by index, the numbers of tables that it fits as well and that nothing was found of.
        """
        for index, older in others.items():
            number = self._numbers[index]
            if number in self._manifest.live and not all(self._manifest.is_copy(each, number) for each in older):
                self._doubtful.add(index)
                del self._numbers[index]

    def _newest_whole_first(self, index: int) -> tuple[bool, int, int]:
        piece = self._pieces[index]
        last, first = _age(piece)
        return not piece.is_whole, -last, -first

    def _number_logs(self, live: Iterable[int]) -> None:
        """The oldest log that counts has the manifest's number, and those after it come after it."""
        number = self._manifest.log_number
        for position, index in enumerate(live):
            if position:
                number = next(self._free_from(number + 1))
            self._give(index, number)

    def _number_upwards(self, newer: Iterable[int]) -> None:
        for index in newer:
            self._give(index, next(self._free_from(self._manifest.next_file_number)))

    def _number_downwards(self, older: Iterable[int]) -> None:
        bound = min(self._numbers[self._newest], self._manifest.log_number or self._numbers[self._newest])
        for index in older:
            number = self._free_below(bound)
            if number is None:
                self._nameless.append(index)
                continue
            self._give(index, number)
            bound = number

    def _give(self, index: int, number: int) -> None:
        self._numbers[index] = number
        self._taken.add(number)

    def _free_below(self, bound: int) -> int | None:
        return next((number for number in range(bound - 1, 0, -1) if number not in self._taken), None)

    def _free_from(self, bound: int) -> Iterator[int]:
        number = bound
        while True:
            if number not in self._taken:
                yield number
            number += 1

    def _unnumbered(self) -> list[int]:
        return [index for index in range(len(self._pieces)) if index not in self._numbers]

    def _is_live(self, index: int) -> bool:
        return self._pieces[index].kind is Kind.TABLE and self._numbers[index] in self._manifest.live

    def _has_all_tables(self) -> bool:
        return self._manifest.live.keys() <= set(self._numbers.values())

    def _is_newer(self, index: int, known: int, live: Iterable[int]) -> bool:
        """Whether a table goes beyond what the manifest knows, or was made from a log that counts and no edit tells of it yet."""
        if self._pieces[index].kind is not Kind.TABLE:
            return False
        in_log = any(self._begin(log) <= self._begin(index) and self._end(index) <= self._end(log) for log in live)
        return in_log or self._end(index) > known

    def _begin(self, index: int) -> int:
        return (self._pieces[index].content.sequences or (0, 0))[0]

    def _end(self, index: int) -> int:
        return (self._pieces[index].content.sequences or (0, 0))[1]


def _age(piece: Piece) -> tuple[int, int]:
    """What is larger in a newer piece: its last sequence number, then its first."""
    first, last = piece.content.sequences or (0, 0)
    return last, first


def _name(kind: Kind, number: int) -> str:
    return NAME_MAKERS[FileKind(kind)](number)
