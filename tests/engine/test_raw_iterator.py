"""Raw iterators: LevelDB's own, which stand on an entry or on none."""

from collections.abc import Callable
from typing import Any

import pytest

KEYS = [b"1", b"3", b"5", b"7", b"9"]


@pytest.fixture
def raw(few: Any) -> Any:
    """A raw iterator over five keys."""
    return few.raw_iterator()


def item(raw: Any) -> tuple[bytes, bytes] | None:
    """What it stands on, None where not valid."""
    return raw.item() if raw.valid() else None


def test_a_new_one_stands_on_nothing(raw: Any) -> None:
    """It must be moved first."""
    assert raw.valid() is False


def test_moves_give_nothing_back(raw: Any) -> None:
    """They only move."""
    assert raw.seek_to_first() is raw.next() is raw.prev() is raw.seek_to_last() is raw.seek(b"3") is None


def test_first_and_last(raw: Any) -> None:
    """The ends of the whole database."""
    raw.seek_to_first()
    assert item(raw) == (b"1", b"v1")
    raw.seek_to_last()
    assert item(raw) == (b"9", b"v9")


def test_key_value_and_item(raw: Any) -> None:
    """Three ways to look at one entry; looking does not move."""
    raw.seek(b"5")

    assert raw.valid() is True
    assert (raw.key(), raw.value()) == raw.item() == raw.item() == (b"5", b"v5")


def test_walking_up_and_down(raw: Any) -> None:
    """Every entry, in order, until none is left."""
    up, down = [], []
    raw.seek_to_first()
    while raw.valid():
        up.append(raw.key())
        raw.next()
    raw.seek_to_last()
    while raw.valid():
        down.append(raw.key())
        raw.prev()

    assert up == KEYS
    assert down == KEYS[::-1]


def test_turning_round(raw: Any) -> None:
    """prev after next stands on the neighbour, for it stands on entries and not between them."""
    raw.seek(b"5")
    seen = []
    for move in (raw.next, raw.prev, raw.prev, raw.prev, raw.next, raw.next):
        move()
        seen.append(raw.key())

    assert seen == [b"7", b"5", b"3", b"1", b"3", b"5"]


@pytest.mark.parametrize(
    ("target", "found"),
    [(b"", b"1"), (b"1", b"1"), (b"1\0", b"3"), (b"4", b"5"), (b"9", b"9"), (b"99", None), (b"\xff", None)],
)
def test_seek_stands_on_the_first_key_at_or_after(raw: Any, target: bytes, found: bytes | None) -> None:
    """Or on none."""
    raw.seek(target)

    assert (raw.key() if raw.valid() else None) == found


def test_an_empty_database_has_no_entry(db: Any) -> None:
    """Wherever one seeks."""
    raw = db.raw_iterator()

    for move in (raw.seek_to_first, raw.seek_to_last, lambda: raw.seek(b"")):
        move()
        assert raw.valid() is False


@pytest.mark.parametrize("place", ["new", "before the first", "behind the last"])
def test_standing_on_nothing(plyvel: Any, raw: Any, place: str) -> None:
    """Looking and going on are an IteratorInvalidError; seeking helps."""
    if place == "before the first":
        raw.seek_to_first()
        raw.prev()
    elif place == "behind the last":
        raw.seek_to_last()
        raw.next()

    assert raw.valid() is False
    for call in (raw.key, raw.value, raw.item, raw.next, raw.prev):
        with pytest.raises(plyvel.IteratorInvalidError):
            call()
    raw.seek_to_first()
    assert raw.valid() is True


@pytest.mark.parametrize("value", [None, "1", 1, bytearray(b"1")], ids=repr)
def test_a_target_is_exactly_bytes(raw: Any, value: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        raw.seek(value)


@pytest.mark.parametrize("flag", ["verify_checksums", "fill_cache"])
def test_flags_are_bools_or_none_by_name(few: Any, flag: str) -> None:
    """Anything else is a TypeError."""
    for good in (True, False, None):
        few.raw_iterator(**{flag: good}).close()
    for bad in (0, 1, "true"):
        with pytest.raises(TypeError):
            few.raw_iterator(**{flag: bad})
    with pytest.raises(TypeError):
        few.raw_iterator(True)


def test_it_is_a_context_but_no_iterator(raw: Any) -> None:
    """It closes at the end of the block, and cannot be looped over."""
    with raw as entered:
        assert entered is raw
        with pytest.raises(TypeError):
            iter(raw)

    with pytest.raises(RuntimeError):
        raw.valid()


def test_later_writes_are_not_seen(few: Any, raw: Any) -> None:
    """It gives what was there when it was made."""
    few.delete(b"1")
    few.put(b"9", b"later")
    few.put(b"99", b"later")

    raw.seek_to_first()
    assert item(raw) == (b"1", b"v1")
    raw.seek_to_last()
    assert item(raw) == (b"9", b"v9")


def test_deleted_entries_are_not_stood_on(few: Any) -> None:
    """Neither at the ends nor in between, both ways."""
    for key in (b"1", b"5", b"9"):
        few.delete(key)
    raw = few.raw_iterator()
    seen = []
    moves: list[Callable[[], None]] = [raw.seek_to_first, raw.next, raw.prev, raw.seek_to_last]
    for move in moves:
        move()
        seen.append(raw.key())

    assert seen == [b"3", b"7", b"3", b"7"]
