"""What relevel.DB has of a mapping, and looking up many keys at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import relevel
from tests.engine.living import PAIRS, fill


@pytest.fixture
def db(tmp_path: Path) -> Iterator[relevel.DB]:
    """An open database with PAIRS, in tables and in memory."""
    with relevel.DB(fill(tmp_path / "db")) as database:
        yield database


def test_many_keys_are_looked_up_in_their_order(db: relevel.DB) -> None:
    """A key that is not there gives None, or the default; a key may be asked for twice."""
    keys = [b"1999", b"no", b"0000", b"0000"]

    assert db.get_many(keys) == [PAIRS[1999][1], None, PAIRS[0][1], PAIRS[0][1]]
    assert db.get_many(tuple(keys[1:3]), b"-") == [b"-", PAIRS[0][1]]
    assert db.get_many([]) == []


def test_thousands_of_keys_and_large_values_are_looked_up(db: relevel.DB) -> None:
    """Any number of them, from anything that can be iterated."""
    large = {b"large%02d" % number: bytes([number]) * (1 << 20) for number in range(24)}
    for key, value in large.items():
        db.put(key, value)
    truth = {**dict(PAIRS), **large}
    keys = [*truth, *(b"%04dx" % number for number in range(1500))] * 2

    assert db.get_many(iter(keys), b"none") == [truth.get(key, b"none") for key in keys]


def test_keys_that_are_looked_up_at_once_are_as_of_one_moment(db: relevel.DB) -> None:
    """However many they are, and whoever writes meanwhile."""
    keys = [b"same%04d" % number for number in range(3000)]
    seen: set[bytes | None] = set()
    over = threading.Event()

    def write() -> None:
        for number in count():
            with db.write_batch() as batch:
                for key in keys:
                    batch.put(key, b"%d" % number)
            if over.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10_000):
            (value,) = set(db.get_many(keys))
            seen.add(value)
            if len(seen) == 5:
                break
    finally:
        over.set()
        writer.join()

    assert len(seen) == 5


def test_many_keys_are_looked_up_in_a_snapshot_and_in_a_part(db: relevel.DB) -> None:
    """As it was; without the prefix."""
    with db.snapshot() as before:
        db.put(b"0000", b"newer")
        part = db.prefixed_db(b"00")

        assert before.get_many([b"0000", b"0001"]) == [PAIRS[0][1], PAIRS[1][1]]
        assert part.get_many([b"00", b"01", b"0001"]) == [b"newer", PAIRS[1][1], None]
        with part.snapshot() as part_before:
            assert part_before.get_many([b"00"]) == [b"newer"]


@pytest.mark.parametrize("keys", ["text", [b"0000", "text"], [1], None, 3, b"0000"], ids=repr)
def test_keys_are_bytes(db: relevel.DB, keys: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        db.get_many(keys)


def test_items_keys_and_values_are_iterators(db: relevel.DB) -> None:
    """Of everything, in key order."""
    assert list(db.items()) == list(db) == PAIRS
    assert list(db.keys()) == [key for key, _ in PAIRS]
    assert list(db.values()) == [value for _, value in PAIRS]


@pytest.mark.parametrize("prefix", [b"00", b"199", b"1999", b"2", b"", b"\xff\xff"], ids=repr)
def test_items_keys_and_values_may_have_a_prefix(db: relevel.DB, prefix: bytes) -> None:
    """Which stays in the keys."""
    db.put(b"\xff\xff\x00", b"last")
    pairs = [pair for pair in [*PAIRS, (b"\xff\xff\x00", b"last")] if pair[0].startswith(prefix)]

    assert list(db.items(prefix=prefix)) == pairs
    assert list(db.keys(prefix=prefix)) == [key for key, _ in pairs]
    assert list(db.values(prefix=prefix)) == [value for _, value in pairs]


def test_a_key_in_brackets_gives_its_value(db: relevel.DB) -> None:
    """Or a KeyError that names it."""
    assert db[b"0007"] == PAIRS[7][1]
    with pytest.raises(KeyError, match="b'no' is not in the database"):
        db[b"no"]
    with pytest.raises(relevel.KeyNotFoundError):
        db[b""]
    with pytest.raises(TypeError):
        db["0007"]  # type: ignore[index]


def test_an_empty_value_in_brackets_is_a_value(db: relevel.DB) -> None:
    """Not a missing one."""
    db.put(b"empty", b"")

    assert db[b"empty"] == b""


def test_a_database_becomes_a_dict(db: relevel.DB) -> None:
    """Of everything."""
    assert dict(db) == dict(PAIRS)
    assert {**db} == dict(PAIRS)


def test_a_closed_database_is_no_mapping(db: relevel.DB) -> None:
    """Every way to it is closed."""
    db.close()

    ways: list[Any] = [db.items, db.keys, db.values, lambda: db[b"0007"], lambda: db.get_many([b"0007"]), db.stats]
    for way in ways:
        with pytest.raises(RuntimeError, match="closed"):
            way()
