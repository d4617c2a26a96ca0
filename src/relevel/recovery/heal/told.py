"""Findings of what was put right."""

from __future__ import annotations

from dataclasses import replace

from relevel.findings import Finding, Span
from relevel.recovery.heal.block import Healing
from relevel.recovery.heal.pages import PAGE
from relevel.recovery.heal.salvage import Salvage


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
    if healing.in_doubt:
        place["in_doubt"] = True
        message += f", which is in doubt: chance explains {healing.odds:.0%} of other damage so"
    keys = finding.keys if healing.in_doubt else None
    return replace(finding, message=message, keys=keys, evidence={**finding.evidence, "healed": place})


def swapped_finding(file: str, one: int, other: int) -> Finding:
    """The finding of two pages of a table that were put back."""
    message = f"{file}: the pages of {PAGE} bytes at {one} and {other} stood in each other's place; they were put back"
    evidence = {"healed": {"kind": "pages-swapped", "pages": [one, other], "size": PAGE}}
    return Finding.of("table.pages-swapped", Span(file, one, PAGE), message, evidence=evidence)


def salvaged_finding(finding: Finding, saved: Salvage) -> Finding:
    """The finding of a damaged block some entries of which are certain; the others are lost."""
    hurt = [[finding.span.offset + start, finding.span.offset + end] for start, end in saved.hurt]
    message = f"{finding.message}; {len(saved.entries)} entries around the damage were saved"
    evidence = {**finding.evidence, "salvaged": {"entries": len(saved.entries), "hurt": hurt}}
    return replace(finding, message=message, evidence=evidence)
