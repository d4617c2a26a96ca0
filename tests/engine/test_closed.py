"""What remains of a closed database: RuntimeErrors, with plyvel's texts, and nothing worse."""

from collections.abc import Callable
from typing import Any

import pytest

DATABASE = "Database is closed"
ITERATOR = "Database or iterator is closed"
SNAPSHOT = "Database or snapshot is closed"
NO_SNAPSHOT = "Cannot operate on closed LevelDB database"

Call = Callable[[Any], Any]

OF_DATABASE: dict[str, tuple[str, Call]] = {
    "get": (DATABASE, lambda db: db.get(b"1")),
    "put": (DATABASE, lambda db: db.put(b"1", b"2")),
    "delete": (DATABASE, lambda db: db.delete(b"1")),
    "write_batch": (DATABASE, lambda db: db.write_batch()),
    "get_property": (DATABASE, lambda db: db.get_property(b"leveldb.stats")),
    "compact_range": (DATABASE, lambda db: db.compact_range()),
    "approximate_size": (DATABASE, lambda db: db.approximate_size(b"1", b"2")),
    "approximate_sizes": (DATABASE, lambda db: db.approximate_sizes((b"1", b"2"))),
    "iter": (DATABASE, iter),
    "iterator": (ITERATOR, lambda db: db.iterator()),
    "raw_iterator": (ITERATOR, lambda db: db.raw_iterator()),
    "snapshot": (NO_SNAPSHOT, lambda db: db.snapshot()),
}
OF_PART: dict[str, tuple[str, Call]] = {
    name: OF_DATABASE[name] for name in ("get", "put", "delete", "iterator", "snapshot")
}
OF_BATCH: dict[str, Call] = {
    "write": lambda batch: batch.write(),
    "put": lambda batch: batch.put(b"1", b"2"),
    "delete": lambda batch: batch.delete(b"1"),
    "clear": lambda batch: batch.clear(),
    "append": lambda batch: batch.append(batch),
    "approximate_size": lambda batch: batch.approximate_size(),
    "context": lambda batch: batch.__enter__(),
}
OF_SNAPSHOT: dict[str, Call] = {
    "get": lambda snapshot: snapshot.get(b"1"),
    "iter": iter,
    "iterator": lambda snapshot: snapshot.iterator(),
    "raw_iterator": lambda snapshot: snapshot.raw_iterator(),
}
OF_ITERATOR: dict[str, Call] = {
    "next": next,
    "prev": lambda iterator: iterator.prev(),
    "seek": lambda iterator: iterator.seek(b"1"),
    "seek_to_start": lambda iterator: iterator.seek_to_start(),
    "seek_to_stop": lambda iterator: iterator.seek_to_stop(),
}
OF_RAW_ITERATOR: dict[str, Call] = {
    "valid": lambda raw: raw.valid(),
    "key": lambda raw: raw.key(),
    "value": lambda raw: raw.value(),
    "item": lambda raw: raw.item(),
    "next": lambda raw: raw.next(),
    "prev": lambda raw: raw.prev(),
    "seek": lambda raw: raw.seek(b"1"),
    "seek_to_first": lambda raw: raw.seek_to_first(),
    "seek_to_last": lambda raw: raw.seek_to_last(),
}


def refuses(message: str, call: Call, subject: Any) -> None:
    """Fail unless the call says ``message``, twice."""
    for _ in range(2):
        with pytest.raises(RuntimeError, match=f"^{message}$"):
            call(subject)


@pytest.mark.parametrize("name", OF_DATABASE)
def test_a_closed_database_refuses(few: Any, name: str) -> None:
    """Every call but close."""
    few.close()

    refuses(*OF_DATABASE[name], few)


@pytest.mark.parametrize("name", OF_PART)
def test_a_part_of_a_closed_database_refuses(few: Any, name: str) -> None:
    """Whether it was made before or after; making one is no error."""
    parts = [few.prefixed_db(b"1")]
    few.close()
    parts += [few.prefixed_db(b"1"), parts[0].prefixed_db(b"1")]

    for part in parts:
        refuses(*OF_PART[name], part)


@pytest.mark.deviation("a batch of a part is made all the same")
def test_a_part_of_a_closed_database_has_no_batch(few: Any) -> None:
    """As the database has none."""
    part = few.prefixed_db(b"1")
    few.close()

    refuses(DATABASE, lambda part: part.write_batch(), part)


@pytest.mark.parametrize("name", OF_BATCH)
def test_a_batch_of_a_closed_database_refuses(few: Any, name: str) -> None:
    """Filled or not."""
    batch = few.write_batch()
    batch.put(b"1", b"2")
    few.close()

    refuses(DATABASE, OF_BATCH[name], batch)


@pytest.mark.parametrize("name", OF_SNAPSHOT)
def test_a_snapshot_of_a_closed_database_refuses(few: Any, name: str) -> None:
    """Close and release are no error."""
    snapshot = few.snapshot()
    few.close()

    refuses(SNAPSHOT, OF_SNAPSHOT[name], snapshot)
    snapshot.close()
    snapshot.release()


@pytest.mark.parametrize("name", OF_ITERATOR)
@pytest.mark.parametrize("of", ["database", "snapshot", "part"])
@pytest.mark.parametrize("first", ["database", "iterator"])
def test_a_closed_iterator_refuses(few: Any, name: str, of: str, first: str) -> None:
    """Whether it or its database was closed; closing it once more is no error."""
    iterator = {"database": few, "snapshot": few.snapshot(), "part": few.prefixed_db(b"1")}[of].iterator()
    next(iterator)
    (few if first == "database" else iterator).close()

    refuses(ITERATOR, OF_ITERATOR[name], iterator)
    iterator.close()


@pytest.mark.parametrize("name", OF_RAW_ITERATOR)
@pytest.mark.parametrize("of", ["database", "snapshot"])
@pytest.mark.parametrize("first", ["database", "iterator"])
def test_a_closed_raw_iterator_refuses(few: Any, name: str, of: str, first: str) -> None:
    """Whether it or its database was closed; closing it once more is no error."""
    raw = (few.snapshot() if of == "snapshot" else few).raw_iterator()
    raw.seek_to_first()
    (few if first == "database" else raw).close()

    refuses(ITERATOR, OF_RAW_ITERATOR[name], raw)
    raw.close()


def test_closing_ends_a_loop(few: Any) -> None:
    """A loop whose database is closed in its body ends in the error."""
    seen = []
    with pytest.raises(RuntimeError, match=ITERATOR):
        for key, _ in few:
            seen.append(key)
            few.close()

    assert seen == [b"1"]


def test_a_closed_database_keeps_its_name(few: Any, path: str) -> None:
    """And the types of arguments are still looked at."""
    few.close()

    assert few.name == path
    with pytest.raises((TypeError, RuntimeError)):
        few.get("text")


def test_a_context_that_outlives_its_database_ends_well(few: Any) -> None:
    """Contexts of iterators, snapshots and of the database itself close what is closed already."""
    with few, few.iterator(), few.raw_iterator(), few.snapshot():
        few.close()

    assert few.closed


def test_what_was_closed_leaves_no_lock(plyvel: Any, few: Any, path: str) -> None:
    """Iterators, snapshots and batches that are still referred to do not keep it."""
    left = [few.iterator(), few.raw_iterator(), few.snapshot(), few.write_batch(), few.prefixed_db(b"1")]
    few.close()

    with plyvel.DB(path) as db:
        assert db.get(b"1") == b"v1"
    assert len(left) == 5
