"""Possibly stale: what may be older than what was lost.

Where a block, a table, a log or the manifest is lost, versions of the same keys that lie deeper surface in its place. They may
have been overwritten or deleted by what is lost, so a rescue counts them. Beside a lost log or manifest that is any key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Final

from relevel import _kernel
from relevel.findings import Finding, KeyRange, Span
from relevel.format.filename import FileKind
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.inventory.at_risk import (
    ANY_KEY,
    OUT_OF_TURN,
    holds,
    hurt_file,
    is_proved_newer,
    keys_at_risk,
    overlap,
)
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.read.rows import Rows, Version
from relevel.recovery.rebuild.inputs import PlanInputs, repairer_for
from relevel.recovery.rebuild.plan import Plan

_MOST_RANGES: Final = 64
"""Ranges that are told apart in one file."""
_LEAST_READS: Final = 16
"""Stretches that are read apart even where each reads the logs once more that are larger than all else."""


@dataclass(frozen=True, slots=True)
class StaleRange:
    """Live entries of the result that may be older than what was lost.

    Attributes:
        keys: the range at risk; unbounded on both sides where any key is.
        count: entries in it of which nothing proves that they are newer than the lost bytes.
        file: where the lost bytes were.
        code: what is wrong with that file, such as ``log.missing``.
    """

    keys: KeyRange
    count: int
    file: str
    code: str


@dataclass(frozen=True, slots=True)
class _Loss:
    """Part of what one file lost: ``span`` and ``keys`` from its first to its last; ``ends`` are the last keys of its pieces, and
    ``saved`` the offsets of blocks of which a part is there."""

    code: str
    file: DatabaseFile | None
    span: Span
    keys: KeyRange
    ends: frozenset[bytes]
    saved: frozenset[int]

    def may_outdate(self, file: DatabaseFile, version: Version) -> bool:
        """Whether a version of a key in the range may be older. In the table itself only one whose key goes on from a lost part, or
        beside a hole."""
        if self.file is not None and self.file.name == file.name and file.kind is FileKind.TABLE:
            return version.key in self.ends or version.offset in self.saved
        return not is_proved_newer(file, version.offset, self.file, self.span, self.code)


def possibly_stale(plan: Plan) -> list[StaleRange]:
    """Count, for each range that files have lost, the entries that may be stale. Reads the ranges at risk once more."""
    losses = _losses(plan)
    return _ranges(losses, _count_in_ranges(plan, losses) + _count_anywhere(plan, losses))


def _ranges(losses: Sequence[_Loss], counts: Counter[int]) -> list[StaleRange]:
    """Those with entries that may be stale, given how many by the number of the loss."""
    found = ((loss, counts[number]) for number, loss in enumerate(losses))
    return [StaleRange(loss.keys, count, loss.span.file, loss.code) for loss, count in found if count]


def _count_in_ranges(plan: Plan, losses: Sequence[_Loss]) -> Counter[int]:
    """Beside losses of a range of keys: by their numbers."""
    files, comparator = plan.survey.directory.by_name, plan.survey.comparator
    counts: Counter[int] = Counter()
    bounded = {number: loss for number, loss in enumerate(losses) if loss.keys != ANY_KEY}
    inputs = PlanInputs(plan)
    ranges = [loss.keys for loss in bounded.values()]
    for keys in _joined_ranges(plan, ranges, _most_reads(plan)):
        inside = [(number, loss) for number, loss in bounded.items() if overlap(comparator, loss.keys, keys)]
        for version in _visible(plan, inputs, keys):
            for number, loss in inside:
                if holds(comparator, loss.keys, version.key) and loss.may_outdate(files[version.file], version):
                    counts[number] += 1
    return counts


def _most_reads(plan: Plan) -> int:
    """How many stretches are read apart. Each reads the logs once more: all together they read no more than there is in tables."""
    tables, logs = (sum(item.file.size for item in items) for items in (plan.survey.tables, plan.logs))
    return max(_LEAST_READS, tables // max(1, logs))


def _count_anywhere(plan: Plan, losses: Sequence[_Loss]) -> Counter[int]:
    """Beside losses of any key: by their numbers. Every entry is counted by where it is, and none is looked at here."""
    unbounded = {number: loss for number, loss in enumerate(losses) if loss.keys == ANY_KEY}
    if not unbounded:
        return Counter()
    files = plan.survey.directory.by_name
    ends = {loss.span.file: loss.span.end for loss in unbounded.values()}
    met = _cursor(plan, PlanInputs(plan).of(), ANY_KEY, repairer_for(plan)).count_by_file(ends)
    counts: Counter[int] = Counter()
    for number, loss in unbounded.items():
        for name, is_behind, count in met:
            offset = ends[name] if is_behind else 0
            if not is_proved_newer(files[name], offset, loss.file, loss.span, loss.code):
                counts[number] += count
    return counts


class CertainVersions:
    """Asked of each live version, says whether nothing that was lost can be newer; counts those it refuses.

    Attributes:
        refused: how many may be stale, by the number of the loss that makes them so.
    """

    def __init__(self, plan: Plan) -> None:
        self.refused: Counter[int] = Counter()
        self._losses = _losses(plan)
        self._files = plan.survey.directory.by_name
        self._comparator = plan.survey.comparator

    def __call__(self, version: Version) -> bool:
        """Whether to keep it."""
        for number, loss in enumerate(self._losses):
            in_range = loss.keys == ANY_KEY or holds(self._comparator, loss.keys, version.key)
            if in_range and loss.may_outdate(self._files[version.file], version):
                self.refused[number] += 1
                return False
        return True

    def ranges(self) -> list[StaleRange]:
        """What was refused."""
        return _ranges(self._losses, self.refused)


def _losses(plan: Plan) -> list[_Loss]:
    """Those of each table or log that lost bytes or is missing, range by range, and one where no manifest proves what counts."""
    by_file: dict[str, list[_Loss]] = defaultdict(list)
    for finding in plan.losses:
        loss = _loss(plan, finding)
        by_file["" if loss.file is None else loss.file.name].append(loss)
    return [loss for found in by_file.values() for loss in _of_one_file(plan, found)]


def _of_one_file(plan: Plan, losses: Sequence[_Loss]) -> Sequence[_Loss]:
    if losses[0].file is None:
        return losses[-1:]
    if any(loss.keys == ANY_KEY or loss.code == OUT_OF_TURN for loss in losses):
        return [reduce(partial(_joined, plan), losses)]
    ranges = _joined_ranges(plan, [loss.keys for loss in losses], _MOST_RANGES)
    groups = [[loss for loss in losses if overlap(plan.survey.comparator, loss.keys, keys)] for keys in ranges]
    backwards = [
        loss for loss in losses if not overlap(plan.survey.comparator, loss.keys, loss.keys)
    ]  # by damaged ends
    return [*(reduce(partial(_joined, plan), group) for group in groups if group), *backwards]


def _joined_ranges(plan: Plan, ranges: Sequence[KeyRange], most: int) -> list[KeyRange]:
    """The same keys in ranges that are apart and in order; where these were more than ``most``, with what is between some."""
    order = plan.survey.comparator.sort_key
    first = [keys for keys in ranges if keys.lower is None]
    rest = sorted((keys for keys in ranges if keys.lower is not None), key=lambda keys: order(keys.lower or b""))
    joined: list[KeyRange] = []
    for keys in (*first, *rest):
        if joined and overlap(plan.survey.comparator, joined[-1], keys):
            joined[-1] = _span(plan, [joined[-1], keys])
        else:
            joined.append(keys)
    at_once = -(-len(joined) // most)
    return [_span(plan, joined[start : start + at_once]) for start in range(0, len(joined), max(at_once, 1))]


def _loss(plan: Plan, finding: Finding) -> _Loss:
    directory = plan.survey.directory
    keys = keys_at_risk(directory, finding)
    ends = frozenset(() if keys.upper is None else (keys.upper,))
    saved = frozenset([finding.span.offset] if finding.is_salvaged else [])
    return _Loss(finding.code, hurt_file(directory, finding), finding.span, keys, ends, saved)


def _joined(plan: Plan, one: _Loss, other: _Loss) -> _Loss:
    start = min(one.span.offset, other.span.offset)
    span = Span(one.span.file, start, max(one.span.end, other.span.end) - start)
    code = other.code if other.code == OUT_OF_TURN else one.code
    keys, ends, saved = _span(plan, [one.keys, other.keys]), one.ends | other.ends, one.saved | other.saved
    return replace(one, code=code, span=span, keys=keys, ends=ends, saved=saved)


def _span(plan: Plan, ranges: Iterable[KeyRange]) -> KeyRange:
    """From the least lower bound to the greatest upper one."""
    order = plan.survey.comparator.sort_key
    lowers, uppers = [keys.lower for keys in ranges], [keys.upper for keys in ranges]
    known_lowers = [key for key in lowers if key is not None]
    known_uppers = [key for key in uppers if key is not None]
    return KeyRange(
        min(known_lowers, key=order) if len(known_lowers) == len(lowers) else None,
        max(known_uppers, key=order) if len(known_uppers) == len(uppers) else None,
    )


def _visible(plan: Plan, inputs: PlanInputs, keys: KeyRange) -> Iterator[Version]:
    repairer = repairer_for(plan)
    for version in Rows(_cursor(plan, inputs.of(keys), keys, repairer), repairer):
        if keys.upper is not None and plan.survey.comparator.compare(version.key, keys.upper) > 0:
            return
        yield version


def _cursor(plan: Plan, inputs: Sequence[_kernel.Input], keys: KeyRange, repairer: Repairer) -> _kernel.Cursor:
    """What is visible from the lower end of a range on, to its upper end where the comparator tells what comes after that."""
    order = plan.survey.comparator.kernel
    stop = keys.upper + b"\0" if order == "bytewise" and keys.upper is not None else None
    return _kernel.Cursor(inputs, order, mode="visible", start=keys.lower, stop=stop, repair=repairer)
