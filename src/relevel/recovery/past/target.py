"""Target: the sequence number to go back to, and what a report says of going there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from relevel.findings import Finding
from relevel.recovery.past.horizon import Horizon
from relevel.recovery.past.moments import SequenceEstimate


class Target(NamedTuple):
    """Where to go back to.

    Attributes:
        sequence: right after the change with this sequence number; None where not to one.
        estimate: where a time was given, the sequence number it stands for, and how sure that is.
    """

    sequence: int | None
    estimate: SequenceEstimate | None = None


class GoesBack:
    """What a report of going back has to say of its completeness."""

    __slots__ = ()

    at: int | None
    findings: Sequence[Finding]
    horizon: Horizon | None

    @property
    def is_complete(self) -> bool:
        """Whether nothing that is on disk was passed over."""
        return not any(finding.is_loss for finding in self.findings)

    @property
    def is_proved(self) -> bool:
        """Whether nothing that was there at the sequence number gone back to may have been dropped by a compaction since."""
        return self.at is None or self.horizon is None or self.horizon.covers(self.at)
