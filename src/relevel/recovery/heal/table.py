"""Healing of a table as a whole: its bytes with every bit put back that was found to be flipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from relevel.findings import Finding
from relevel.recovery.heal.log import MOST_TO_HEAL
from relevel.storage.read_only import ReadOnlyDirectory


def heal_table(storage: ReadOnlyDirectory, name: str, findings: Iterable[Finding]) -> bytes | None:
    """Put back the bits that healed findings name.

    Returns:
        The table's bytes; None where nothing is healed, or the table is too large to be held in memory.

    Raises:
        StorageError: it cannot be read.
    """
    bits = [finding.evidence["healed"] for finding in findings if finding.is_healed]
    if not bits or storage.size(name) > MOST_TO_HEAL:
        return None
    data = bytearray(storage.read(name))
    for place in bits:
        if isinstance(place, Mapping) and place["offset"] < len(data):
            data[place["offset"]] ^= 1 << place["bit"]
    return bytes(data)
