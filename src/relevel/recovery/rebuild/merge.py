"""Merge: everything that counts into one level, by sequence number, range of keys by range.

::

    tables   |------|  |--------|  |-----|           ranges begin where tables do, each with so many bytes of them,
             |----| |-----------------|  |--|        or with a 64th of all where these are more
    ranges   ------->|--------------->|----->        one merge each, as many at a time as there are threads
    written  p0 p1   p0 p1 p2         p0 p1          then numbered in the order of keys

Where the ranges begin depends on the tables alone, so the result is the same, however many threads there are. What is shadowed or
deleted stays behind in the source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from threading import Lock
from typing import Final

from relevel import _kernel
from relevel.findings import KeyRange
from relevel.recovery.inventory.at_risk import ANY_KEY
from relevel.recovery.rebuild.inputs import PlanInputs, repairer_for
from relevel.recovery.rebuild.new_database import NewDatabase, Outcome, Part, TableStyle, level_for
from relevel.recovery.rebuild.plan import Plan
from relevel.recovery.survey.survey import Progress

_RANGE_SIZE: Final = 8 << 20
_MOST_RANGES: Final = 64
_LOG_SHARE: Final = 4
"""Logs are read for every range: all ranges together read no more than one such part of what there is in tables."""


def merge(plan: Plan, database: NewDatabase, progress: Progress | None, thread_count: int) -> Outcome:
    """Write everything into one level."""
    scans = [item.table.scan for item in plan.tables if item.table.scan is not None]
    level, style = level_for(sum(scan.file_size for scan in scans)), TableStyle.of(scans)
    inputs = PlanInputs(plan)
    ranges = cut(plan, inputs)
    told = _Told(progress, sum(scan.put_count for scan in scans) or 1)

    def write(number: int) -> Part:
        cursor = _cursor(plan, inputs, ranges[number])
        return database.write_part(cursor, number, style, progress=told.by(number))

    outcome = Outcome()
    with ThreadPoolExecutor(thread_count) as workers:
        try:
            for part in workers.map(write, range(len(ranges))):
                outcome.join(database.take_in(part, level))
        except BaseException:
            plan.survey.directory.storage.stop()  # so that an interrupt does not wait for what is being read
            workers.shutdown(cancel_futures=True)
            raise
    outcome.faults = list(dict.fromkeys(outcome.faults))
    return outcome


def cut(plan: Plan, inputs: PlanInputs) -> Sequence[KeyRange]:
    """Cut all keys into ranges, each from its lower end up to, and not with, its upper one."""
    if any(keys is None for _, keys in inputs.tables):
        return [ANY_KEY]
    order = plan.survey.comparator.sort_key
    tables = [(keys.lower or b"", item.table.file.size) for item, keys in inputs.tables if keys is not None]
    tables.sort(key=lambda table: order(table[0]))
    most, in_range = _range_size(plan, sum(size for _, size in tables)), 0
    begins: list[bytes] = []
    for (before, size), (begin, _) in pairwise(tables):
        in_range += size
        if in_range >= most and order(before) < order(begin):
            begins.append(begin)
            in_range = 0
    return [KeyRange(lower, upper) for lower, upper in pairwise([None, *begins, None])]


def _range_size(plan: Plan, size: int) -> int:
    logs = sum(log.file.size for log in plan.logs)
    most_ranges = min(_MOST_RANGES, 1 + size // (_LOG_SHARE * logs)) if logs else _MOST_RANGES
    return max(_RANGE_SIZE, -(-size // most_ranges))


class _Told:
    """Tells how many entries all ranges together have written. Safe for threads."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done: dict[int, int] = {}
        self._lock = Lock()

    def by(self, number: int) -> Callable[[int], None] | None:
        """What one range tells; None where nobody listens."""
        return None if self._progress is None else partial(self._tell, self._progress, number)

    def _tell(self, progress: Progress, number: int, done: int) -> None:
        with self._lock:
            self._done[number] = done
            progress(min(sum(self._done.values()), self._total), self._total)


def _cursor(plan: Plan, inputs: PlanInputs, keys: KeyRange) -> _kernel.Cursor:
    return _kernel.Cursor(
        inputs.of(keys),
        plan.survey.comparator.kernel,
        mode="visible",
        start=keys.lower,
        stop=keys.upper,
        repair=repairer_for(plan),
    )
