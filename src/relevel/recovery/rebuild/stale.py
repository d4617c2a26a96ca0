"""Possibly stale: what may be older than what was lost.

Where a block or table is lost, versions of the same keys that lie deeper surface in its place. They may have been overwritten or
deleted by what is lost, so a rescue names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from relevel import _kernel
from relevel.findings import KeyRange
from relevel.format.filename import FileKind
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.inventory.standing import DatabaseFile, is_older
from relevel.recovery.read.rows import Rows, Version
from relevel.recovery.rebuild.plan import Plan
from relevel.recovery.rebuild.rebuild import current_inputs


@dataclass(frozen=True, slots=True)
class StaleRange:
    """Live entries of the result that may be older than what was lost.

    Attributes:
        keys: the range at risk.
        count: entries in it that come from files older than the lost bytes.
        file: where the lost bytes were.
    """

    keys: KeyRange
    count: int
    file: str


def possibly_stale(plan: Plan) -> list[StaleRange]:
    """Count, for each file with losses, the entries that may be stale. Reads the ranges at risk once more, once for all."""
    files = plan.survey.directory.by_name
    lost = _ranges_by_file(plan)
    if not lost:
        return []
    counts = dict.fromkeys(lost, 0)
    for version in _visible(plan, _span(plan, lost.values())):
        for name, keys in lost.items():
            if _holds(plan, keys, version.key) and not _is_newer(files[version.file], files[name]):
                counts[name] += 1
    return [StaleRange(keys, counts[name], name) for name, keys in lost.items() if counts[name]]


def _ranges_by_file(plan: Plan) -> dict[str, KeyRange]:
    """For each table or log that lost bytes, the range from the first to the last key at risk."""
    lost: dict[str, KeyRange] = {}
    for finding in plan.losses:
        file = plan.survey.directory.by_name.get(finding.span.file)
        if file is not None and file.kind in (FileKind.TABLE, FileKind.LOG):
            keys = finding.keys or KeyRange()
            lost[file.name] = _span(plan, [keys, lost.get(file.name, keys)])
    return lost


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


def _holds(plan: Plan, keys: KeyRange, key: bytes) -> bool:
    compare = plan.survey.comparator.compare
    return (keys.lower is None or compare(keys.lower, key) <= 0) and (
        keys.upper is None or compare(key, keys.upper) <= 0
    )


def _is_newer(file: DatabaseFile, lost: DatabaseFile) -> bool:
    """Whether nothing lost in one file can be newer than what is in the other. What else is in the hurt file is no older."""
    return file.name == lost.name or is_older(lost, file)


def _visible(plan: Plan, keys: KeyRange) -> Iterator[Version]:
    repairer = Repairer()
    order = plan.survey.comparator.kernel
    cursor = _kernel.Cursor(current_inputs(plan), order, mode="visible", start=keys.lower, repair=repairer)
    for version in Rows(cursor, repairer):
        if keys.upper is not None and plan.survey.comparator.compare(version.key, keys.upper) > 0:
            return
        yield version
