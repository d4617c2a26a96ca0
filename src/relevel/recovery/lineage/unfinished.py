"""Unfinished: what a flush or a compaction had written when its program died, before the manifest counted it.

Everything in such tables is in their inputs as well, and the inputs are all there: they go only after they have been replaced.
So what is left out here costs nothing. It shows in one of three ways.

- The last table has no footer, or nothing at all: it was being written.
- The last table is full, the inputs go on beyond it, and nothing that was made from them does. All that counts in the inputs up
  to its end is in it or its fellows; if an input had gone, deletions would be missing that it held.
- LOG, where it is there, does not tell that it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final

from relevel import _kernel
from relevel.format.comparator import Comparator
from relevel.format.internal_key import user_key_of
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.lineage.kin import Kin, merge_inputs, number_of
from relevel.recovery.read.rows import Rows, Version
from relevel.recovery.survey.access import Route
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.held import HeldDirectory

_FULL: Final = 2 << 20
"""Bytes at which LevelDB and goleveldb end a table and begin the next, unless they are told otherwise."""


def unfinished(kin: Kin, storage: HeldDirectory, comparator: Comparator) -> set[str]:
    """The names of the tables that a compaction has written that did not end.

    Raises:
        OSError: the system cannot read a table.
    """
    found: set[str] = set()
    for name, table in kin.tables.items():
        if _has_no_end(table) and kin.is_copied(name) and not kin.made_from(name):
            found |= {name, *_written_before(kin, name)}
        elif name not in found and _is_full(kin, table) and kin.is_copied(name):
            found |= _broken_off(kin, table, storage, comparator)
    return found


def holds_nothing(table: TableSurvey) -> bool:
    """Whether a table has neither an end nor any entry."""
    return _has_no_end(table) and table.scan is not None and table.scan.block_count == 0


def _has_no_end(table: TableSurvey) -> bool:
    """Whether neither footer nor index is there, as while a table is being written."""
    return table.access is not None and table.access.route is Route.WALK


def _written_before(kin: Kin, name: str) -> Iterator[str]:
    """Other tables of the compaction that has written this one: they are newer than all its inputs."""
    newest_input = max((number_of(each) for each in kin.inputs_of(name)), default=0)
    for other, table in kin.tables.items():
        if newest_input < number_of(table) < number_of(kin.tables[name]) and kin.is_copied(other):
            yield other


def _is_full(kin: Kin, table: TableSurvey) -> bool:
    """Whether a table may have been ended because it was large enough."""
    inputs = kin.inputs_of(table.file.name)
    return table.file.size >= min(_FULL, max((each.file.size for each in inputs), default=_FULL))


def _broken_off(kin: Kin, last: TableSurvey, storage: HeldDirectory, comparator: Comparator) -> set[str]:
    """The tables of a compaction of which this is the last one that was written; none where it ended."""
    inputs = kin.inputs_of(last.file.name)
    made = {each.file.name: each for older in inputs for each in kin.made_from(older.file.name)}
    end = _end(last)
    if end is None or not all(map(kin.is_copied, made)):
        return set()
    beyond = [comparator.compare(_end(each) or b"", end) > 0 for each in inputs]
    if not any(beyond) or any(comparator.compare(_end(each) or b"", end) > 0 for each in made.values()):
        return set()
    older = [table for name, table in kin.tables.items() if name not in made and number_of(table) < number_of(last)]
    names = {each.file.name for each in inputs}
    visible = _visible(older, storage, comparator)
    up_to_end = takewhile(lambda version: comparator.compare(version.key, end) <= 0, visible)
    kept = (version for version in up_to_end if version.file in names)
    return set(made) if _are_among(kept, _visible(made.values(), storage, comparator), comparator) else set()


def _end(table: TableSurvey) -> bytes | None:
    return None if table.scan is None or table.scan.largest is None else user_key_of(table.scan.largest)


def _visible(tables: Iterable[TableSurvey], storage: HeldDirectory, comparator: Comparator) -> Iterator[Version]:
    """What is live in some tables."""
    repairer = Repairer(storage, comparator)
    return iter(Rows(_kernel.Cursor(merge_inputs(tables, (), storage), comparator.kernel, repair=repairer), repairer))


def _are_among(some: Iterator[Version], others: Iterator[Version], comparator: Comparator) -> bool:
    """Whether each version is among others. Both ascend."""
    other = next(others, None)
    for version in some:
        while other is not None and comparator.compare(other.key, version.key) < 0:
            other = next(others, None)
        if other is None or (other.key, other.sequence) != (version.key, version.sequence):
            return False
    return True
