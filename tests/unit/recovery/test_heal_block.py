"""Healing of a few flipped bits in a block."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel import _kernel
from relevel.format.comparator import BYTEWISE
from relevel.recovery.heal.block import heal_block, holds_data
from relevel.recovery.heal.checksum import HealKind, Trust, explanations, flip, flip_all

ENTRIES = [
    (f"key{number:04}".encode() + (number << 8 | 1).to_bytes(8, "little"), b"value" * (number % 7))
    for number in range(40)
]


def stored_block(codec: str) -> bytes:
    """A block as it lies on disk: contents, type, masked checksum."""
    block_type = {"none": 0, "snappy": 1, "zstd": 2, "zlib": 2, "deflate": 4}[codec]
    covered = _kernel.blocks.compress(codec, _kernel.blocks.build_block(ENTRIES)) + bytes([block_type])
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


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "zlib", "deflate"])
@given(data=st.data())
def test_two_flipped_bits_are_put_back_or_left_alone(codec: str, data: st.DataObject) -> None:
    """What is healed is what was there: of several explanations that make a block none is taken."""
    stored = stored_block(codec)
    bits = data.draw(st.lists(st.integers(0, len(stored) * 8 - 1), min_size=2, max_size=2, unique=True))

    healing = heal_block(flip_all(stored, bits), holds_data(BYTEWISE))

    assert healing is None or (healing.stored, healing.bits) == (stored, tuple(sorted(bits)))


def test_most_pairs_of_flipped_bits_are_put_back() -> None:
    """Chance makes more explanations the longer a block is; of a small one nearly all pairs are healed."""
    stored = stored_block("snappy")
    chance = random.Random(5)
    pairs = [sorted(chance.sample(range(len(stored) * 8), 2)) for _ in range(200)]

    healings = [heal_block(flip_all(stored, pair), holds_data(BYTEWISE)) for pair in pairs]

    assert sum(healing is not None and healing.stored == stored for healing in healings) >= 195


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "zlib", "deflate"])
@pytest.mark.parametrize("span", [2, 5, 8])
def test_bursts_are_put_back_wherever_they_are(codec: str, span: int) -> None:
    """In the payload, in the type, in the checksum, and from one into the other."""
    stored = stored_block(codec)

    for start in range(len(stored) * 8 - span + 1):
        bits = [start, *range(start + 1, start + span - 1, 2), start + span - 1]
        healing = heal_block(flip_all(stored, sorted(set(bits))), holds_data(BYTEWISE))
        assert healing is not None, start
        assert healing.stored == stored
        assert healing.odds < 0.001


def test_how_far_healing_goes_can_be_limited() -> None:
    """With one bit at most, two neighbours are left alone."""
    stored = flip_all(stored_block("snappy"), (100, 101))

    assert heal_block(stored, most=Trust.ONE_BIT) is None
    assert heal_block(stored, most=Trust.BURST_OF_8) is not None


def test_what_lies_in_no_order_is_no_data_block() -> None:
    """A healing must make keys ascend."""
    contents = _kernel.blocks.build_block([])
    swapped = _kernel.blocks.build_block(ENTRIES[:2])

    assert holds_data(BYTEWISE)(contents)
    assert holds_data(BYTEWISE)(swapped)
    assert not holds_data(BYTEWISE)(swapped.replace(b"key0000", b"key9999"))


@pytest.mark.parametrize("data", [b"", b"\0" * 5, b"\0" * 6, bytes(4101)])
def test_what_is_no_block_is_not_healed(data: bytes) -> None:
    """Zeroes and stumps are not one flip away from a block."""
    assert heal_block(data) is None


@given(data=st.binary(min_size=1, max_size=300), position=st.integers(0, 10_000))
def test_the_place_of_a_flip_follows_from_the_checksums_alone(data: bytes, position: int) -> None:
    """The one single bit that explains the difference is the one that was flipped."""
    offset, bit = position % len(data), position % 8
    damaged = flip(data, offset, bit)

    found = explanations(damaged, _kernel.mask_crc(_kernel.crc32c(data)), Trust.ONE_BIT)

    assert [each.bits for each in found] == [(offset * 8 + bit,)]
    assert explanations(data, _kernel.mask_crc(_kernel.crc32c(data))) == []
