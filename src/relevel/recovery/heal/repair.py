"""Repair: what the merging cursor asks for when it meets a block that it cannot use, and what a survey writes down.

A block that small errors explain is healed and used; of another the entries that are certain are; what is left is named as lost.
The cursor goes on either way. All are findings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from relevel import _kernel
from relevel.errors import StorageError
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.heal.block import Healing, heal_block, holds_data, parses
from relevel.recovery.heal.checksum import Trust
from relevel.recovery.heal.salvage import Salvage, hurt_ranges, salvage
from relevel.storage.patched import Readable

_CHECKSUM: Final = ".checksum-mismatch"
_DATA: Final = "table.block."


@dataclass(frozen=True, slots=True)
class Mended:
    """What could be made of a damaged block; ``salvage`` where it is not whole.

    Attributes:
        healing: the bits that were put back.
        salvage: the entries that are certain.
    """

    healing: Healing | None = None
    salvage: Salvage | None = None

    @property
    def contents(self) -> bytes | None:
        """A block's contents; None where nothing could be had."""
        if self.healing is not None:
            return _kernel.decode_block(self.healing.stored)
        return self.salvage.contents if self.salvage is not None else None

    def told(self, finding: Finding) -> Finding:
        """The finding with what was made of it."""
        if self.healing is not None:
            return healed_finding(finding, self.healing)
        return finding if self.salvage is None else salvaged_finding(finding, self.salvage)


def mend(storage: Readable, file: str, fault: _kernel.Fault, stored: bytes, comparator: Comparator) -> Mended:
    """Make what can be made of a block whose checksum does not fit.

    Raises:
        StorageError: what is around it cannot be read.
    """
    if not fault.code.endswith(_CHECKSUM):
        return Mended()
    if not fault.code.startswith(_DATA):
        return Mended(heal_block(stored, parses))
    hurt = hurt_ranges(storage, file, fault.offset, stored)
    healing = heal_block(stored, holds_data(comparator), Trust.BURST_OF_8 if hurt else Trust.TESTED)
    return Mended(healing) if healing is not None else Mended(salvage=salvage(stored, hurt, comparator))


class Repairer:
    """Answers the cursor's question and keeps the findings. One for each read.

    Attributes:
        findings: what was healed or saved in part so far, in the order it was met.
    """

    def __init__(self, storage: Readable, comparator: Comparator) -> None:
        self.findings: list[Finding] = []
        self._storage = storage
        self._comparator = comparator

    def __call__(self, file: str, fault: _kernel.Fault, stored: bytes) -> bytes | None:
        """Give the contents of a damaged block, or None where they cannot be had."""
        try:
            mended = mend(self._storage, file, fault, stored, self._comparator)
        except StorageError:
            return None
        contents = mended.contents
        if contents is not None:
            self.findings.append(mended.told(finding_of(file, fault)))
        return contents


def healed_finding(finding: Finding, healing: Healing) -> Finding:
    """The finding of a damaged block that was put right: nothing of it is at risk any more."""
    start = finding.span.offset
    flips = [[start + bit // 8, bit % 8] for bit in healing.bits]
    place = {"kind": str(healing.kind), "offset": flips[0][0], "bit": flips[0][1], "odds": healing.odds}
    if len(flips) == 1:
        done = f"bit {healing.bit} of byte {place['offset']} ({healing.kind}) was flipped"
    else:
        place["flips"] = flips
        done = f"{len(flips)} bits from byte {flips[0][0]} to {flips[-1][0]} ({healing.kind}) were flipped"
    message = f"{finding.message}; healed: {done}"
    return replace(finding, message=message, keys=None, evidence={**finding.evidence, "healed": place})


def salvaged_finding(finding: Finding, saved: Salvage) -> Finding:
    """The finding of a damaged block some entries of which are certain; the others are lost."""
    hurt = [[finding.span.offset + start, finding.span.offset + end] for start, end in saved.hurt]
    message = f"{finding.message}; {len(saved.entries)} entries around the damage were saved"
    evidence = {**finding.evidence, "salvaged": {"entries": len(saved.entries), "hurt": hurt}}
    return replace(finding, message=message, evidence=evidence)
