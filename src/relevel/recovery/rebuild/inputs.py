"""Inputs: what of a plan counts and can be read, as inputs of a merge; all of it, or what may hold a range of keys."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any, Final, TypeAlias

from relevel import _kernel
from relevel.findings import KeyRange
from relevel.format.comparator import Comparator
from relevel.format.internal_key import user_key_of
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.inventory.at_risk import ANY_KEY, overlap
from relevel.recovery.read.inputs import block_inputs, table_input
from relevel.recovery.rebuild.plan import Plan, TablePlan, Treatment
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.temporary import temporary_folder

Order: TypeAlias = Callable[[bytes], Any]
"""Makes of a user key what compares as the comparator says."""

_DATA: Final = "table.block."
_SEPARATOR: Final = "table.index.separator"


class PlanInputs:
    """The tables and logs of a plan.

    Attributes:
        tables: each table that can be read, with the keys that it has, those included that were saved from hurt blocks; None where
            not all of them are known, or where it cannot be read from some key on as it is read from its beginning.
    """

    def __init__(self, plan: Plan) -> None:
        self.tables = [(item, _key_range(plan, item)) for item in plan.tables if item.treatment is not Treatment.NONE]
        self._plan = plan
        by_level: dict[int | None, list[int]] = defaultdict(list)
        for place, (item, _) in enumerate(self.tables):
            by_level[item.table.file.level].append(place)
        ranges, order = [keys for _, keys in self.tables], _order(plan.survey.comparator)
        self._levels = [_Level(ranges, places, order) for places in by_level.values()]

    def of(self, keys: KeyRange = ANY_KEY) -> list[_kernel.Input]:
        """What may hold keys of a range, in the order of the plan."""
        inputs: list[_kernel.Input] = []
        for place in sorted(place for level in self._levels for place in level.places_of(keys)):
            item, _ = self.tables[place]
            if item.treatment is Treatment.SORT:
                inputs += block_inputs(self._plan.survey.directory, item.table, "current")
            else:
                inputs.append(one_table(self._plan, item.table))
        return [*inputs, *log_inputs(self._plan, keys)]


class _Level:
    """Finds those of some tables that may hold keys of a range: quickly where they are apart, as in most levels."""

    def __init__(self, ranges: Sequence[KeyRange | None], places: Iterable[int], order: Order) -> None:
        self._order = order
        known = [
            (order(keys.lower or b""), order(keys.upper or b""), place) for place in places if (keys := ranges[place])
        ]
        known.sort(key=itemgetter(0))
        self._lowers = [lower for lower, _, _ in known]
        self._uppers = [upper for _, upper, _ in known]
        self._reach = list(accumulate(self._uppers, max))
        self._places = [place for _, _, place in known]
        self._always = [place for place in places if ranges[place] is None]

    def places_of(self, keys: KeyRange) -> Iterator[int]:
        """Where they are in the list of all."""
        yield from self._always
        end = len(self._lowers) if keys.upper is None else bisect_right(self._lowers, self._order(keys.upper))
        lower = None if keys.lower is None else self._order(keys.lower)
        for at in reversed(range(end)):
            if lower is not None and self._reach[at] < lower:
                return
            if lower is None or not self._uppers[at] < lower:
                yield self._places[at]


def _order(comparator: Comparator) -> Order:
    return bytes if comparator.kernel == "bytewise" else comparator.sort_key


def _key_range(plan: Plan, item: TablePlan) -> KeyRange | None:
    scan = item.table.scan
    if scan is None or not _reads_the_same_in_parts(item):
        return None
    keys = [user_key_of(key) for key in (scan.smallest, scan.largest, *_mended_keys(item.table)) if key is not None]
    keys.sort(key=plan.survey.comparator.sort_key)
    return KeyRange(keys[0], keys[-1]) if keys else None


def _reads_the_same_in_parts(item: TablePlan) -> bool:
    """Whether its index leads to every key, and what was made of its hurt blocks is kept: making it takes the keys before them."""
    if item.treatment is Treatment.SORT:
        return False
    leads = not any(finding.code == _SEPARATOR for finding in item.table.findings)
    is_hurt = any(finding.code.startswith(_DATA) for finding in item.table.findings)
    return item.table.is_intact or (leads and (bool(item.table.mended) or not is_hurt))


def _mended_keys(table: TableSurvey) -> Iterator[bytes]:
    for contents in table.mended.values():
        entries = [] if contents is None else _kernel.blocks.scan_block(contents)[0]
        yield from (key for key, _ in (*entries[:1], *entries[-1:]))


def one_table(plan: Plan, table: TableSurvey) -> _kernel.TableInput:
    """One table alone."""
    assert table.access is not None
    return table_input(table.storage(plan.survey.directory.storage), table.file, "current", table.access)


def log_inputs(plan: Plan, keys: KeyRange = ANY_KEY) -> list[_kernel.Input]:
    """The logs that count and have something in them, in a range of keys."""
    storage = plan.survey.directory.storage
    return [
        _kernel.LogInput(log.source(storage), log.file.name, temp_dir=temporary_folder())
        for log in plan.logs
        if log.scan is not None and log.scan.batch_count and _may_hold(plan, log.scan, keys)
    ]


def _may_hold(plan: Plan, scan: _kernel.LogScan, keys: KeyRange) -> bool:
    if keys == ANY_KEY or scan.smallest is None or scan.largest is None:
        return True
    return overlap(plan.survey.comparator, KeyRange(scan.smallest, scan.largest), keys)


def repairer_for(plan: Plan) -> Repairer:
    """What answers a cursor over the files of a plan."""
    known = {item.table.file.name: item.table.mended for item in plan.tables if item.table.mended}
    return Repairer(plan.survey.directory.storage, plan.survey.comparator, plan.survey.trust, known)
