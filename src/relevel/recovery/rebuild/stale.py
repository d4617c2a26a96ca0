"""Possibly stale: what may be older than what was lost.

Where a block, a table, a log or the manifest is lost, versions of the same keys that lie deeper surface in its place. They may
have been overwritten or deleted by what is lost, so a rescue counts them. Beside a lost log or manifest that is any key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from relevel import _kernel
from relevel.findings import Finding, KeyRange, Span
from relevel.recovery.inventory.at_risk import ANY_KEY, OUT_OF_TURN, holds, hurt_file, is_proved_newer, keys_at_risk
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.read.rows import Rows, Version
from relevel.recovery.rebuild.plan import Plan
from relevel.recovery.rebuild.rebuild import current_inputs, repairer_for


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
    """What one file lost: ``span`` and ``keys`` from the first to the last of it; ``ends`` are the last keys of its parts."""

    code: str
    file: DatabaseFile | None
    span: Span
    keys: KeyRange
    ends: frozenset[bytes]

    def may_outdate(self, file: DatabaseFile, version: Version) -> bool:
        """Whether a version of a key in the range may be older. In the table itself only one whose key goes on from a lost part."""
        if self.file is not None and self.file.name == file.name:
            return version.key in self.ends
        return not is_proved_newer(file, version.offset, self.file, self.span, self.code)


def possibly_stale(plan: Plan) -> list[StaleRange]:
    """Count, for each file with losses, the entries that may be stale. Reads the ranges at risk once more, once for all."""
    losses = _losses_by_file(plan)
    if not losses:
        return []
    files = plan.survey.directory.by_name
    anywhere = [loss for loss in losses if loss.keys == ANY_KEY]
    bounded = [loss for loss in losses if loss.keys != ANY_KEY]
    log_ends = {loss.span.file: loss.span.end for loss in anywhere}
    met: Counter[tuple[str, int]] = Counter()
    counts: Counter[str] = Counter()
    for version in _visible(plan, _span(plan, [loss.keys for loss in losses])):
        end = log_ends.get(version.file, 0)
        met[version.file, end if version.offset >= end else 0] += 1
        for loss in bounded:
            if holds(plan.survey.comparator, loss.keys, version.key) and loss.may_outdate(files[version.file], version):
                counts[loss.span.file] += 1
    for loss in anywhere:
        counts[loss.span.file] = sum(
            count
            for (name, offset), count in met.items()
            if not is_proved_newer(files[name], offset, loss.file, loss.span, loss.code)
        )
    found = ((loss, counts[loss.span.file]) for loss in losses)
    return [StaleRange(loss.keys, count, loss.span.file, loss.code) for loss, count in found if count]


class CertainVersions:
    """Asked of each live version, says whether nothing that was lost can be newer; counts those it refuses.

    Attributes:
        refused: how many may be stale, by the file whose loss makes them so.
    """

    def __init__(self, plan: Plan) -> None:
        self.refused: Counter[str] = Counter()
        self._losses = _losses_by_file(plan)
        self._files = plan.survey.directory.by_name
        self._comparator = plan.survey.comparator

    def __call__(self, version: Version) -> bool:
        """Whether to keep it."""
        for loss in self._losses:
            in_range = loss.keys == ANY_KEY or holds(self._comparator, loss.keys, version.key)
            if in_range and loss.may_outdate(self._files[version.file], version):
                self.refused[loss.span.file] += 1
                return False
        return True

    def ranges(self) -> list[StaleRange]:
        """What was refused."""
        found = ((loss, self.refused[loss.span.file]) for loss in self._losses)
        return [StaleRange(loss.keys, count, loss.span.file, loss.code) for loss, count in found if count]


def _losses_by_file(plan: Plan) -> list[_Loss]:
    """One for each table or log that lost bytes or is missing, and one where no manifest proves what counts."""
    losses: dict[str, _Loss] = {}
    for finding in plan.losses:
        loss = _loss(plan, finding)
        name = "" if loss.file is None else loss.file.name
        before = losses.get(name)
        losses[name] = loss if before is None or loss.file is None else _joined(plan, before, loss)
    return list(losses.values())


def _loss(plan: Plan, finding: Finding) -> _Loss:
    directory = plan.survey.directory
    keys = keys_at_risk(directory, finding)
    ends = frozenset(() if keys.upper is None else (keys.upper,))
    return _Loss(finding.code, hurt_file(directory, finding), finding.span, keys, ends)


def _joined(plan: Plan, one: _Loss, other: _Loss) -> _Loss:
    start = min(one.span.offset, other.span.offset)
    span = Span(one.span.file, start, max(one.span.end, other.span.end) - start)
    code = other.code if other.code == OUT_OF_TURN else one.code
    return replace(one, code=code, span=span, keys=_span(plan, [one.keys, other.keys]), ends=one.ends | other.ends)


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


def _visible(plan: Plan, keys: KeyRange) -> Iterator[Version]:
    repairer = repairer_for(plan)
    order = plan.survey.comparator.kernel
    cursor = _kernel.Cursor(current_inputs(plan), order, mode="visible", start=keys.lower, repair=repairer)
    for version in Rows(cursor, repairer):
        if keys.upper is not None and plan.survey.comparator.compare(version.key, keys.upper) > 0:
            return
        yield version
