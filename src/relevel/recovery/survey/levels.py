"""Levels: tables of one level, from the first on, must not overlap. Level 0 may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from relevel.findings import CATALOGUE, Finding, KeyRange, Span
from relevel.format.comparator import Comparator
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.standing import Standing
from relevel.recovery.survey.table import TableSurvey


def verify_levels(tables: Iterable[TableSurvey], comparator: Comparator) -> Iterator[Finding]:
    """Find live tables of one level whose key ranges, as read, overlap."""
    by_level: dict[int, list[TableSurvey]] = defaultdict(list)
    for table in tables:
        if table.file.standing is Standing.LIVE and table.file.level and table.scan and table.scan.smallest is not None:
            by_level[table.file.level].append(table)
    for level, members in sorted(by_level.items()):
        for left, right in overlaps(members, comparator):
            message = f"{left.file.name} and {right.file.name}: key ranges overlap in level {level}, where LevelDB reads only one"
            span = Span(right.file.name, 0, right.file.size)
            yield Finding("level.overlap", CATALOGUE["level.overlap"].severity, span, message, _range(right))


def overlaps(tables: Sequence[TableSurvey], comparator: Comparator) -> Iterator[tuple[TableSurvey, TableSurvey]]:
    """Pairs of neighbours, in order of smallest key, of which the second begins before the first ends.

    One user key may span two tables (its newer versions in the first), so internal keys are compared.
    """
    read = [table for table in tables if table.scan is not None and table.scan.smallest is not None]
    order = comparator.internal_sort_key
    ordered = sorted(read, key=lambda table: order(_smallest(table)))
    for left, right in pairwise(ordered):
        if comparator.compare_internal(_largest(left), _smallest(right)) >= 0:
            yield left, right


def _smallest(table: TableSurvey) -> bytes:
    return (table.scan.smallest if table.scan else None) or b""


def _largest(table: TableSurvey) -> bytes:
    return (table.scan.largest if table.scan else None) or b""


def _range(table: TableSurvey) -> KeyRange:
    return KeyRange(user_key_of(_smallest(table)), user_key_of(_largest(table)))
