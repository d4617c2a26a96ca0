"""Repair: what the merging cursor asks for when it meets a block that it cannot use.

The cursor goes on either way. A block with one flipped bit is healed and used; every other one is named as lost. Both are
findings.
"""

from __future__ import annotations

from dataclasses import replace

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.recovery.heal.block import Healing, heal_block


class Repairer:
    """Answers the cursor's question and keeps the findings. One for each read.

    Attributes:
        findings: what was healed so far, in the order it was met.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def __call__(self, file: str, fault: _kernel.Fault, stored: bytes) -> bytes | None:
        """Give the contents of a damaged block, or None where they cannot be had."""
        healing = heal_block(stored) if fault.code.endswith(".checksum-mismatch") else None
        if healing is None:
            return None
        self.findings.append(healed_finding(finding_of(file, fault), healing))
        return _kernel.decode_block(healing.stored)


def healed_finding(finding: Finding, healing: Healing) -> Finding:
    """The finding of a damaged block that was put right: nothing of it is at risk any more."""
    place = {"kind": str(healing.kind), "offset": finding.span.offset + healing.offset, "bit": healing.bit}
    message = f"{finding.message}; healed: bit {healing.bit} of byte {place['offset']} ({healing.kind}) was flipped"
    return replace(finding, message=message, keys=None, evidence={**finding.evidence, "healed": place})
