"""Internal keys taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.internal_key import (
    MAX_SEQUENCE,
    InternalKey,
    ValueType,
    decode_internal_key,
    encode_internal_key,
    is_internal_key,
    user_key_of,
)


@given(st.binary(), st.integers(0, MAX_SEQUENCE), st.sampled_from(ValueType))
def test_an_internal_key_comes_back(user_key: bytes, sequence: int, value_type: ValueType) -> None:
    """Encoding and decoding agree, for the empty user key too."""
    encoded = encode_internal_key(user_key, sequence, value_type)

    assert decode_internal_key(encoded) == InternalKey(user_key, sequence, value_type)
    assert user_key_of(encoded) == user_key


def test_the_trailer_is_the_sequence_number_over_the_type() -> None:
    """Little-endian, the type first."""
    assert encode_internal_key(b"k", 0x0102, ValueType.VALUE) == b"k\x01\x02\x01\0\0\0\0\0"


def test_the_largest_sequence_number_is_the_kernels() -> None:
    """Both sides of the border agree."""
    assert MAX_SEQUENCE == _kernel.MAX_SEQUENCE


@pytest.mark.parametrize("data", [b"", b"1234567", b"k\x02\0\0\0\0\0\0\0", b"k\xff\0\0\0\0\0\0\0"])
def test_a_key_without_a_trailer_or_of_no_type_is_corruption(data: bytes) -> None:
    """Seven bytes are no trailer, and there are two types."""
    with pytest.raises(CorruptionError, match="internal key"):
        decode_internal_key(data)


@pytest.mark.parametrize(("sequence", "value_type"), [(-1, 1), (MAX_SEQUENCE + 1, 1), (0, 2)])
def test_what_does_not_fit_a_trailer_is_not_encoded(sequence: int, value_type: int) -> None:
    """It is the caller's mistake."""
    with pytest.raises(ValueError, match="is not a"):
        encode_internal_key(b"k", sequence, value_type)


def test_the_user_key_of_a_key_that_is_too_short_is_all_of_it() -> None:
    """Damaged metadata still says something."""
    assert user_key_of(b"short") == b"short"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"1234567", False),
        (b"k" + bytes(8), True),
        (b"k\x01" + bytes(7), True),
        (b"no internal key", False),
    ],
)
def test_what_can_be_an_internal_key_is_told_apart(data: bytes, expected: bool) -> None:
    """A trailer must be there, and its value type must exist."""
    assert is_internal_key(data) is expected
