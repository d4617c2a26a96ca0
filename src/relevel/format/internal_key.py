"""The internal key: a user key, and when and how it was written.

Source: google/leveldb, db/dbformat.h.

::

    user_key | sequence_number << 8 | value_type      the last part is 8 bytes, little-endian: the trailer

Internal keys sort by user key ascending, then by trailer descending, so that the newest version of a key comes first.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from relevel.errors import CorruptionError

TRAILER_SIZE: Final = 8
"""Bytes of sequence number and value type after the user key. Part of the file format."""
MAX_SEQUENCE: Final = (1 << 56) - 1
"""The largest sequence number. Part of the file format."""


class ValueType(enum.IntEnum):
    """What a version of a key is. Part of the file format."""

    DELETION = 0
    VALUE = 1


class InternalKey(NamedTuple):
    """An internal key, taken apart."""

    user_key: bytes
    sequence: int
    value_type: ValueType


_VALUE_TYPES: Final = {int(value_type): value_type for value_type in ValueType}


def user_key_of(internal_key: bytes) -> bytes:
    """Give the user key of an internal key; of one too short to have a trailer, all of it."""
    return internal_key[:-TRAILER_SIZE] if len(internal_key) >= TRAILER_SIZE else internal_key


def is_internal_key(data: bytes) -> bool:
    """Say whether bytes can be an internal key: long enough for a trailer, with a value type that exists."""
    return len(data) >= TRAILER_SIZE and data[-TRAILER_SIZE] in _VALUE_TYPES


def sequence_of(internal_key: bytes) -> int:
    """Give the sequence number of an internal key that has a trailer."""
    return int.from_bytes(internal_key[1 - TRAILER_SIZE :], "little")


def encode_internal_key(user_key: bytes, sequence: int, value_type: int = ValueType.VALUE) -> bytes:
    """Encode an internal key.

    Raises:
        ValueError: the sequence number or the value type is out of range.
    """
    if not 0 <= sequence <= MAX_SEQUENCE:
        raise ValueError(f"{sequence} is not a sequence number: they go from 0 to 2^56 - 1")
    if value_type not in _VALUE_TYPES:
        raise ValueError(f"{value_type} is not a value type: 0 is a deletion, 1 a value")
    return user_key + (sequence << 8 | value_type).to_bytes(TRAILER_SIZE, "little")


def decode_internal_key(data: bytes) -> InternalKey:
    """Take an internal key apart.

    Raises:
        CorruptionError: it is shorter than a trailer, or its value type is neither a deletion nor a value.
    """
    if len(data) < TRAILER_SIZE:
        raise CorruptionError(f"internal key of {len(data)} bytes: the trailer alone has {TRAILER_SIZE}")
    value_type = _VALUE_TYPES.get(data[-TRAILER_SIZE])
    if value_type is None:
        raise CorruptionError(f"internal key with value type {data[-TRAILER_SIZE]}: 0 is a deletion, 1 a value")
    return InternalKey(data[:-TRAILER_SIZE], int.from_bytes(data[1 - TRAILER_SIZE :], "little"), value_type)
