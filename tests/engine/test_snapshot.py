"""Snapshots: the database as it was."""

import pickle
from typing import Any

import pytest

KEYS = [b"1", b"3", b"5", b"7", b"9"]


def change(db: Any) -> None:
    """Overwrite, delete and add."""
    db.put(b"1", b"later")
    db.delete(b"3")
    db.put(b"4", b"later")
    with db.write_batch() as batch:
        batch.delete(b"9")
        batch.put(b"0", b"later")


def test_a_snapshot_does_not_see_later_writes(few: Any) -> None:
    """By get, by iteration, by raw iteration."""
    snapshot = few.snapshot()
    change(few)

    assert snapshot.get(b"1") == b"v1"
    assert snapshot.get(b"3") == b"v3"
    assert snapshot.get(b"4") is None
    assert list(snapshot) == list(snapshot.iterator()) == [(key, b"v" + key) for key in KEYS]
    raw = snapshot.raw_iterator()
    raw.seek_to_last()
    assert raw.item() == (b"9", b"v9")


def test_the_database_goes_on(few: Any) -> None:
    """A snapshot does not hold it back."""
    with few.snapshot():
        change(few)

        assert list(few.iterator(include_value=False)) == [b"0", b"1", b"4", b"5", b"7"]


def test_get_takes_what_the_databases_get_takes(few: Any) -> None:
    """A default by position or name, flags by name, exactly bytes as a key."""
    snapshot = few.snapshot()

    assert snapshot.get(b"2", 7) == snapshot.get(b"2", default=7) == 7
    assert snapshot.get(b"1", verify_checksums=True, fill_cache=False) == b"v1"
    for call in (lambda: snapshot.get("1"), lambda: snapshot.get(b"1", None, True), snapshot.get):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError):
        snapshot.get(b"1", verify_checksums=1)


def test_iterators_take_what_the_databases_iterators_take(few: Any) -> None:
    """Ranges, directions, forms, seeks."""
    snapshot = few.snapshot()
    change(few)

    assert list(snapshot.iterator(start=b"3", stop=b"7", include_value=False)) == [b"3", b"5"]
    assert list(snapshot.iterator(reverse=True, include_value=False)) == KEYS[::-1]
    assert list(snapshot.iterator(prefix=b"3", include_key=False)) == [b"v3"]
    iterator = snapshot.iterator(include_value=False)
    iterator.seek(b"4")
    assert [iterator.prev(), next(iterator), next(iterator)] == [b"3", b"3", b"5"]
    with pytest.raises(TypeError):
        snapshot.iterator(prefix=b"1", start=b"1")


def test_many_snapshots_live_at_once(db: Any) -> None:
    """Each sees its own moment, and may be let go of in any order."""
    snapshots = []
    for number in range(40):
        db.put(b"key", b"%d" % number)
        db.put(b"%d" % number, b"")
        snapshots.append(db.snapshot())

    assert [snapshot.get(b"key") for snapshot in snapshots] == [b"%d" % number for number in range(40)]
    for snapshot in snapshots[::2]:
        snapshot.close()
    assert [len(list(snapshot)) for snapshot in snapshots[1::2]] == list(range(3, 42, 2))


def test_a_snapshot_outlives_compactions(plyvel: Any, path: str) -> None:
    """What it sees is kept while it is there, whatever is deleted and compacted meanwhile."""
    with plyvel.DB(path, create_if_missing=True, write_buffer_size=65536) as db:
        truth = {b"%05d" % number: b"value %d" % number * 9 for number in range(3000)}
        for key, value in truth.items():
            db.put(key, value)
        snapshot = db.snapshot()
        for key in truth:
            db.delete(key)
        for number in range(0, 3000, 5):
            db.put(b"%05d" % number, b"later")
        db.compact_range(start=b"0", stop=b"9")

        assert list(snapshot) == sorted(truth.items())
        assert all(snapshot.get(key) == value for key, value in truth.items())
        assert len(list(db)) == 600
        snapshot.close()
        db.compact_range(start=b"0", stop=b"9")
        assert len(list(db)) == 600


def test_an_iterator_outlives_its_snapshot(few: Any) -> None:
    """It has its own hold on what it reads."""
    snapshot = few.snapshot()
    iterator = snapshot.iterator(include_value=False)
    change(few)
    snapshot.close()
    few.compact_range(start=b"0", stop=b"a")

    assert list(iterator) == KEYS


@pytest.mark.parametrize("how", ["close", "release", "context"])
def test_a_snapshot_can_be_let_go_of(few: Any, how: str) -> None:
    """By close, by release, and at the end of a block; again is no error; then it says RuntimeError."""
    snapshot = few.snapshot()
    if how == "context":
        with snapshot as entered:
            assert entered is snapshot
    else:
        getattr(snapshot, how)()

    snapshot.close()
    snapshot.release()
    for call in (lambda: snapshot.get(b"1"), snapshot.iterator, snapshot.raw_iterator, lambda: iter(snapshot)):
        with pytest.raises(RuntimeError, match="Database or snapshot is closed"):
            call()


def test_a_snapshot_cannot_be_written_to(few: Any) -> None:
    """It has no such methods."""
    snapshot = few.snapshot()

    for name in ("put", "delete", "write_batch"):
        assert not hasattr(snapshot, name)


def test_snapshots_take_no_arguments(few: Any) -> None:
    """A TypeError."""
    with pytest.raises(TypeError):
        few.snapshot(1)


def test_snapshots_do_not_survive_a_reopen_but_data_does(plyvel: Any, path: str) -> None:
    """Closing the database ends them."""
    db = plyvel.DB(path, create_if_missing=True)
    db.put(b"key", b"1")
    snapshot = db.snapshot()
    db.put(b"key", b"2")
    db.close()

    with pytest.raises(RuntimeError, match="Database or snapshot is closed"):
        snapshot.get(b"key")
    with plyvel.DB(path) as db:
        assert db.get(b"key") == b"2"


def test_a_snapshot_cannot_be_sent_to_another_process(few: Any) -> None:
    """It belongs to the database that is open here."""
    with pytest.raises(TypeError):
        pickle.dumps(few.snapshot())
