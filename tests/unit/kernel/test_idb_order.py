"""The order of IndexedDB keys, against a second implementation of it and against a database that Chromium wrote."""

from __future__ import annotations

import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from relevel._kernel import compare, scan_table
from tests.interop import indexeddb_order

CHROMIUM = Path(__file__).parents[2] / "fixtures" / "chromium-indexeddb" / "db"


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    head = b""
    while number >= 0x80:
        head += bytes([number & 0x7F | 0x80])
        number >>= 7
    return head + bytes([number])


def text(value: str) -> bytes:
    """A string with its length in UTF-16 units."""
    units = value.encode("utf-16-be")
    return varint(len(units) // 2) + units


def prefix(database: int, object_store: int, index: int) -> bytes:
    """The three ids, each in as few bytes as it needs."""
    ids = [
        number.to_bytes(max(1, (number.bit_length() + 7) // 8), "little") for number in (database, object_store, index)
    ]
    lengths = [len(part) - 1 for part in ids]
    return bytes([lengths[0] << 5 | lengths[1] << 2 | lengths[2]]) + b"".join(ids)


numbers = st.floats(allow_nan=False).map(lambda value: struct.pack("<d", value))
few_numbers = st.integers(0, 300)
words = st.text(st.sampled_from("ab\u00e9\uff5e\U0001f600"), max_size=3).map(text)
bytes_ = st.integers(0, 255).map(lambda value: bytes([value]))
varints = few_numbers.map(varint)
scalars = st.one_of(
    numbers.map(lambda value: b"\x03" + value),
    numbers.map(lambda value: b"\x02" + value),
    words.map(lambda value: b"\x01" + value),
    st.binary(max_size=3).map(lambda value: b"\x06" + varint(len(value)) + value),
    st.sampled_from([b"\x00", b"\x05"]),
)
keys = st.recursive(
    scalars, lambda items: st.lists(items, max_size=3).map(lambda found: b"\x04" + varint(len(found)) + b"".join(found))
)


def after(kind: int, *parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """A type byte and its fields."""
    return st.tuples(*parts).map(lambda fields: bytes([kind]) + b"".join(fields))


of_all = st.one_of(
    st.sampled_from([b"\x00", b"\x01", b"\x02"]),
    st.binary(max_size=3).map(lambda value: b"\x32" + value),
    after(100, varints),
    after(201, words, words),
)
of_one = st.one_of(
    st.sampled_from([b"\x00", b"\x03", b"\x05"]),
    after(50, varints, bytes_),
    after(100, varints, varints, bytes_),
    after(150, varints),
    after(151, varints, varints),
    after(200, words),
    after(201, varints, words),
)
idb_keys = st.one_of(
    of_all.map(lambda suffix: prefix(0, 0, 0) + suffix),
    st.builds(lambda database, suffix: prefix(database, 0, 0) + suffix, st.integers(1, 300), of_one),
    st.builds(lambda store, index, key: prefix(1, store, index) + key, st.integers(1, 300), st.integers(1, 3), keys),
    st.builds(
        lambda index, key, sequence, primary: prefix(1, 1, index) + key + sequence + primary,
        st.integers(30, 32),
        keys,
        varints,
        keys,
    ),
)


@given(idb_keys, idb_keys)
def test_two_implementations_agree_on_every_pair_of_keys(a: bytes, b: bytes) -> None:
    """The kernel's order is that of the tuples that another author made of the keys."""
    assert compare("idb", a, b) == indexeddb_order.compare(a, b)


@given(keys, keys)
def test_two_implementations_agree_on_records_of_one_store(a: bytes, b: bytes) -> None:
    """Keys that differ in their last part only, so that it is what decides."""
    records = [prefix(1, 1, 1) + key for key in (a, b)]

    assert compare("idb", *records) == indexeddb_order.compare(*records)


def test_the_keys_of_a_table_that_chromium_wrote_ascend() -> None:
    """Chromium's own table is in order by this comparator, and not by another."""
    table = str(CHROMIUM / "000005.ldb")

    assert scan_table(table, "idb").faults == []
    assert "table.block.key-order" in {fault.code for fault in scan_table(table, "bytewise").faults}
