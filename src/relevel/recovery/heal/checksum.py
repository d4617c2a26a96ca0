"""Healing by CRC algebra: small errors that explain why a checksum does not fit.

The difference between the checksum stored and the one computed depends on the error alone, so the kernel can list every burst
of a few bits, and every two bits, after which it fits. One flipped bit has one explanation. Of the others chance makes some
too: the more the longer the bytes are and the more such errors there can be. What chance makes does not often make a block, so
those that prove to be none are left out, and only what is left alone is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from relevel import _kernel
from relevel.strenum import StrEnum

_CHECKSUM_BITS: Final = 32
_BYTE: Final = 8
_MOST_ODDS: Final = 0.001
"""Beyond this a healing that nothing proves is in doubt: a burst of 8 bits in 4 KiB is just below it."""
_MOST_ODDS_OF_PAIRS: Final = 0.15
"""Beyond this two bits far apart are not put back at all: those in 4 KiB are just below it."""
_MOST_ODDS_OF_BURSTS: Final = 0.02
"""The same for bursts: those of 8 bits in 64 KiB are just below it."""
_MOST_ODDS_TESTED: Final = 1.0
"""Where bytes that were none became a block by it, which chance does not bring about."""


class HealKind(StrEnum):
    """What was hit."""

    PAYLOAD_BIT = "payload-bit"
    TYPE_BIT = "type-bit"
    CHECKSUM_BIT = "checksum-bit"
    LENGTH_BIT = "length-bit"
    BURST = "burst"
    TWO_BITS = "two-bits"


class Trust:
    """How far to go, from the surest to the least sure. Each level takes what the ones before it did not explain."""

    ONE_BIT: Final = 0
    """One bit, which has one explanation."""
    BURST_OF_8: Final = 1
    """Bits within eight neighbouring ones: chance makes one in thousands of blocks."""
    PROVED: Final = 2
    """Two bits anywhere, or a burst of twelve: the block must prove it."""
    TESTED: Final = 3
    """A burst of sixteen: the block must prove it, and must have been none before."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error that explains a checksum.

    Attributes:
        bits: the bits that were flipped, counted from the first byte covered, then on through the stored checksum.
        trust: one of ``Trust``.
        odds: how many errors of this kind or a simpler one chance makes for bytes of this length that were hurt in another way.
    """

    bits: tuple[int, ...]
    trust: int
    odds: float

    def is_believable(self, *, was_sound: bool) -> bool:
        """Whether chance does not too often explain other damage so, given whether that could have been found out."""
        if not was_sound:
            return self.odds <= _MOST_ODDS_TESTED
        is_pair = len(self.bits) == 2 and self.trust == Trust.PROVED
        return self.odds <= (_MOST_ODDS_OF_PAIRS if is_pair else _MOST_ODDS_OF_BURSTS)

    def is_in_doubt(self, *, was_sound: bool) -> bool:
        """Whether it is put back and may be wrong all the same."""
        return was_sound and self.odds > _MOST_ODDS


def explanations(covered: bytes, masked_crc: int, most: int = Trust.TESTED) -> list[Explanation]:
    """All small errors, up to a level of trust, after which a masked checksum fits these bytes; none where it does."""
    longest = (1, 8, 12, 16)[most]
    found = _kernel.blocks.explain_checksum(covered, masked_crc, longest_burst=longest, pairs=most >= Trust.PROVED)
    return [_explanation(tuple(bits), len(covered) * _BYTE + _CHECKSUM_BITS) for bits in found]


def _explanation(bits: tuple[int, ...], size: int) -> Explanation:
    span = bits[-1] - bits[0] + 1
    if len(bits) == 1:
        return Explanation(bits, Trust.ONE_BIT, size / 2**32)
    if span <= 8:
        return Explanation(bits, Trust.BURST_OF_8, size * 2.0 ** (span - 1) / 2**32)
    if len(bits) == 2:
        return Explanation(bits, Trust.PROVED, size * size / 2 / 2**32)
    return Explanation(bits, Trust.PROVED if span <= 12 else Trust.TESTED, size * 2.0 ** (span - 1) / 2**32)


def believe(
    found: Sequence[Explanation], proves: Callable[[Explanation], bool], *, was_sound: bool
) -> Explanation | None:
    """The one explanation that is to be believed; None where none is, or more than one.

    Args:
        found: all there are.
        proves: whether what it makes of the bytes is what it must be.
        was_sound: whether they are that without it too, so that they prove nothing.
    """
    for same in _by_trust(found):
        if same[0].trust == Trust.TESTED and was_sound:
            return None
        proved = [each for each in same if proves(each)]
        if not all(each.is_believable(was_sound=was_sound) for each in proved):
            return None
        if proved:
            return proved[0] if len(proved) == 1 else None
    return None


def _by_trust(found: Sequence[Explanation]) -> Iterator[list[Explanation]]:
    for trust in sorted({each.trust for each in found}):
        yield [each for each in found if each.trust == trust]


def flip(data: bytes, offset: int, bit: int) -> bytes:
    """Give ``data`` with one bit turned over."""
    return flip_all(data, (offset * _BYTE + bit,))


def flip_all(data: bytes, bits: Sequence[int]) -> bytes:
    """Give ``data`` with some bits turned over, counted from its first one."""
    changed = bytearray(data)
    for bit in bits:
        changed[bit // _BYTE] ^= 1 << bit % _BYTE
    return bytes(changed)
