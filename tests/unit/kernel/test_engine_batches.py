"""Batches of the engine: what they hold and what they refuse."""

from __future__ import annotations

import array
from collections.abc import Callable
from pathlib import Path

import pytest

from relevel._kernel.engine import Batch
from tests.unit.kernel.stores import store_in, versions_in


def test_a_batch_is_as_large_as_leveldb_says() -> None:
    """Twelve bytes of header, and one or two lengths for each operation."""
    batch = Batch()
    empty = batch.approximate_size()

    batch.put(b"key", b"value" * 100)
    batch.delete(b"key")

    assert (empty, batch.approximate_size(), len(batch)) == (12, 12 + 1 + 1 + 3 + 2 + 500 + 1 + 1 + 3, 2)
    batch.clear()
    assert (batch.approximate_size(), len(batch)) == (12, 0)


def test_keys_get_the_prefix_and_appended_operations_stay_as_they_are(tmp_path: Path) -> None:
    """Also those of the batch itself."""
    store, _ = store_in(tmp_path)
    batch, other = Batch(b"p-"), Batch(prefix=b"q-")
    batch.put(b"a", b"1")
    other.delete(b"b")

    batch.append(other)
    batch.append(batch)
    store.write(batch)

    assert versions_in(store.memtable, tmp_path) == [
        (b"p-a", 3, b"1"),
        (b"p-a", 1, b"1"),
        (b"q-b", 4, None),
        (b"q-b", 2, None),
    ]


@pytest.mark.parametrize(
    "value",
    [b"value", bytearray(b"value"), memoryview(b"value"), memoryview(b"-value-")[1:-1], array.array("B", b"value")],
)
def test_a_value_is_any_contiguous_buffer(tmp_path: Path, value: bytes) -> None:
    """In a batch and in a put."""
    store, writer = store_in(tmp_path)
    batch = Batch()
    batch.put(b"a", value)

    store.write(batch)
    writer.put(b"b", value)

    assert versions_in(store.memtable, tmp_path) == [(b"a", 1, b"value"), (b"b", 2, b"value")]


class Bytes(bytes):
    """No key: LevelDB's other interfaces for Python take none such."""


@pytest.mark.parametrize("key", ["key", None, 1, bytearray(b"key"), memoryview(b"key"), Bytes(b"key")])
def test_a_key_is_bytes_and_nothing_else(tmp_path: Path, key: bytes) -> None:
    """Nothing is written."""
    store, writer = store_in(tmp_path)
    batch = Batch()

    calls: list[Callable[[], object]] = [
        lambda: batch.put(key, b""),
        lambda: batch.delete(key),
        lambda: writer.put(key, b""),
        lambda: writer.delete(key),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="key must be bytes"):
            call()
    assert (len(batch), batch.approximate_size(), store.last_sequence) == (0, 12, 0)


@pytest.mark.parametrize("value", ["value", None, 1, memoryview(b"v-a-l")[::2]])
def test_a_value_that_is_no_contiguous_buffer_is_refused(tmp_path: Path, value: bytes) -> None:
    """Nothing is written."""
    store, writer = store_in(tmp_path)
    batch = Batch()

    with pytest.raises(TypeError, match="value must be"):
        batch.put(b"k", value)
    with pytest.raises(TypeError, match="value must be"):
        writer.put(b"k", value)
    assert (len(batch), batch.approximate_size(), store.last_sequence) == (0, 12, 0)


@pytest.mark.parametrize("sync", [0, 1, "yes", 1.0])
def test_sync_is_a_bool_or_none(tmp_path: Path, sync: bool) -> None:
    """Nothing that merely is true."""
    store, writer = store_in(tmp_path)

    calls: list[Callable[[], object]] = [
        lambda: writer.put(b"k", b"", sync=sync),
        lambda: writer.delete(b"k", sync=sync),
        lambda: store.write(Batch(), sync),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="sync must be bool or None"):
            call()
    assert (store.last_sequence, store.log_size) == (0, 0)


def test_a_batch_can_be_derived_from_and_written_twice(tmp_path: Path) -> None:
    """It stays as it is when it is written."""

    class Counted(Batch):
        """A batch that counts what it was given."""

        count = 0

        def put(self, key: bytes, value: bytes) -> None:  # type: ignore[override]
            """Count, and put."""
            self.count += 1
            super().put(key, value)

    store, _ = store_in(tmp_path)
    batch = Counted(b"p")
    batch.put(b"k", b"v")

    store.write(batch)
    store.write(batch, sync=True)

    assert (batch.count, len(batch)) == (1, 1)
    assert versions_in(store.memtable, tmp_path) == [(b"pk", 2, b"v"), (b"pk", 1, b"v")]
