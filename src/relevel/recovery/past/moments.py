"""Moments: when a change was made. LevelDB stores no clock, so this is an estimate, with what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from relevel.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Moment:
    """When one change was made: an estimate.

    Attributes:
        sequence: the change's sequence number.
        not_before: it was hardly made before this; None where nothing tells.
        not_after: it was hardly made after this; None where nothing tells.
        evidence: what says so.
    """

    sequence: int
    not_before: datetime | None
    not_after: datetime | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SequenceEstimate:
    """Which change was the last before some time: an estimate.

    Attributes:
        time: that time.
        sequence: the likeliest sequence number; 0 where nothing had been written yet.
        earliest: everything up to this one was written before that time.
        latest: nothing after this one was.
        evidence: what says so.
    """

    time: datetime
    sequence: int
    earliest: int
    latest: int
    evidence: tuple[str, ...]

    def believed(self) -> int:
        """The likeliest sequence number, where anything speaks for it.

        Raises:
            InvalidArgumentError: nothing does.
        """
        if self.evidence:
            return self.sequence
        raise InvalidArgumentError(
            f"nothing tells what came before {self.time:%Y-%m-%d %H:%M %Z}; give sequence numbers, which relevel history shows"
        )

    def gone_back_to(self) -> int:
        """The likeliest sequence number, of a state to go back to.

        Raises:
            InvalidArgumentError: nothing speaks for it, or nothing had been written yet.
        """
        sequence = self.believed()
        if sequence:
            return sequence
        most = f" (up to number {self.latest} may have been)" if self.latest else ""
        raise InvalidArgumentError(
            f"nothing is known to have been written before {self.time:%Y-%m-%d %H:%M %Z}{most}; give a sequence number, which "
            "relevel history shows"
        )
