"""Varints: unsigned integers in groups of seven bits, the lowest first.

Source: google/leveldb, util/coding.cc.

::

    1xxxxxxx 1xxxxxxx 0xxxxxxx      the high bit says that another byte follows

A varint32 is at most 5 bytes, a varint64 at most 10. LevelDB drops bits that do not fit; here they are an error,
because no writer makes them.
"""

from __future__ import annotations

from typing import Final

from relevel.errors import CorruptionError

MAX_UINT32: Final = (1 << 32) - 1
MAX_UINT64: Final = (1 << 64) - 1


def encode_varint(value: int) -> bytes:
    """Encode an unsigned integer.

    Raises:
        ValueError: ``value`` is negative or does not fit 64 bits.
    """
    if not 0 <= value <= MAX_UINT64:
        raise ValueError(f"{value} is not an unsigned 64-bit integer")
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def encode_length_prefixed(data: bytes) -> bytes:
    """Encode bytes with their size in front, as LevelDB writes keys, values and names."""
    return encode_varint(len(data)) + data


def decode_varint(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Decode a varint64: the value, and the offset after it.

    Raises:
        CorruptionError: the bytes end inside it, or the value does not fit 64 bits.
    """
    try:
        first = data[offset]
        if first < 0x80:  # the short ones are written out: a manifest may have tens of millions
            return first, offset + 1
        second = data[offset + 1]
        if second < 0x80:
            return first & 0x7F | second << 7, offset + 2
        third = data[offset + 2]
        if third < 0x80:
            return first & 0x7F | (second & 0x7F) << 7 | third << 14, offset + 3
        value = first & 0x7F | (second & 0x7F) << 7 | (third & 0x7F) << 14
        fourth = data[offset + 3]
        if fourth < 0x80:
            return value | fourth << 21, offset + 4
        return _decode_long(data, offset + 4, value | (fourth & 0x7F) << 21)
    except IndexError:
        raise CorruptionError(f"the varint at byte {offset} is cut off by the end") from None


def _decode_long(data: bytes, offset: int, value: int) -> tuple[int, int]:
    for shift in range(28, 70, 7):
        byte = data[offset]
        offset += 1
        if byte < 0x80:
            value |= byte << shift
            if value > MAX_UINT64:
                break
            return value, offset
        value |= (byte & 0x7F) << shift
    raise CorruptionError(f"the varint that goes on to byte {offset} does not fit 64 bits")


def decode_varint32(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Decode a varint32: the value, and the offset after it.

    Raises:
        CorruptionError: the bytes end inside it, or the value does not fit 32 bits.
    """
    value, end = decode_varint(data, offset)
    if value > MAX_UINT32 or end - offset > 5:
        raise CorruptionError(f"the varint at byte {offset} does not fit 32 bits")
    return value, end


def decode_length_prefixed(data: bytes, offset: int = 0) -> tuple[bytes, int]:
    """Decode bytes with their size in front: the bytes, and the offset after them.

    Raises:
        CorruptionError: the size is no varint, or more bytes are announced than follow.
    """
    size, start = decode_varint(data, offset)
    end = start + size
    if end > len(data):
        raise CorruptionError(f"{size} bytes are announced at byte {offset} and {len(data) - start} follow")
    return data[start:end], end
