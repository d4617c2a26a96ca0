"""``idb_cmp1``, Chromium's order of IndexedDB keys, in plain Python: lets plyvel open Chromium's databases.

A key is a prefix (database, object store, index) and a suffix whose form the prefix decides::

    prefix    one byte of sizes, then three little-endian numbers: database, object store, index
    0,0,0     what concerns all databases: a type byte, then names or numbers
    d,0,0     what concerns one database: a type byte, then numbers and names
    d,s,1..3  a record, that it exists, its blobs: an IndexedDB key
    d,s,30..  an index entry: IndexedDB key, sequence number, primary IndexedDB key

Here a suffix becomes a tuple that Python compares as Chromium compares the suffix.
"""

import struct
from collections.abc import Callable
from typing import Any

from tests.damage.oracle import varint

Parsed = tuple[Any, int]
Parser = Callable[[bytes, int], Parsed]

_RANK = {5: 0, 3: 1, 2: 2, 1: 3, 6: 4, 4: 5, 0: 6}
"""Type bytes of IndexedDB keys in ascending order: least, number, date, string, binary, array, null."""


def _string(data: bytes, at: int) -> Parsed:
    count, at = varint(data, at)
    return data[at : at + 2 * count], at + 2 * count


def _binary(data: bytes, at: int) -> Parsed:
    size, at = varint(data, at)
    return data[at : at + size], at + size


def _byte(data: bytes, at: int) -> Parsed:
    return data[at], at + 1


def _double(data: bytes, at: int) -> Parsed:
    return struct.unpack_from("<d", data, at)[0], at + 8


def _nothing(_data: bytes, at: int) -> Parsed:
    return (), at


def _array(data: bytes, at: int) -> Parsed:
    count, at = varint(data, at)
    items = []
    for _ in range(count):
        item, at = _idb_key(data, at)
        items.append(item)
    return tuple(items), at


_VALUES: dict[int, Parser] = {1: _string, 2: _double, 3: _double, 4: _array, 6: _binary}


def _idb_key(data: bytes, at: int) -> Parsed:
    kind = data[at]
    value, end = _VALUES.get(kind, _nothing)(data, at + 1)
    return (_RANK[kind], value), end


_OF_ALL: dict[int, tuple[Parser, ...]] = {50: (), 100: (varint,), 201: (_string, _string)}
_OF_ONE: dict[int, tuple[Parser, ...]] = {
    50: (varint, _byte),
    100: (varint, varint, _byte),
    150: (varint,),
    151: (varint, varint),
    200: (_string,),
    201: (varint, _string),
}


def sortable(key: bytes) -> tuple[Any, ...]:
    """Return a tuple that sorts as the key does."""
    sizes = (key[0] >> 5) + 1, (key[0] >> 2 & 7) + 1, (key[0] & 3) + 1
    prefix, at = [], 1
    for size in sizes:
        prefix.append(int.from_bytes(key[at : at + size], "little"))
        at += size
    return (*prefix, *_suffix(prefix, key, at))


def _suffix(prefix: list[int], key: bytes, at: int) -> tuple[Any, ...]:
    if at == len(key):
        return ()
    if prefix[1] == 0:
        if prefix[0] == 0 and key[at] == 50:
            return (50, key[at + 1 :])
        return (key[at], *_all_of((_OF_ONE if prefix[0] else _OF_ALL).get(key[at], ()), key, at + 1))
    if prefix[2] < 30:
        return (_idb_key(key, at)[0],)
    index_key, at = _idb_key(key, at)
    sequence, at = varint(key, at) if at < len(key) else (-1, at)
    return (index_key, *((_idb_key(key, at)[0],) if at < len(key) else ()), sequence)


def _all_of(parsers: tuple[Parser, ...], key: bytes, at: int) -> list[Any]:
    values = []
    for parse in parsers:
        value, at = parse(key, at)
        values.append(value)
    return values


def compare(a: bytes, b: bytes) -> int:
    """Compare two keys as ``idb_cmp1`` does: negative, zero or positive."""
    first, second = sortable(a), sortable(b)
    return (first > second) - (first < second)
