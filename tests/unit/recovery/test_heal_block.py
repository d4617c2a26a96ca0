"""Healing of one flipped bit in a block."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel import _kernel
from relevel.recovery.heal.block import HealKind, flip, heal_block, locate_flipped_bit

ENTRIES = [
    (f"key{number:04}".encode() + (number << 8 | 1).to_bytes(8, "little"), b"value" * (number % 7))
    for number in range(40)
]


def stored_block(codec: str) -> bytes:
    """A block as it lies on disk: contents, type, masked checksum."""
    block_type = {"none": 0, "snappy": 1, "zstd": 2, "zlib": 2, "deflate": 4}[codec]
    covered = _kernel.compress(codec, _kernel.build_block(ENTRIES)) + bytes([block_type])
    return covered + _kernel.mask_crc(_kernel.crc32c(covered)).to_bytes(4, "little")


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "zlib", "deflate"])
def test_every_single_flipped_bit_is_put_back(codec: str) -> None:
    """Wherever in payload, type byte or checksum the bit was, the block comes back byte for byte."""
    stored = stored_block(codec)

    for offset in range(len(stored)):
        for bit in range(8):
            healing = heal_block(flip(stored, offset, bit))
            assert healing is not None, (offset, bit)
            assert (healing.stored, healing.offset, healing.bit) == (stored, offset, bit)


def test_the_kind_says_what_was_hit() -> None:
    """A report tells payload, type and checksum apart."""
    stored = stored_block("snappy")
    size = len(stored)

    kinds = [heal_block(flip(stored, offset, 3)) for offset in (0, size - 5, size - 1)]

    assert [healing.kind for healing in kinds if healing] == [
        HealKind.PAYLOAD_BIT,
        HealKind.TYPE_BIT,
        HealKind.CHECKSUM_BIT,
    ]


@given(first=st.integers(0, 2000), second=st.integers(0, 2000), bits=st.tuples(st.integers(0, 7), st.integers(0, 7)))
def test_two_flipped_bits_are_never_healed_into_something_else(first: int, second: int, bits: tuple[int, int]) -> None:
    """What one bit does not explain is left alone: nothing is invented."""
    stored = stored_block("none")
    once = flip(stored, first % len(stored), bits[0])
    twice = flip(once, second % len(stored), bits[1])

    healing = heal_block(twice)

    assert twice == stored or healing is None or healing.stored == stored


@pytest.mark.parametrize("data", [b"", b"\0" * 5, b"\0" * 6, bytes(4101)])
def test_what_is_no_block_is_not_healed(data: bytes) -> None:
    """Zeroes and stumps are not one flip away from a block."""
    assert heal_block(data) is None


@given(data=st.binary(min_size=1, max_size=300), position=st.integers(0, 10_000))
def test_the_place_of_a_flip_follows_from_the_checksums_alone(data: bytes, position: int) -> None:
    """The difference of the checksums, run backwards, names the byte and the bit."""
    offset, bit = position % len(data), position % 8
    damaged = flip(data, offset, bit)

    place = locate_flipped_bit(_kernel.crc32c(damaged) ^ _kernel.crc32c(data), len(data))

    assert place == (offset, bit)
