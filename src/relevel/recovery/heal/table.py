"""Healing of a table as a whole: its bytes with every bit put back that was found to be flipped."""

from __future__ import annotations

from collections.abc import Iterable

from relevel.findings import Finding
from relevel.recovery.heal.log import MOST_TO_HEAL
from relevel.storage.patched import Readable


def heal_table(storage: Readable, name: str, findings: Iterable[Finding]) -> bytes | None:
    """Put back the bits that healed findings name.

    Returns:
        The table's bytes; None where nothing is healed, or the table is too large to be held in memory.

    Raises:
        StorageError: it cannot be read.
    """
    flips = [flip for finding in findings for flip in finding.healed_flips]
    if not flips or storage.size(name) > MOST_TO_HEAL:
        return None
    data = bytearray(storage.read(name))
    for offset, bit in flips:
        if offset < len(data):
            data[offset] ^= 1 << bit
    return bytes(data)
