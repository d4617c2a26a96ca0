"""Write batches."""

from pathlib import Path
from typing import Any

import pytest


class RefusedError(Exception):
    """An error of the test's own."""


@pytest.fixture
def batch(db: Any) -> Any:
    """An empty batch of an empty database."""
    return db.write_batch()


def test_a_batch_is_nothing_until_written(db: Any, batch: Any) -> None:
    """Then it is there whole."""
    batch.put(b"a", b"1")
    batch.put(b"b", b"2")
    batch.delete(b"a")

    assert list(db) == []
    batch.write()
    assert list(db) == [(b"b", b"2")]


def test_the_order_in_a_batch_counts(db: Any, batch: Any) -> None:
    """The last operation on a key wins."""
    batch.delete(b"key")
    batch.put(b"key", b"1")
    batch.put(b"key", b"2")
    batch.write()

    assert db.get(b"key") == b"2"


def test_a_batch_changes_what_was_there(few: Any) -> None:
    """Deletes, overwrites and adds."""
    batch = few.write_batch()
    batch.delete(b"1")
    batch.put(b"3", b"new")
    batch.put(b"4", b"four")
    batch.write()

    assert list(few)[:3] == [(b"3", b"new"), (b"4", b"four"), (b"5", b"v5")]


def test_an_empty_batch_may_be_written(db: Any, batch: Any) -> None:
    """It changes nothing."""
    assert batch.write() is None
    assert list(db) == []


def test_calls_give_nothing_back(batch: Any) -> None:
    """put, delete, clear and append return None."""
    assert batch.put(b"key", b"value") is None
    assert batch.delete(b"key") is None
    assert batch.append(batch) is None
    assert batch.clear() is None


def test_a_written_batch_can_be_written_again(db: Any, batch: Any) -> None:
    """write does not clear, as in plyvel."""
    batch.put(b"key", b"value")
    batch.write()
    db.delete(b"key")
    batch.write()

    assert db.get(b"key") == b"value"


def test_a_cleared_batch_is_empty(db: Any, batch: Any) -> None:
    """And may be filled again."""
    batch.put(b"a", b"1")
    batch.clear()
    batch.put(b"b", b"2")
    batch.write()

    assert list(db) == [(b"b", b"2")]


def test_append_adds_the_operations_of_another(db: Any, batch: Any) -> None:
    """In their order, behind what is there; the other stays as it is."""
    other = db.write_batch()
    other.put(b"a", b"2")
    other.put(b"b", b"2")
    batch.put(b"a", b"1")
    batch.append(other)
    other.put(b"c", b"not in it")
    batch.write()

    assert list(db) == [(b"a", b"2"), (b"b", b"2")]
    other.write()
    assert db.get(b"c") == b"not in it"


def test_a_batch_can_be_appended_to_itself(db: Any, batch: Any) -> None:
    """It has every operation twice."""
    batch.put(b"key", b"value")
    before = batch.approximate_size()
    batch.append(batch)
    batch.write()

    assert batch.approximate_size() > before
    assert list(db) == [(b"key", b"value")]


def test_a_batch_of_another_database_can_be_appended(plyvel: Any, db: Any, batch: Any, tmp_path: Path) -> None:
    """Its operations are written to the database of the batch appended to."""
    with plyvel.DB(str(tmp_path / "other"), create_if_missing=True) as other:
        theirs = other.write_batch()
        theirs.put(b"key", b"value")
        batch.append(theirs)
        batch.write()

        assert list(other) == []
    assert list(db) == [(b"key", b"value")]


@pytest.mark.parametrize("source", [None, 1, b"batch", [], {}], ids=repr)
def test_only_a_batch_can_be_appended(batch: Any, source: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        batch.append(source)


def test_the_size_grows_with_the_content(batch: Any) -> None:
    """By what the log will hold: 12 bytes of header, then each operation; clear takes it back."""
    sizes = [batch.approximate_size()]
    batch.put(b"k", b"v")
    sizes.append(batch.approximate_size())
    batch.delete(b"k")
    sizes.append(batch.approximate_size())
    batch.put(b"k", b"v" * 1000)
    sizes.append(batch.approximate_size())
    batch.clear()

    assert sizes == [12, 17, 20, 1025]
    assert batch.approximate_size() == 12


@pytest.mark.parametrize("transaction", [True, False, None])
@pytest.mark.parametrize("sync", [True, False, None])
def test_the_context_manager_writes_and_clears(db: Any, transaction: bool | None, sync: bool | None) -> None:
    """At the end of the block."""
    with db.write_batch(transaction=transaction, sync=sync) as batch:
        batch.put(b"key", b"value")

        assert list(db) == []

    assert list(db) == [(b"key", b"value")]
    assert batch.approximate_size() == 12


def test_a_failed_block_writes_what_it_had(db: Any) -> None:
    """Without a transaction, as in plyvel; the error goes on."""
    with pytest.raises(RefusedError), db.write_batch() as batch:
        batch.put(b"key", b"value")
        raise RefusedError

    assert db.get(b"key") == b"value"
    assert batch.approximate_size() == 12


def test_a_failed_transaction_writes_nothing(db: Any) -> None:
    """The error goes on, and the batch is cleared."""
    with pytest.raises(RefusedError), db.write_batch(transaction=True) as batch:
        batch.put(b"key", b"value")
        batch.delete(b"key")
        raise RefusedError

    assert list(db) == []
    assert batch.approximate_size() == 12


def test_a_transaction_may_also_be_written_by_hand(db: Any) -> None:
    """What is written before the error stays."""
    with pytest.raises(RefusedError), db.write_batch(transaction=True) as batch:
        batch.put(b"key", b"value")
        batch.write()
        raise RefusedError

    assert db.get(b"key") == b"value"


@pytest.mark.parametrize("flag", [0, 1, "true", b""], ids=repr)
def test_flags_are_bools_given_by_name(db: Any, flag: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        db.write_batch(transaction=flag)
    with pytest.raises(TypeError):
        db.write_batch(sync=flag)
    with pytest.raises(TypeError):
        db.write_batch(True)


@pytest.mark.parametrize("key", [None, "key", 1, bytearray(b"key")], ids=repr)
def test_a_key_is_exactly_bytes(db: Any, batch: Any, key: Any) -> None:
    """A TypeError, after which the batch is as it was."""
    batch.put(b"key", b"value")
    with pytest.raises(TypeError):
        batch.put(key, b"value")
    with pytest.raises(TypeError):
        batch.delete(key)
    batch.write()

    assert list(db) == [(b"key", b"value")]


@pytest.mark.parametrize("value", [None, "text", 1], ids=repr)
def test_a_value_is_a_buffer(db: Any, batch: Any, value: Any) -> None:
    """A TypeError, after which the batch is as it was."""
    batch.put(b"key", bytearray(b"value"))
    with pytest.raises(TypeError):
        batch.put(b"other", value)
    batch.write()

    assert list(db) == [(b"key", b"value")]


def test_write_takes_no_arguments(batch: Any) -> None:
    """Whether to sync is said when the batch is made."""
    with pytest.raises(TypeError):
        batch.write(True)


def test_a_batch_survives_a_reopen(plyvel: Any, path: str) -> None:
    """Whole: thousands of operations, larger than the write buffer, with keys and values of many sizes."""
    truth = {b"%d" % number: b"v" * (number % 700) for number in range(4000)}
    with plyvel.DB(path, create_if_missing=True, write_buffer_size=65536) as db:
        with db.write_batch() as batch:
            batch.put(b"deleted", b"value")
            for key, value in truth.items():
                batch.put(key, value)
            batch.delete(b"deleted")

        assert list(db) == sorted(truth.items())

    with plyvel.DB(path) as db:
        assert list(db) == sorted(truth.items())
