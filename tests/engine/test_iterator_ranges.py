"""Ranges of iterators, all of them over a few keys, and random walks in them, against an oracle."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.gap import Gap, Move, Range, follow

KEYS = [b"", b"b", b"d", b"f", b"ff", b"fg", b"h"]
POINTS = [None, b"", b"a", b"b", b"c", b"d", b"e", b"f", b"f\0", b"g", b"h", b"i"]
RANGES = [Range(*given) for given in itertools.product(POINTS, POINTS, (True, False), (True, False))]


def in_memory(db: Any, _compact: Callable[[], None]) -> None:
    """All of it in the memtable, some of it overwritten and deleted."""
    for key in [*KEYS, b"c", b"g"]:
        db.put(key, b"old")
        db.put(key, key)
    db.delete(b"c")
    db.delete(b"g")


def in_a_table(db: Any, compact: Callable[[], None]) -> None:
    """All of it in one table."""
    in_memory(db, compact)
    compact()


def all_over(db: Any, compact: Callable[[], None]) -> None:
    """In tables and in memory, with older versions and deletions of neighbours below."""
    for key in [*KEYS[::2], b"c", b"e", b"g", b"i"]:
        db.put(key, b"old")
    compact()
    for key in (b"c", b"g"):
        db.delete(key)
    for key in KEYS[::2]:
        db.put(key, key)
    compact()
    for key in (b"e", b"i"):
        db.delete(key)
    for key in KEYS[1::2]:
        db.put(key, key)


@pytest.fixture(params=[in_memory, in_a_table, all_over], ids=lambda place: place.__name__)
def fill(request: pytest.FixtureRequest) -> Callable[[Any, Callable[[], None]], None]:
    """Where the keys are put."""
    place: Callable[[Any, Callable[[], None]], None] = request.param
    return place


@pytest.fixture(params=["whole", "prefixed", "snapshot"])
def placed(request: pytest.FixtureRequest, plyvel: Any, path: str, fill: Callable[..., None]) -> Iterator[Any]:
    """A database of KEYS, each its own value; or a part of one that is given by a prefix; or a snapshot."""
    with plyvel.DB(path, create_if_missing=True) as db:
        part = db
        if request.param == "prefixed":
            for stranger in (b"a", b"p", b"p.", b"p0", b"q", b"z"):
                db.put(stranger, b"")
            part = db.prefixed_db(b"p/")
        fill(part, lambda: db.compact_range(start=b"", stop=b"\xff"))
        if request.param == "snapshot":
            part = db.snapshot()
            for key in [*KEYS, *filter(None, POINTS)]:
                db.put(key, b"later")
        yield part


def stops_early(span: Range, inside: list[bytes], *, prefixed: bool) -> bool:
    """Whether plyvel stops at once though one key is in the range: in reverse, where it equals the start."""
    start = span.start or b"" if prefixed else span.start
    return inside == [start]


def is_prefixed(part: Any) -> bool:
    """Whether it is a part of a database that is given by a prefix."""
    return hasattr(part, "prefix")


def test_every_range_forth_and_back(placed: Any, implementation: str) -> None:
    """Every pair of bounds, present or absent, below, between and above the keys, included or not."""
    wrong = []
    for span, reverse in itertools.product(RANGES, (False, True)):
        inside = [key for key in KEYS if key in span]
        if implementation == "plyvel" and reverse and stops_early(span, inside, prefixed=is_prefixed(placed)):
            continue
        expected = [(key, key) for key in inside]
        found = list(placed.iterator(reverse=reverse, **span.arguments))
        if found != (expected[::-1] if reverse else expected):
            wrong.append((span, reverse, found))

    assert wrong == []


@pytest.mark.parametrize("reverse", [False, True])
def test_walks(placed: Any, implementation: str, reverse: bool) -> None:
    """Random calls of next, prev, seek, seek_to_start and seek_to_stop, in random ranges."""
    choose = random.Random(15)
    wrong = []
    for _ in range(1500):
        span = choose.choice(RANGES)
        inside = [key for key in KEYS if key in span]
        targets = [point for point in POINTS if point is not None]
        if implementation == "plyvel":
            if not inside or stops_early(span, inside, prefixed=is_prefixed(placed)):
                continue
            # Right behind a seek plyvel does not look at the bounds.
            targets = [point for point in targets if inside[0] < point and (span.stop is None or point < span.stop)]
        moves = walk(choose, targets)
        found = follow(placed.iterator(reverse=reverse, include_value=False, **span.arguments), moves)
        expected = follow(Gap(inside, reverse=reverse), moves)
        if found != expected:
            wrong.append((span, moves, found, expected))

    assert wrong == []


def walk(choose: random.Random, targets: list[bytes]) -> list[Move]:
    """Some random moves."""
    names = ["__next__", "__next__", "prev", "seek", "seek_to_start", "seek_to_stop"]
    moves: list[Move] = []
    for name in choose.choices(names, k=choose.randrange(1, 12)):
        if name != "seek":
            moves.append((name, None))
        elif targets:
            moves.append((name, choose.choice(targets)))
    return moves
