"""Varints and bytes with their size in front."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel.errors import CorruptionError
from relevel.format.varint import (
    MAX_UINT64,
    decode_length_prefixed,
    decode_varint,
    decode_varint32,
    encode_length_prefixed,
    encode_varint,
)


@given(st.integers(0, MAX_UINT64), st.binary(max_size=4), st.binary(max_size=4))
def test_a_varint_comes_back_wherever_it_stands(value: int, before: bytes, after: bytes) -> None:
    """Encoding and decoding agree, and the offset after it is right."""
    encoded = encode_varint(value)

    assert decode_varint(before + encoded + after, len(before)) == (value, len(before) + len(encoded))


@pytest.mark.parametrize(("value", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (MAX_UINT64, "ff" * 9 + "01")])
def test_a_varint_is_written_as_leveldb_writes_it(value: int, encoded: str) -> None:
    """Seven bits to a byte, the lowest first."""
    assert encode_varint(value).hex() == encoded


@pytest.mark.parametrize(
    "data", ["", "80", "8080", "808080", "ff" * 9, "ff" * 9 + "02", "ff" * 10 + "01", "80" * 10 + "00"]
)
def test_a_varint_that_is_cut_or_too_large_is_corruption(data: str) -> None:
    """Neither the end of the bytes nor a 65th bit passes."""
    with pytest.raises(CorruptionError):
        decode_varint(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["ffffffff10", "808080808000"])
def test_a_varint32_has_32_bits_and_5_bytes(data: str) -> None:
    """A wider value or a longer encoding is corruption."""
    with pytest.raises(CorruptionError, match="32 bits"):
        decode_varint32(bytes.fromhex(data))


def test_the_largest_varint32_is_one() -> None:
    """All 32 bits may be set."""
    assert decode_varint32(encode_varint(0xFFFFFFFF)) == (0xFFFFFFFF, 5)


@pytest.mark.parametrize("value", [-1, MAX_UINT64 + 1])
def test_a_number_that_is_not_unsigned_64_bit_is_not_encoded(value: int) -> None:
    """It is the caller's mistake."""
    with pytest.raises(ValueError, match="64-bit"):
        encode_varint(value)


@given(st.binary(), st.binary(max_size=4))
def test_bytes_with_their_size_in_front_come_back(data: bytes, after: bytes) -> None:
    """Whatever follows them is left alone."""
    encoded = encode_length_prefixed(data)

    assert decode_length_prefixed(encoded + after) == (data, len(encoded))


@pytest.mark.parametrize("data", ["", "01", "05616263", "ffffffffffffffffff01"])
def test_fewer_bytes_than_announced_are_corruption(data: str) -> None:
    """A size is not believed past the end."""
    with pytest.raises(CorruptionError):
        decode_length_prefixed(bytes.fromhex(data))


@given(st.binary(max_size=16), st.integers(0, 20))
def test_any_bytes_decode_or_are_corruption(data: bytes, offset: int) -> None:
    """Nothing but CorruptionError comes out of a decoder."""
    for decode in (decode_varint, decode_varint32, decode_length_prefixed):
        try:
            _, end = decode(data, offset)
        except CorruptionError:
            continue

        assert offset < end <= len(data)
