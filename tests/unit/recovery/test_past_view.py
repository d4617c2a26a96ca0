"""Views of the past, both ways, in ranges, of databases of every kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

import relevel
from relevel.recovery.past.backward import BackwardCursor
from relevel.recovery.past.stretches import Stretch
from relevel.recovery.read.rows import Version
from tests.fixtures.catalogue import FOLDER

DATABASES = ["demo", "plyvel-reverse", "chromium-indexeddb", "goleveldb-killed", "java-closed", "plyvel-tiny"]


@pytest.fixture(params=DATABASES)
def past(request: pytest.FixtureRequest) -> relevel.History:
    """The history of a real database."""
    return relevel.History(FOLDER / request.param / "db")


def test_backward_is_forward_turned_round(past: relevel.History) -> None:
    """At the end and in the middle, in every order of keys."""
    newest = past.newest or 0

    for sequence in (newest, newest // 2, 1, 0):
        view = past.at(sequence)
        assert list(view.rows(reverse=True)) == list(view.rows())[::-1]
        assert list(reversed(view)) == list(view)[::-1]


def test_a_range_or_prefix_is_that_part_of_the_whole(past: relevel.History) -> None:
    """Whichever way it is read."""
    view = past.at(past.newest or 0)
    pairs = list(view.pairs())
    rng = random.Random(5)

    for _ in range(10):
        first, last = sorted(rng.sample(range(len(pairs)), 2))
        start, stop = pairs[first][0], pairs[last][0]
        assert list(view.pairs(start=start, stop=stop)) == pairs[first:last]
        assert list(view.pairs(start=start, stop=stop, reverse=True)) == pairs[first:last][::-1]
        prefix = start[: rng.randrange(len(start) + 1)]
        wanted = [pair for pair in pairs if pair[0].startswith(prefix)]
        assert list(view.pairs(prefix=prefix)) == wanted
        assert list(view.pairs(prefix=prefix, reverse=True)) == wanted[::-1]


def test_the_length_is_estimated_well(past: relevel.History) -> None:
    """Where there is little to read it is exact."""
    view = past.at(past.newest or 0)

    assert len(view) * 0.8 <= view.approximate_len() <= len(view) * 1.25 + 1
    assert view.approximate_len(start=b"no such", stop=b"no such") == 0


def test_a_key_is_found_with_where_it_lies(past: relevel.History) -> None:
    """And one that is not there is not."""
    view = past.at(past.newest or 0)
    row = next(iter(view.rows()))

    assert view.version(row.key) == row
    assert view.version(b"no such key \xff\x00") is None
    assert view[row.key] == row.value


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of many tables, and a log of more than a megabyte."""
    path = tmp_path_factory.mktemp("large") / "db"
    rng = random.Random(1)
    with relevel.DB(path, create_if_missing=True, write_buffer_size=2 << 20) as database:
        for number in range(40_000):
            database.put(b"%06d" % (number * 7919 % 40_000), rng.randbytes(100))
    return path


def test_a_large_database_is_read_backward_in_stretches(large: Path) -> None:
    """The last rows come without the others being read, and all come in the end."""
    view = relevel.History(large).at(40_000)

    assert list(islice(reversed(view), 3)) == [b"039999", b"039998", b"039997"]
    assert list(reversed(view)) == [b"%06d" % number for number in reversed(range(40_000))]
    assert 30_000 <= view.approximate_len() <= 50_000
    assert 7_500 <= view.approximate_len(prefix=b"00") <= 12_500


def test_damage_is_passed_over_and_told_either_way(large: Path, tmp_path: Path) -> None:
    """The same rows, and the same findings, each once."""
    for file in large.iterdir():
        data = bytearray(file.read_bytes())
        if file.suffix == ".ldb":
            data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
        (tmp_path / file.name).write_bytes(data)
    view = relevel.History(tmp_path).at(40_000)
    forward, backward = view.rows(), view.rows(reverse=True)

    assert list(backward) == list(forward)[::-1]
    assert forward.findings
    assert sorted(map(str, backward.findings)) == sorted(map(str, forward.findings))


class Numbers:
    """A cursor over the numbers from ``start`` to ``stop``, each a row."""

    def __init__(self, start: bytes | None, stop: bytes | None) -> None:
        self._rows = iter(
            Version(1, "put", b"%03d" % number, b"x", "live", "f", 0, "intact")
            for number in range(int(start or 0), int(stop or 1000))
        )

    def read(self, count: int, row_type: type[Version]) -> list[Version]:
        """Some of them."""
        return list(islice(self._rows, 7))

    def take_faults(self) -> list[tuple[str, object]]:
        """None."""
        return []


@pytest.mark.parametrize("most_held", [1, 3000, 100_000, 10_000_000])
def test_what_is_too_large_to_be_held_is_cut(most_held: int) -> None:
    """However little may be held, every row comes, and none is read more than about twice."""

    def stretches() -> Iterator[Stretch]:
        yield Stretch(b"600", None, 1)
        yield Stretch(None, b"600", 1)

    cursor = BackwardCursor(Numbers, stretches(), most_held)  # type: ignore[arg-type]  # its faults are none
    keys: list[bytes] = []
    while rows := cursor.read(1, Version):
        keys += [row.key for row in rows]

    assert keys == [b"%03d" % number for number in reversed(range(1000))]
