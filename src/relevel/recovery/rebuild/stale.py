"""Possibly stale: what may be older than what was lost.

Where a block, a table, a log or the manifest is lost, versions of the same keys that lie deeper surface in its place. They may
have been overwritten or deleted by what is lost, so a rescue counts them. Beside a lost log or manifest that is any key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Final, TypeAlias

from relevel import _kernel
from relevel.findings import Finding, KeyRange, Span
from relevel.format.filename import FileKind
from relevel.recovery.inventory.at_risk import (
    ANY_KEY,
    OUT_OF_TURN,
    STRAYS,
    holds,
    hurt_file,
    is_proved_newer,
    keys_at_risk,
    overlap,
)
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.read.rows import Version
from relevel.recovery.rebuild.inputs import PlanInputs, repairer_for
from relevel.recovery.rebuild.plan import Plan

Apart: TypeAlias = tuple[int, frozenset[bytes], frozenset[int]]
"""Versions of a file: at this offset or behind it, of these keys, at these offsets."""

_NOWHERE: Final = (1 << 64) - 1
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
        taken_for: the missing file that it is taken for; None where it is none.
    """

    keys: KeyRange
    count: int
    file: str
    code: str
    taken_for: str | None = None


@dataclass(frozen=True, slots=True)
class _Loss:
    """Part of what one file lost: ``span`` and ``keys`` from its first to its last; ``ends`` are the last keys of its pieces,
    ``saved`` the offsets of blocks of which a part is there. ``is_of_stray``: it is another table, and all in it may be old; so may
    it be where it is ``taken_for`` one that is missing."""

    code: str
    file: DatabaseFile | None
    span: Span
    keys: KeyRange
    ends: frozenset[bytes]
    saved: frozenset[int]
    is_of_stray: bool = False
    taken_for: str | None = None

    @property
    def apart(self) -> dict[str, Apart]:
        """Which versions of the file itself are told apart: those behind what is lost of a log; those of a table whose key goes on
        from a lost part, or that stand beside a hole."""
        if self.file is None:
            return {}
        if self.file.kind is FileKind.TABLE:
            return {self.file.name: (_NOWHERE, self.ends, self.saved)}
        return {self.file.name: (max(self.span.end, self.span.offset + 1), frozenset(), frozenset())}

    def is_apart(self, version: Version) -> bool:
        """Whether a version is one of these."""
        offset, keys, offsets = self.apart.get(version.file, (_NOWHERE, frozenset(), frozenset()))
        return version.offset >= offset or version.key in keys or version.offset in offsets

    def may_outdate(self, file: DatabaseFile, *, is_apart: bool) -> bool:
        """Whether versions of keys in the range may be older: those of a file that are told apart, or the others."""
        if self.file is not None and self.file.name == file.name and file.kind is FileKind.TABLE:
            return is_apart or self.is_of_stray or self.taken_for is not None
        if self.is_of_stray:
            return False
        return not is_proved_newer(file, _NOWHERE if is_apart else 0, self.file, self.span, self.code)


def possibly_stale(plan: Plan) -> list[StaleRange]:
    """Count, for each range that files have lost, the entries that may be stale. Reads the ranges at risk once more."""
    losses = _losses(plan)
    return _ranges(losses, _count(plan, losses))


def _ranges(losses: Sequence[_Loss], counts: Counter[int]) -> list[StaleRange]:
    """Those with entries that may be stale, given how many by the number of the loss."""
    found = ((loss, counts[number]) for number, loss in enumerate(losses))
    return [StaleRange(loss.keys, count, loss.span.file, loss.code, loss.taken_for) for loss, count in found if count]


def _count(plan: Plan, losses: Sequence[_Loss]) -> Counter[int]:
    """How many entries may be older, by the number of the loss. The kernel counts them by where they lie."""
    files, comparator, inputs = plan.survey.directory.by_name, plan.survey.comparator, PlanInputs(plan)
    counts: Counter[int] = Counter()
    for keys in _joined_ranges(plan, [loss.keys for loss in losses], _most_reads(plan)):
        inside = [number for number, loss in enumerate(losses) if overlap(comparator, loss.keys, keys)]
        wanted = [(losses[number].keys.lower, losses[number].keys.upper, losses[number].apart) for number in inside]
        for number, found in zip(inside, _cursor(plan, inputs, keys).count_by_file(wanted), strict=True):
            counts[number] += sum(
                count for name, apart, count in found if losses[number].may_outdate(files[name], is_apart=apart)
            )
    return counts


def _most_reads(plan: Plan) -> int:
    """How many stretches are read apart. Each reads the logs once more: all together they read no more than there is in tables."""
    tables, logs = (sum(item.file.size for item in items) for items in (plan.survey.tables, plan.logs))
    return max(_LEAST_READS, tables // max(1, logs))


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
            if in_range and loss.may_outdate(self._files[version.file], is_apart=loss.is_apart(version)):
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
    in_files = [loss for found in by_file.values() for loss in _of_one_file(plan, found)]
    return [*in_files, *_strays(plan, by_file)]


def _strays(plan: Plan, by_file: Mapping[str, Sequence[_Loss]]) -> Iterator[_Loss]:
    """The files that are another table. Where keys do not ascend, the order that is asked may be wrong, and not the file."""
    others = {table.file.name for table in plan.survey.tables if not table.is_order_in_doubt}
    for name in others & by_file.keys():
        strays = [loss for loss in by_file[name] if loss.code in STRAYS]
        yield from (replace(loss, keys=ANY_KEY, is_of_stray=True) for loss in strays[:1])


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
    taken_for = finding.evidence.get("taken_for")
    return _Loss(
        finding.code,
        hurt_file(directory, finding),
        finding.span,
        keys,
        ends,
        saved,
        taken_for=taken_for if isinstance(taken_for, str) else None,
    )


def _joined(plan: Plan, one: _Loss, other: _Loss) -> _Loss:
    start = min(one.span.offset, other.span.offset)
    span = Span(one.span.file, start, max(one.span.end, other.span.end) - start)
    code = other.code if other.code == OUT_OF_TURN else one.code
    keys, ends, saved = _span(plan, [one.keys, other.keys]), one.ends | other.ends, one.saved | other.saved
    taken_for = one.taken_for or other.taken_for
    return replace(one, code=code, span=span, keys=keys, ends=ends, saved=saved, taken_for=taken_for)


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


def _cursor(plan: Plan, inputs: PlanInputs, keys: KeyRange) -> _kernel.Cursor:
    """What is visible from the lower end of a range on, to its upper end where the comparator tells what comes after that."""
    order = plan.survey.comparator.kernel
    stop = keys.upper + b"\0" if order == "bytewise" and keys.upper is not None else None
    repair = repairer_for(plan)
    return _kernel.Cursor(inputs.of(keys), order, mode="visible", start=keys.lower, stop=stop, repair=repair)
