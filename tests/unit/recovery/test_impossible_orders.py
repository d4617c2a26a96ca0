"""Orders that are none: a comparator that goes round in circles, and one of which nobody knows the name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import Comparator
from tests.unit.cli.calling import call

Write = Callable[[Path, Path], object]


def in_circles(a: bytes, b: bytes) -> int:
    """Each key comes before the next, and before the one after that it does not."""
    one, other = int(a), int(b)
    by_rest = (0, 1, -1)[(one - other) % 3]
    return by_rest or (one > other) - (one < other)


def ascending(a: bytes, b: bytes) -> int:
    """As bytes."""
    return (a > b) - (a < b)


def descending(a: bytes, b: bytes) -> int:
    """Larger keys first."""
    return ascending(b, a)


def write_tables(place: Path, comparator: Callable[[bytes, bytes], int]) -> None:
    """Two tables of numbers, in an order with a name of its own."""
    with relevel.DB(place, create_if_missing=True, comparator=comparator, comparator_name="own") as db:
        for start in (0, 1):
            for number in range(start, 600, 2):
                db.put(b"%05d" % number, b"value")
            db.core.flusher.flush()


def test_what_is_certain_is_not_written_in_circles(tmp_path: Path) -> None:
    """The comparator is at fault, and that is said; nothing half-made is left."""
    write_tables(tmp_path / "db", ascending)

    with pytest.raises(relevel.InvalidArgumentError, match="'own' contradicts itself"):
        relevel.rescue(
            tmp_path / "db", tmp_path / "new", comparator=Comparator("own", in_circles), exclude_uncertain=True
        )

    assert [path.name for path in tmp_path.iterdir()] == ["db"]


@pytest.mark.parametrize(
    "write",
    [relevel.rescue, lambda source, target: relevel.undelete(source, target, deleted=True)],
    ids=["rescue", "undelete"],
)
def test_an_order_without_a_name_is_read_and_not_written(write: Write, tmp_path: Path) -> None:
    """No manifest has the name, and the tables tell the order only."""
    place = tmp_path / "db"
    write_tables(place, descending)
    for path in [*place.glob("MANIFEST-*"), place / "CURRENT"]:
        path.unlink()

    with pytest.raises(relevel.InvalidArgumentError, match="give --comparator NAME"):
        write(place, tmp_path / "new")

    assert [key for key, _ in relevel.scan(place)] == [b"%05d" % number for number in reversed(range(600))]
    assert [path.name for path in tmp_path.iterdir()] == ["db"]


def test_an_order_is_written_under_the_name_that_is_given(tmp_path: Path) -> None:
    """As the message says."""
    place = tmp_path / "db"
    write_tables(place, descending)
    for path in [*place.glob("MANIFEST-*"), place / "CURRENT"]:
        path.unlink()

    done = call("rescue", place, tmp_path / "new", "--comparator", "rocksdb.ReverseBytewiseComparator")

    assert done.code == 1, done.err
    assert relevel.info(tmp_path / "new").comparator == "rocksdb.ReverseBytewiseComparator"
    assert len(dict(relevel.scan(tmp_path / "new"))) == 600
