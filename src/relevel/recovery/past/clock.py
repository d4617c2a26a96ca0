"""Clock: between which times a change was made, from what is known of other changes.

Sequence numbers are given out in order of time. So whatever says that the changes after number a were made after some time, or
those up to number u before some time, bounds all others too::

    after(a, time)     every change with a number above a was made at that time or later
    until(u, time)     every change up to number u was made at that time or earlier

Evidence may be wrong: files are copied, which makes their times later, or get times they never had. Where two bounds contradict
each other, the one that is trusted less goes; of equals, both. So an interval may be wide, and is never empty.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timezone
from itertools import accumulate
from typing import Final, NamedTuple

from relevel.recovery.past.moments import Moment, SequenceEstimate

_SLACK: Final = 2.0
"""Seconds by which every bound is widened: a write takes a while, and times of files are coarse."""
_LAST: Final = datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()
"""Times before 1970 or after this are nonsense, and no dates on every system."""


class Bound(NamedTuple):
    """One bound.

    Attributes:
        sequence: of the changes after it or up to it.
        time: seconds since the epoch.
        evidence: what says so, for people.
        trust: of two that contradict each other the one with less trust goes.
    """

    sequence: int
    time: float
    evidence: str
    trust: int


class Clock:
    """Bounds, put in order."""

    def __init__(self, afters: Iterable[Bound], untils: Iterable[Bound], notes: tuple[str, ...] = ()) -> None:
        """Take the bounds that do not contradict each other.

        Args:
            afters: the changes after these are not before their times.
            untils: the changes up to these are not after their times.
            notes: what else is to be told with every estimate.
        """
        afters, untils = _in_agreement(_widened(afters, -_SLACK), _widened(untils, _SLACK))
        self._afters = list(accumulate(sorted(afters), _later))
        self._after_sequences = [bound.sequence for bound in sorted(afters)]
        last_first = sorted(untils, reverse=True)
        self._untils = list(accumulate(last_first, _earlier))[::-1]
        self._until_sequences = [bound.sequence for bound in last_first][::-1]
        self._notes = notes

    def when(self, sequence: int) -> Moment:
        """Between which times a change was made."""
        after, until = self._after(sequence), self._until(sequence)
        return Moment(
            sequence,
            None if after is None else _moment(after.time),
            None if until is None else _moment(until.time),
            self._evidence(after, until),
        )

    def before(self, time: datetime, newest: int) -> SequenceEstimate:
        """Which change was the last before a time; the newest is ``newest``."""
        wanted = time.timestamp()
        until = self._last_until(wanted)
        after = self._first_after(wanted)
        earliest = 0 if until is None else min(until.sequence, newest)
        latest = newest if after is None else max(min(after.sequence, newest), earliest)
        return SequenceEstimate(
            time, self._likeliest(wanted, earliest, latest), earliest, latest, self._evidence(until, after)
        )

    def _likeliest(self, wanted: float, earliest: int, latest: int) -> int:
        """As if what was written between two bounds had been written evenly; where there are not two, what is sure."""
        begin, end = self._after(earliest + 1), self._until(latest)
        if begin is None or end is None or end.time <= begin.time:
            return earliest
        part = min(max((wanted - begin.time) / (end.time - begin.time), 0.0), 1.0)
        return earliest + int(part * (latest - earliest))

    def _evidence(self, *bounds: Bound | None) -> tuple[str, ...]:
        told = [bound.evidence for bound in bounds if bound is not None]
        return tuple(dict.fromkeys([*told, *self._notes])) if told else ()

    def _after(self, sequence: int) -> Bound | None:
        """The latest time that a change is not before."""
        position = bisect_left(self._after_sequences, sequence)
        return self._afters[position - 1] if position else None

    def _until(self, sequence: int) -> Bound | None:
        """The earliest time that a change is not after."""
        position = bisect_left(self._until_sequences, sequence)
        return self._untils[position] if position < len(self._untils) else None

    def _last_until(self, time: float) -> Bound | None:
        """The bound that has most changes before a time."""
        position = bisect_left([bound.time for bound in self._untils], time)
        return (
            None if position == 0 else self._untils[position - 1]._replace(sequence=self._until_sequences[position - 1])
        )

    def _first_after(self, time: float) -> Bound | None:
        """The bound that has most changes at a time or later."""
        position = bisect_left([bound.time for bound in self._afters], time)
        return (
            None
            if position == len(self._afters)
            else self._afters[position]._replace(sequence=self._after_sequences[position])
        )


def are_in_agreement(afters: Iterable[Bound], untils: Iterable[Bound]) -> bool:
    """Whether no bound contradicts another."""
    return not _contradicted_afters(_widened(afters, -_SLACK), _widened(untils, _SLACK))


def _widened(bounds: Iterable[Bound], seconds: float) -> list[Bound]:
    """Those that make sense, with some room."""
    return [bound._replace(time=bound.time + seconds) for bound in bounds if 0 <= bound.time < _LAST]


def _in_agreement(afters: list[Bound], untils: list[Bound]) -> tuple[list[Bound], list[Bound]]:
    """Leave out what contradicts something that is trusted more, then what contradicts an equal."""
    for trust in sorted({bound.trust for bound in (*afters, *untils)}, reverse=True):
        trusted_afters = [bound for bound in afters if bound.trust >= trust]
        trusted_untils = [bound for bound in untils if bound.trust >= trust]
        bad_afters = _contradicted_afters(trusted_afters, trusted_untils)
        bad_untils = _contradicted_untils(trusted_afters, trusted_untils)
        more = {bound for bound in (*bad_afters, *bad_untils) if bound.trust > trust}
        bad = (set(bad_afters) | set(bad_untils)) - more
        afters = [bound for bound in afters if bound not in bad]
        untils = [bound for bound in untils if bound not in bad]
    return afters, untils


def _contradicted_afters(afters: list[Bound], untils: list[Bound]) -> list[Bound]:
    """Those after which changes were made that others say were made before."""
    ordered = sorted(untils)
    sequences = [bound.sequence for bound in ordered]
    earliest = list(accumulate((bound.time for bound in reversed(ordered)), min))[::-1]
    positions = ((bound, bisect_right(sequences, bound.sequence)) for bound in afters)
    return [bound for bound, position in positions if position < len(ordered) and earliest[position] < bound.time]


def _contradicted_untils(afters: list[Bound], untils: list[Bound]) -> list[Bound]:
    """Those before which changes were made that others say were made after."""
    ordered = sorted(afters)
    sequences = [bound.sequence for bound in ordered]
    latest = list(accumulate((bound.time for bound in ordered), max))
    positions = ((bound, bisect_left(sequences, bound.sequence)) for bound in untils)
    return [bound for bound, position in positions if position and latest[position - 1] > bound.time]


def _later(a: Bound, b: Bound) -> Bound:
    return b if b.time > a.time else a


def _earlier(a: Bound, b: Bound) -> Bound:
    return b if b.time < a.time else a


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone()
