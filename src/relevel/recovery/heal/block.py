"""Healing of flipped bits by CRC algebra.

A CRC is linear: ``crc(bytes ^ error) = crc(bytes) ^ L(error)``. The difference between the checksum stored and the checksum
computed (the *syndrome*) therefore depends on the error alone. Run backwards through the register from the end of the bytes,
the syndrome turns into the error itself at the byte that was hit. A single flipped bit has a syndrome of its own for every
position in up to 2^31 bits, so where one is found it is the only one; that the block then decompresses and parses is a second
proof. One pass over the bytes, not one CRC for each bit.

A stored checksum is hit itself where computed and stored differ in one bit *in their masked form*.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from relevel import _kernel
from relevel.strenum import StrEnum

TRAILER_SIZE: Final = 5
"""Block type (1 byte) and masked checksum (4 bytes) after every block. Part of the file format."""

_POLYNOMIAL: Final = 0x82F63B78  # CRC-32C, reflected. Part of the file format.


class HealKind(StrEnum):
    """Which byte was hit."""

    PAYLOAD_BIT = "payload-bit"
    TYPE_BIT = "type-bit"
    CHECKSUM_BIT = "checksum-bit"
    LENGTH_BIT = "length-bit"


@dataclass(frozen=True, slots=True)
class Healing:
    """One bit put back.

    Attributes:
        kind: what the bit belonged to.
        offset: the byte, counted from the start of the bytes that were healed.
        bit: 0 (least significant) to 7.
        stored: the bytes as they were before the damage.
    """

    kind: HealKind
    offset: int
    bit: int
    stored: bytes


@cache
def _tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The CRC's byte table, and for each high byte the index of the table entry that has it (they are all different)."""
    forward = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            register = (register >> 1) ^ (_POLYNOMIAL if register & 1 else 0)
        forward.append(register)
    backward = [0] * 256
    for index, entry in enumerate(forward):
        backward[entry >> 24] = index
    return tuple(forward), tuple(backward)


def locate_flipped_bit(syndrome: int, size: int) -> tuple[int, int] | None:
    """Find the one bit whose flip explains a syndrome.

    Args:
        syndrome: checksum computed xor checksum expected, both unmasked.
        size: bytes that the checksum covers.

    Returns:
        ``(offset, bit)`` of the flip, or None where no single bit explains it.
    """
    forward, backward = _tables()
    single_bits = {forward[1 << bit]: bit for bit in range(8)}
    register = syndrome
    for offset in range(size - 1, -1, -1):
        bit = single_bits.get(register)
        if bit is not None:
            return offset, bit
        index = backward[register >> 24]
        register = ((register ^ forward[index]) << 8 | index) & 0xFFFFFFFF
    return None


def flip(data: bytes, offset: int, bit: int) -> bytes:
    """Give ``data`` with one bit turned over."""
    return data[:offset] + bytes([data[offset] ^ (1 << bit)]) + data[offset + 1 :]


def heal_block(stored: bytes) -> Healing | None:
    """Put back the one bit that was flipped in a block as it lies on disk, trailer included.

    Returns:
        The healing, or None where no single bit explains the damage or the block would not decode with it put back.
    """
    if len(stored) <= TRAILER_SIZE:
        return None
    covered = len(stored) - 4
    masked = int.from_bytes(stored[covered:], "little")
    computed = _kernel.crc32c(stored[:covered])
    trailer_flip = _single_bit(masked ^ _kernel.mask_crc(computed))
    if trailer_flip is not None:
        kind, offset, bit = HealKind.CHECKSUM_BIT, covered + trailer_flip // 8, trailer_flip % 8
    else:
        place = locate_flipped_bit(computed ^ _kernel.unmask_crc(masked), covered)
        if place is None:
            return None
        offset, bit = place
        kind = HealKind.TYPE_BIT if offset == covered - 1 else HealKind.PAYLOAD_BIT
    healed = flip(stored, offset, bit)
    return Healing(kind, offset, bit, healed) if _decodes(healed) else None


def _single_bit(difference: int) -> int | None:
    return difference.bit_length() - 1 if difference.bit_count() == 1 else None


def _decodes(stored: bytes) -> bool:
    try:
        contents = _kernel.decode_block(stored)
    except _kernel.FaultError:
        return False
    return not _kernel.scan_block(contents, internal_keys=False)[1]
