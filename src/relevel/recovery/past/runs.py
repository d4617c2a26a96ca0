"""Runs of deletions: where many keys were deleted one after another.

A script that empties a database, a cleaning-up that went wrong: their deletions have sequence numbers that follow each other
closely. What else the program wrote meanwhile stands between them, so a run may have gaps; but most of it are deletions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from relevel.findings import KeyRange
from relevel.format.comparator import Comparator
from relevel.recovery.read.rows import Version

_LONGEST_GAP: Final = 16
"""Other changes that may stand between two deletions of one run."""
_LEAST_DENSITY: Final = 0.5
"""The part of a run's changes that must be deletions."""


@dataclass(frozen=True, slots=True)
class DeletionRun:
    """Deletions one after another.

    Attributes:
        first_sequence: the sequence number of the first.
        last_sequence: of the last.
        count: how many there are.
        keys: the first and the last of the keys, in key order.
        prefix: what all keys begin with.
    """

    first_sequence: int
    last_sequence: int
    count: int
    keys: KeyRange
    prefix: bytes

    def __str__(self) -> str:
        """``394,061 to 394,411: 351 deletions in one run``."""
        return f"{self.first_sequence:,} to {self.last_sequence:,}: {self.count:,} deletions in one run"


def run_around(runs: Iterable[DeletionRun], sequence: int) -> DeletionRun | None:
    """The largest run of which some deletions, and not all, had been made after the change with this number."""
    inside = (run for run in runs if run.first_sequence <= sequence < run.last_sequence)
    return max(inside, key=lambda run: run.count, default=None)


def find_runs(deletions: Iterable[Version], comparator: Comparator, min_count: int) -> Iterator[DeletionRun]:
    """Find runs of at least ``min_count`` among deletions that come in sequence order."""
    run: _Run | None = None
    for version in deletions:
        if run is not None and run.takes(version):
            run.take(version, comparator)
            continue
        if run is not None and run.count >= min_count:
            yield run.result()
        run = _Run(version.sequence, version.sequence, version.key, version.key, version.key)
    if run is not None and run.count >= min_count:
        yield run.result()


@dataclass(slots=True)
class _Run:
    first: int
    last: int
    smallest: bytes
    largest: bytes
    prefix: bytes
    count: int = 1

    def takes(self, version: Version) -> bool:
        """Whether a deletion goes on with this run."""
        size = version.sequence - self.first + 1
        return version.sequence - self.last <= _LONGEST_GAP + 1 and (self.count + 1) / size >= _LEAST_DENSITY

    def take(self, version: Version, comparator: Comparator) -> None:
        self.count += version.sequence != self.last
        self.last = version.sequence
        if comparator.compare(version.key, self.smallest) < 0:
            self.smallest = version.key
        elif comparator.compare(version.key, self.largest) > 0:
            self.largest = version.key
        if not version.key.startswith(self.prefix):
            alike = takewhile(lambda pair: pair[0] == pair[1], zip(self.prefix, version.key, strict=False))
            self.prefix = self.prefix[: sum(1 for _ in alike)]

    def result(self) -> DeletionRun:
        return DeletionRun(self.first, self.last, self.count, KeyRange(self.smallest, self.largest), self.prefix)
