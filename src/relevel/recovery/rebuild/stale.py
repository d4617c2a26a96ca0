"""Possibly stale: what may be older than what was lost.

Where a block or table is lost, versions of the same keys that lie deeper surface in its place. They may have been overwritten or
deleted by what is lost, so a rescue names them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from relevel import _kernel
from relevel.findings import KeyRange
from relevel.format.filename import FileKind
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.inventory.standing import age_of
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


def possibly_stale(plan: Plan) -> Iterable[StaleRange]:
    """Count, for each loss, the entries that may be stale. Reads the ranges at risk once more."""
    files = plan.survey.directory.files
    ages = {file.name: age_of(file) for file in files if file.kind in (FileKind.TABLE, FileKind.LOG)}
    for finding in plan.losses:
        age = ages.get(finding.span.file)
        if age is None:
            continue
        keys = finding.keys or KeyRange()
        count = sum(1 for version in _visible(plan, keys) if ages.get(version.file, age) > age)
        if count:
            yield StaleRange(keys, count, finding.span.file)


def _visible(plan: Plan, keys: KeyRange) -> Iterable[Version]:
    order = plan.survey.comparator.kernel
    repairer = Repairer()
    cursor = _kernel.Cursor(current_inputs(plan), order, mode="visible", start=keys.lower, repair=repairer)
    for version in Rows(cursor, repairer):
        if keys.upper is not None and plan.survey.comparator.compare(version.key, keys.upper) > 0:
            return
        yield version
