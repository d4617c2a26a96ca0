"""Findings: what is wrong with a database, as values.

A ``Finding`` says which bytes of which file could not be used, why, and which keys are at risk. Its code is stable and comes
from ``CATALOGUE``, which also makes docs/findings.md. Tolerant code reports findings and goes on; strict code raises the
same value inside ``CorruptionError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from relevel.catalogue import CATALOGUE, Severity

__all__ = [
    "CATALOGUE",
    "HOLD_ENTRIES",
    "INDEX_TOO_LARGE",
    "Finding",
    "KeyRange",
    "Severity",
    "Span",
    "each_once",
    "untold",
]


_COST_NOTHING: Final = (
    "current.",  # the newest manifest is found without it
    "manifest.record.",  # what these cost is told by manifest.partial and manifest.none
    "manifest.tail.",
    "manifest.edit.",
    "manifest.incomplete",
    "manifest.read-error",
    "table.footer.",  # what these cost is told by the gaps between the blocks that were found
    "table.index.",
    "table.metaindex.",
    "table.filter.",
    "table.range-mismatch",  # every entry is there
    "table.size-mismatch",  # what is cut off is told by the table itself
    "manifest.sequence.short",  # the tables tell
    "file.foreign-contents",  # what it costs is told by the blocks and records that are not there
    "file.misnamed",  # it is read under the name it has
    "level.",  # entries are merged by sequence number
)


INDEX_TOO_LARGE: Final = "table.index.too-large"
"""No block is looked for in another way then: all entries of the table are in what is not looked at."""
HOLD_ENTRIES: Final = ("table.block.too-large", INDEX_TOO_LARGE, "log.record.too-large")
"""What is not looked at, being too large, and may hold entries."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of bytes in one file of the database.

    Attributes:
        file: name within the database's directory.
        offset: bytes from the start of the file.
        size: bytes; 0 where the finding is about the file or a place in it, not a range.
    """

    file: str
    offset: int = 0
    size: int = 0

    @property
    def end(self) -> int:
        """The first offset after the span."""
        return self.offset + self.size

    def __str__(self) -> str:
        return f"{self.file} at {self.offset} ({self.size} bytes)" if self.size else f"{self.file} at {self.offset}"


@dataclass(frozen=True, slots=True)
class KeyRange:
    """User keys from ``lower`` to ``upper``, both included; ``None`` is unbounded."""

    lower: bytes | None = None
    upper: bytes | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: stable, from ``CATALOGUE``, such as ``table.block.checksum-mismatch``.
        severity: how bad it is here.
        span: the bytes concerned.
        message: one sentence for people: file, offset, expected, got.
        keys: the user keys at risk, where they are known.
        evidence: facts for programs (``expected``, ``got``, ``goleveldb``, ``healed``…), JSON values only.
    """

    code: str
    severity: Severity
    span: Span
    message: str
    keys: KeyRange | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"{self.code!r} is not in the catalogue of findings")

    @classmethod
    def of(
        cls,
        code: str,
        span: Span,
        message: str,
        keys: KeyRange | None = None,
        evidence: Mapping[str, object] | None = None,
    ) -> Finding:
        """A finding of the catalogue's usual severity."""
        return cls(code, CATALOGUE[code].severity, span, message, keys, evidence or {})

    @property
    def is_loss(self) -> bool:
        """Whether entries may be lost or what is live is not proved: not healed, worse than a note, and not in a part that
        costs nothing where the data blocks are reached all the same."""
        is_settled = (self.is_healed and not self.is_in_doubt) or "inferred" in self.evidence
        costs = self.code in HOLD_ENTRIES or not self.code.startswith(_COST_NOTHING)
        return self.severity > Severity.NOTE and not is_settled and costs

    @property
    def is_lost_for_sure(self) -> bool:
        """Whether bytes could not be used, or are not there: more than a doubt."""
        return self.is_loss and self.severity is Severity.DAMAGE and not self.is_healed

    @property
    def is_healed(self) -> bool:
        """Whether the bytes were put back as they had been, so that nothing is lost by it."""
        return "healed" in self.evidence

    @property
    def is_in_doubt(self) -> bool:
        """Whether the bytes were put back as they most likely had been, and that may be wrong."""
        healed = self.evidence.get("healed")
        return isinstance(healed, Mapping) and bool(healed.get("in_doubt"))

    @property
    def is_missing(self) -> bool:
        """Whether it is of a file that is not there, and no other is taken for it."""
        return self.code.endswith(".missing") and "taken_for" not in self.evidence

    @property
    def is_unseen(self) -> bool:
        """Whether nothing is known to be wrong with the bytes: they were more than was to be looked at."""
        return self.code.endswith(".too-large")

    @property
    def healed_flips(self) -> list[tuple[int, int]]:
        """The bits that were put back: offset in the file and number of the bit in its byte."""
        healed = self.evidence.get("healed")
        if not isinstance(healed, Mapping):
            return []
        flips = healed.get("flips") or [[healed["offset"], healed["bit"]]] if "bit" in healed else []
        return [(offset, bit) for offset, bit in flips]

    @property
    def saved_entry_count(self) -> int:
        """How many entries of the bytes were saved; 0 where none were, or all."""
        saved = self.evidence.get("salvaged")
        entries = saved.get("entries") if isinstance(saved, Mapping) else None
        return entries if isinstance(entries, int) else 0

    @property
    def is_salvaged(self) -> bool:
        """Whether some entries of the bytes were saved, though not all."""
        return "salvaged" in self.evidence

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return CATALOGUE[self.code].next_step


def each_once(findings: Iterable[Finding]) -> list[Finding]:
    """Findings without those that were told already: of the same code, at the same place, in the same words."""
    return list({(finding.code, finding.span, finding.message): finding for finding in findings}.values())


def untold(findings: Iterable[Finding], told: Iterable[Finding]) -> list[Finding]:
    """Findings without those that were told in more words, by what looked closer: of the same code, at the same place."""
    known = {(finding.code, finding.span.file, finding.span.offset) for finding in told}
    return [finding for finding in findings if (finding.code, finding.span.file, finding.span.offset) not in known]
