"""Healing of flipped bits in logs and manifests: the record's header as well as its payload.

::

    masked checksum (4) | length (2, little-endian) | type (1) | payload        one physical record
                                                     \\____________/  what the checksum covers

The length is outside the checksum: a flip in it is found by trying each of its sixteen bits and asking the checksum. Where the
type was hit in a way that still fits its checksum there is nothing to find: the checksum covers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from relevel import _kernel
from relevel.findings import Finding
from relevel.format.record import BLOCK_SIZE, HEADER_SIZE
from relevel.recovery.heal.block import Healing
from relevel.recovery.heal.checksum import Explanation, HealKind, Trust, believe, explanations, flip, flip_all
from relevel.recovery.heal.told import healed_finding
from relevel.storage.read_only import ReadOnlyDirectory

HEALABLE_FAULTS: Final = frozenset({"record.checksum-mismatch", "record.bad-length", "record.unknown-type"})
"""What one flipped bit in a record looks like: codes without the ``log.`` or ``manifest.`` before them."""
MOST_TO_HEAL: Final = 256 << 20
"""Files above this size are not held in memory, so their records are not healed: bytes."""

_LENGTH_OFFSET: Final = 4
_TYPE_OFFSET: Final = 6
_RECORD_TYPES: Final = frozenset({1, 2, 3, 4})  # full, first, middle, last. Part of the file format.


def heal_record(data: bytes, offset: int, trust: int = Trust.BURST_OF_8) -> Healing | None:
    """Put back one bit, or a few next to each other, that were flipped in the physical record at ``offset`` of a log's bytes.

    Returns:
        The healing, its bits counted from the start of ``data`` and ``stored`` the record alone, or None where no such error
        explains the damage.
    """
    block_end = min(len(data), (offset // BLOCK_SIZE + 1) * BLOCK_SIZE)
    if offset + HEADER_SIZE > block_end:
        return None
    return _heal_length(data, offset, block_end) or _heal_covered(data, offset, block_end, trust)


def _heal_length(data: bytes, offset: int, block_end: int) -> Healing | None:
    header = data[offset : offset + HEADER_SIZE]
    for position in range(16):
        candidate = flip(header, _LENGTH_OFFSET + position // 8, position % 8)
        size = int.from_bytes(candidate[_LENGTH_OFFSET:_TYPE_OFFSET], "little")
        if offset + HEADER_SIZE + size > block_end or candidate[_TYPE_OFFSET] not in _RECORD_TYPES:
            continue
        covered = data[offset + _TYPE_OFFSET : offset + HEADER_SIZE + size]
        if _kernel.mask_crc(_kernel.crc32c(covered)) == int.from_bytes(header[:4], "little"):
            record = candidate + data[offset + HEADER_SIZE : offset + HEADER_SIZE + size]
            return Healing(HealKind.LENGTH_BIT, ((offset + _LENGTH_OFFSET) * 8 + position,), record, 16 / 2**32)
    return None


def _heal_covered(data: bytes, offset: int, block_end: int, trust: int) -> Healing | None:
    size = int.from_bytes(data[offset + _LENGTH_OFFSET : offset + _TYPE_OFFSET], "little")
    end = offset + HEADER_SIZE + size
    if end > block_end:
        return None
    masked = int.from_bytes(data[offset : offset + 4], "little")
    covered = data[offset + _TYPE_OFFSET : end]
    record = data[offset:end]

    def proves(found: Explanation) -> bool:
        return flip_all(record, _in_record(found, size))[_TYPE_OFFSET] in _RECORD_TYPES

    was_sound = record[_TYPE_OFFSET] in _RECORD_TYPES
    found = believe(explanations(covered, masked, min(trust, Trust.BURST_OF_8)), proves, was_sound=was_sound)
    if found is None:
        return None
    bits = _in_record(found, size)
    in_doubt = found.is_in_doubt(was_sound=True)  # a type that is one of four proves little
    return Healing(_kind(bits), tuple(offset * 8 + bit for bit in bits), flip_all(record, bits), found.odds, in_doubt)


def _in_record(found: Explanation, size: int) -> tuple[int, ...]:
    """The bits of an explanation from the start of a record with ``size`` bytes of payload: its checksum comes first."""
    end = (1 + size) * 8
    return tuple(sorted(bit - end if bit >= end else _TYPE_OFFSET * 8 + bit for bit in found.bits))


def _kind(bits: tuple[int, ...]) -> HealKind:
    if len(bits) > 1:
        return HealKind.BURST
    place = bits[0] // 8
    if place < _LENGTH_OFFSET:
        return HealKind.CHECKSUM_BIT
    return HealKind.TYPE_BIT if place == _TYPE_OFFSET else HealKind.PAYLOAD_BIT


def heal_log(data: bytes, offsets: Iterable[int], trust: int = Trust.BURST_OF_8) -> tuple[bytes, list[Healing]]:
    """Heal the physical records at these offsets, as far as single bits explain them.

    Returns:
        The bytes of the log with what could be healed put back, and the healings in file order.
    """
    patched = bytearray(data)
    healings = []
    for offset in sorted(set(offsets)):
        block_start = offset // BLOCK_SIZE * BLOCK_SIZE
        block = bytes(patched[block_start : block_start + BLOCK_SIZE])
        healing = heal_record(block, offset - block_start, trust)
        if healing is None:
            continue
        patched[offset : offset + len(healing.stored)] = healing.stored
        healings.append(replace(healing, bits=tuple(block_start * 8 + bit for bit in healing.bits)))
    return bytes(patched), healings


def heal_file(
    storage: ReadOnlyDirectory, name: str, findings: Iterable[Finding], trust: int = Trust.BURST_OF_8
) -> tuple[bytes, list[Finding]] | None:
    """Heal a log or manifest whose findings are given, as far as single bits explain them.

    Returns:
        Its bytes with what could be healed put back, and the findings that are healed by it; None where none is.

    Raises:
        StorageError: it cannot be read.
    """
    hurt = {finding.span.offset: finding for finding in findings if finding.code.partition(".")[2] in HEALABLE_FAULTS}
    if not hurt or storage.size(name) > MOST_TO_HEAL:
        return None
    data, healings = heal_log(storage.read(name), hurt, trust)
    if not healings:
        return None
    return data, [_healed(hurt, healing) for healing in healings]


def _healed(hurt: dict[int, Finding], healing: Healing) -> Finding:
    """The finding that a healing answers: the last one at or before the byte that was hit."""
    start = max(offset for offset in hurt if offset <= healing.offset)
    return healed_finding(hurt[start], replace(healing, bits=tuple(bit - start * 8 for bit in healing.bits)))
