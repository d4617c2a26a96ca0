"""Healing of one block as it lies on disk: stored bytes, type, masked checksum.

::

    stored bytes | type (1) | masked checksum (4)
    \\______________________/  what the checksum covers

That a block decompresses and that its entries parse is the proof of a healing; of a data block also that its keys ascend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from relevel import _kernel
from relevel.format.comparator import Comparator
from relevel.format.internal_key import is_internal_key
from relevel.recovery.heal.checksum import Explanation, HealKind, Trust, believe, explanations, flip_all
from relevel.storage.patched import Readable

TRAILER_SIZE: Final = 5
"""Block type (1 byte) and masked checksum (4 bytes) after every block. Part of the file format."""
CHECKSUM_SIZE: Final = 4

Proof = Callable[[bytes], bool]
"""Whether contents are those of a block of the kind that is expected."""


@dataclass(frozen=True, slots=True)
class Healing:
    """Bits put back.

    Attributes:
        kind: what they belonged to.
        bits: each, counted from the start of the bytes that were healed, the least significant of a byte first.
        stored: the bytes as they were before the damage.
        odds: how many errors of this kind or a simpler one chance makes that would explain any other damage as well, before
            anything is proved.
        in_doubt: whether that is so often that something else may have happened.
    """

    kind: HealKind
    bits: tuple[int, ...]
    stored: bytes
    odds: float
    in_doubt: bool = False

    @property
    def offset(self) -> int:
        """The byte of the first bit."""
        return self.bits[0] // 8

    @property
    def bit(self) -> int:
        """The first bit in its byte: 0 (least significant) to 7."""
        return self.bits[0] % 8


def contents_of(stored: bytes) -> bytes | None:
    """The contents of a block as it lies on disk, if it is whole."""
    try:
        return _kernel.blocks.decode_block(stored)
    except _kernel.FaultError:
        return None


def contents_at(storage: Readable, name: str, offset: int, size: int) -> bytes | None:
    """The contents of a block where it lies, of ``size`` bytes without its trailer, if it is whole and not beyond the limit.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        return _kernel.blocks.load_block(storage.source(name), offset, size)
    except _kernel.FaultError:
        return None


def checksum_of(covered: bytes) -> bytes:
    """The masked checksum of bytes, as it is stored behind them."""
    return _kernel.mask_crc(_kernel.crc32c(covered)).to_bytes(CHECKSUM_SIZE, "little")


def parses(contents: bytes) -> bool:
    """Whether contents are a block's."""
    return not _kernel.blocks.scan_block(contents, internal_keys=False)[1]


def holds_data(comparator: Comparator) -> Proof:
    """Whether contents are those of a data block: internal keys that ascend."""

    def proof(contents: bytes) -> bool:
        entries, faults = _kernel.blocks.scan_block(contents)
        keys = [key for key, _ in entries]
        return (
            not faults
            and all(map(is_internal_key, keys))
            and all(comparator.compare_internal(key, following) < 0 for key, following in pairwise(keys))
        )

    return proof


def heal_block(stored: bytes, proof: Proof = parses, most: int = Trust.TESTED) -> Healing | None:
    """Put back the bits that were flipped in a block as it lies on disk, trailer included.

    Args:
        stored: the block and its trailer.
        proof: asked of the contents that a healing makes.
        most: how far to go, one of ``Trust``.

    Returns:
        The healing, or None where no small error explains the damage, or none that is proved, or several are.
    """
    if len(stored) <= TRAILER_SIZE:
        return None
    covered = stored[:-CHECKSUM_SIZE]
    masked = int.from_bytes(stored[-CHECKSUM_SIZE:], "little")

    def proves(found: Explanation) -> bool:
        return _proves(flip_all(stored, found.bits), proof)

    was_sound = _proves(covered + checksum_of(covered), proof)
    found = believe(explanations(covered, masked, most), proves, was_sound=was_sound)
    if found is None:
        return None
    healed, in_doubt = flip_all(stored, found.bits), found.is_in_doubt(was_sound=was_sound)
    return Healing(_kind(found, len(covered)), found.bits, healed, found.odds, in_doubt)


def _kind(found: Explanation, covered: int) -> HealKind:
    if len(found.bits) == 1:
        place = found.bits[0] // 8
        if place >= covered:
            return HealKind.CHECKSUM_BIT
        return HealKind.TYPE_BIT if place == covered - 1 else HealKind.PAYLOAD_BIT
    return HealKind.TWO_BITS if len(found.bits) == 2 else HealKind.BURST


def _proves(stored: bytes, proof: Proof) -> bool:
    contents = contents_of(stored)
    return contents is not None and proof(contents)
