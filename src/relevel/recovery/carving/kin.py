"""Kin: which pieces are of one database.

::

    of one database       a manifest has the table; two pieces have sequence numbers with the same keys; or one begins with the
                          sequence number after the last of just one other
    of two databases      they have sequence numbers with different keys, two manifests one number for different tables, or their
                          keys are in different orders

Where nothing speaks against it, what is in one image is taken for one database. Pieces that may be of either of two go to the one
that lies nearer.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from typing import Final

from relevel.recovery.carving.claims import Claims
from relevel.recovery.carving.piece import ALL_ORDERS, SAMPLE, SAMPLE_SIZE, Piece

_MOST_SAMPLED: Final = 1 << 19
_LEAST_SAMPLE: Final = 16
_MOST_SHARING: Final = 8
"""Pieces with the same operation that are held against each other; more are copies of copies."""

_Pairs = Counter[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Kin:
    """One database's pieces.

    Attributes:
        members: their places in the list that was given, in its order.
        unsure: those that may be of another database as well.
    """

    members: tuple[int, ...]
    unsure: frozenset[int]


def find_kin(pieces: Sequence[Piece], claims: Mapping[int, Claims]) -> list[Kin]:
    """Tell databases apart.

    Args:
        pieces: everything that was found, copies left out, in the order of the image.
        claims: what each manifest among them says, by its place.
    """
    kinship = _Kinship(pieces, claims)
    kinship.join_proved()
    kinship.join_neighbours()
    return kinship.databases()


class _Kinship:
    """Groups of pieces: those joined so far, by the place of one member, their root."""

    def __init__(self, pieces: Sequence[Piece], claims: Mapping[int, Claims]) -> None:
        self._pieces = pieces
        self._claims = claims
        self._parents = list(range(len(pieces)))
        self._same, self._different = _compare_samples(pieces)
        self._order_of: dict[int, frozenset[str]] = {}

    def join_proved(self) -> None:
        """Join what manifests and sequence numbers prove to be of one database."""
        for manifest, claims in self._claims.items():
            for index, piece in enumerate(self._pieces):
                if claims.numbers_of(piece):
                    self._join(manifest, index)
        for pair, count in self._same.most_common():
            one, other = map(self._root, pair)
            if count > self._different[pair] and self._orders(one) & self._orders(other):
                self._join(one, other)
        for one, other in combinations(self._claims, 2):
            if _shared_tables(self._claims[one], self._claims[other])[0]:
                self._join(one, other)

    def join_neighbours(self) -> None:
        """Join what begins with the sequence number after the last of just one other, unless they are known to be apart."""
        ends: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._pieces)):
            ends[self._end(index)].append(index)
        for index, piece in enumerate(self._pieces):
            before = piece.content.sequences[0] - 1 if piece.content.sequences else 0
            roots = {self._root(other) for other in ends.get(before, ()) if before}
            if len(roots) == 1 and self._may_be_one(own := self._root(index), *roots):
                root = roots.pop()
                self.apart[root] |= self.apart.pop(own) if own != root else set()
                for other in self.apart[root]:
                    self.apart[other] = self.apart[other] - {own} | {root}
                self._join(own, root)

    def databases(self) -> list[Kin]:
        """Give every group a database that nothing says it is not of."""
        groups: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._pieces)):
            groups[self._root(index)].append(index)
        databases: list[list[int]] = []
        unsure: set[int] = set()
        for root in _in_turn(groups, self.apart):
            fitting = [database for database in databases if all(self._may_be_one(root, other) for other in database)]
            if not fitting:
                databases.append([root])
                continue
            if len(fitting) > 1:
                unsure.update(groups[root])
            min(fitting, key=partial(self._strangeness, groups, root)).append(root)
        kin = [sorted(index for root in roots for index in groups[root]) for roots in databases]
        return [Kin(tuple(members), frozenset(unsure.intersection(members))) for members in sorted(kin)]

    @cached_property
    def apart(self) -> dict[int, set[int]]:
        """The groups that each group cannot be of one database with, by what is joined when this is first asked."""
        same, different = self._by_group(self._same), self._by_group(self._different)
        found = {pair for pair, count in different.items() if count > same[pair]}
        for one, other in combinations(self._claims, 2):
            if _shared_tables(self._claims[one], self._claims[other])[1]:
                found.add((self._root(one), self._root(other)))
        apart: dict[int, set[int]] = defaultdict(set)
        for one, other in found:
            if one != other:
                apart[one].add(other)
                apart[other].add(one)
        return apart

    def _strangeness(self, groups: Mapping[int, Sequence[int]], root: int, database: Sequence[int]) -> tuple[bool, int]:
        """What is less where a group fits better: a manifest where there is none; then how many pieces are between, or so."""
        members = [index for other in database for index in groups[other]]
        has_two = not self._claims.keys().isdisjoint(groups[root]) and not self._claims.keys().isdisjoint(members)
        return has_two, min(abs(groups[root][0] - index) for index in members)

    def _may_be_one(self, one: int, other: int) -> bool:
        return one == other or (other not in self.apart[one] and bool(self._orders(one) & self._orders(other)))

    def _by_group(self, pairs: _Pairs) -> _Pairs:
        summed: _Pairs = Counter()
        for (one, other), count in pairs.items():
            first, second = sorted((self._root(one), self._root(other)))
            summed[first, second] += count
        return summed

    def _join(self, one: int, other: int) -> None:
        """Make two groups one; its root is that of ``other``, and its orders are those that both may be in."""
        first, second = self._root(one), self._root(other)
        if first != second:
            self._parents[first] = second
            self._order_of[second] = self._orders(first) & self._orders(second)

    def _root(self, index: int) -> int:
        while self._parents[index] != index:
            self._parents[index] = self._parents[self._parents[index]]
            index = self._parents[index]
        return index

    def _orders(self, root: int) -> frozenset[str]:
        if root not in self._order_of:
            claims = self._claims.get(root)
            self._order_of[root] = self._pieces[root].content.orders & (claims.orders if claims else ALL_ORDERS)
        return self._order_of[root]

    def _end(self, index: int) -> int:
        sequences, claims = self._pieces[index].content.sequences, self._claims.get(index)
        if sequences is not None:
            return sequences[1]
        return claims.last_sequence if claims is not None else 0


def _compare_samples(pieces: Sequence[Piece]) -> tuple[_Pairs, _Pairs]:
    """How many sequence numbers two pieces have with the same operation, and how many with different ones."""
    most = max(_LEAST_SAMPLE, min(SAMPLE_SIZE, _MOST_SAMPLED // max(1, len(pieces))))
    operations: dict[int, dict[int, list[int]]] = defaultdict(dict)
    for index, piece in enumerate(pieces):
        for sequence, operation in SAMPLE.iter_unpack(piece.content.sample[: most * SAMPLE.size]):
            sharing = operations[sequence].setdefault(operation, [])
            if len(sharing) < _MOST_SHARING:
                sharing.append(index)
    same: _Pairs = Counter()
    different: _Pairs = Counter()
    for by_operation in operations.values():
        for sharing in by_operation.values():
            same.update(combinations(sharing, 2))
        for one, other in combinations(list(by_operation.values())[:_MOST_SHARING], 2):
            different.update((min(first, second), max(first, second)) for first in one for second in other)
    return same, different


def _shared_tables(one: Claims, other: Claims) -> tuple[int, int]:
    """How many numbers two manifests have for the same table, and how many for different ones."""
    shared = one.added.keys() & other.added.keys()
    same = sum(one.added[number] == other.added[number] for number in shared)
    return same, len(shared) - same


def _in_turn(groups: Mapping[int, list[int]], apart: Mapping[int, set[int]]) -> Iterator[int]:
    """The groups, the largest first, and after each those that it is apart from: so two databases stay two."""
    left = dict.fromkeys(sorted(groups, key=lambda root: (-len(groups[root]), root)))
    while left:
        waiting = deque([next(iter(left))])
        while waiting:
            root = waiting.popleft()
            if root in left:
                del left[root]
                yield root
                waiting.extend(sorted(other for other in apart[root] if other in left))
