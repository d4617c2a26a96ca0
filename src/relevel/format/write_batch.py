"""The write batch: operations that happen together, a record of a log.

Source: google/leveldb, db/write_batch.cc.

::

    sequence number (8, little-endian) | count (4, little-endian) | operations

    1 | key with its size | value with its size       a put
    0 | key with its size                             a deletion

Operation i has the sequence number of the batch plus i.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from relevel.errors import CorruptionError
from relevel.format.internal_key import MAX_SEQUENCE, ValueType
from relevel.format.varint import decode_length_prefixed, encode_length_prefixed

HEADER_SIZE: Final = 12
"""Sequence number and count. Part of the file format."""

BATCH_HEADER: Final = struct.Struct("<QI")
"""The same as a struct."""


class Operation(NamedTuple):
    """One put or deletion.

    Attributes:
        value_type: which of the two.
        key: the user key.
        value: the value; None for a deletion.
    """

    value_type: ValueType
    key: bytes
    value: bytes | None


class WriteBatch(NamedTuple):
    """Operations and the sequence number of the first."""

    sequence: int
    operations: tuple[Operation, ...]


def encode_write_batch(batch: WriteBatch) -> bytes:
    """Encode a batch.

    Raises:
        ValueError: a sequence number is out of range, or a value does not fit its type.
    """
    if not 0 <= batch.sequence <= batch.sequence + len(batch.operations) <= MAX_SEQUENCE + 1:
        raise ValueError(f"{batch.sequence} and {len(batch.operations)} operations exceed the largest sequence number")
    operations = b"".join(_encode_operation(operation) for operation in batch.operations)
    return BATCH_HEADER.pack(batch.sequence, len(batch.operations)) + operations


def _encode_operation(operation: Operation) -> bytes:
    if (operation.value is None) is not (operation.value_type == ValueType.DELETION):
        raise ValueError(f"a put has a value and a deletion has none: {operation!r}")
    parts: Iterable[bytes] = (operation.key,) if operation.value is None else (operation.key, operation.value)
    return bytes([operation.value_type]) + b"".join(encode_length_prefixed(part) for part in parts)


def decode_write_batch(data: bytes) -> WriteBatch:
    """Decode a batch.

    Raises:
        CorruptionError: in LevelDB's words.
    """
    if len(data) < HEADER_SIZE:
        raise CorruptionError(f"log record too small: {len(data)} bytes, a batch has at least {HEADER_SIZE}")
    sequence, count = BATCH_HEADER.unpack_from(data)
    operations, offset = [], HEADER_SIZE
    while offset < len(data):
        operation, offset = _decode_operation(data, offset)
        operations.append(operation)
    if len(operations) != count:
        raise CorruptionError(f"WriteBatch has wrong count: it says {count} and has {len(operations)}")
    return WriteBatch(sequence, tuple(operations))


def _decode_operation(data: bytes, offset: int) -> tuple[Operation, int]:
    tag = data[offset]
    if tag not in (ValueType.DELETION, ValueType.VALUE):
        raise CorruptionError(f"unknown WriteBatch tag: {tag} at byte {offset}")
    try:
        key, position = decode_length_prefixed(data, offset + 1)
        if tag == ValueType.DELETION:
            return Operation(ValueType.DELETION, key, None), position
        value, position = decode_length_prefixed(data, position)
    except CorruptionError as error:
        raise CorruptionError(f"bad WriteBatch {'Put' if tag else 'Delete'}: {error}") from error
    return Operation(ValueType.VALUE, key, value), position
