"""Unseen: blocks and records that are larger than what the page looks at, and the keys that may be in them.

Of a block the index tells between which keys its own are, and the manifest between which those of the table are; of a record the
key where it holds one alone. Where nothing tells, every key may be in it. Where the index is too large, all of its table is meant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeAlias

from relevel.findings import HOLD_ENTRIES, Finding, KeyRange
from relevel.format.comparator import Comparator
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.read.reader import BYTEWISE, after_prefix

_FIRST: Final = (0,)
_LAST: Final = (2,)
_Bound: TypeAlias = tuple[Any, ...]
"""Orders like the keys do: ``(1, sort key)``, with something before and something after all of them."""


class Unseen:
    """What is larger than what is looked at.

    Attributes:
        findings: one for each block and record, with its keys, in the order in which they were found.
    """

    def __init__(self, findings: Iterable[Finding], directory: Directory, comparator: Comparator) -> None:
        """Take those of the findings that are about this."""
        self.findings = tuple(
            replace(finding, keys=_keys(finding, directory, comparator))
            for finding in findings
            if finding.code in HOLD_ENTRIES
        )
        self._places = {_place(finding) for finding in self.findings}
        self._comparator = comparator
        self._starts: list[_Bound] = []
        self._ends: list[_Bound] = []
        for start, end in sorted(self._bounds(finding.keys or KeyRange()) for finding in self.findings):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def tells_of(self, finding: Finding) -> bool:
        """Whether a finding, whoever met it, is about one of them."""
        return _place(finding) in self._places

    def may_hold(self, key: bytes) -> bool:
        """Whether another version of a key may be in one of them."""
        at = (1, self._comparator.sort_key(key))
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at <= self._ends[place]

    def may_hold_any(self, keys: KeyRange) -> Iterator[Finding]:
        """Those in which keys of a range may be."""
        first, last = self._bounds(keys)
        for finding in self.findings:
            start, end = self._bounds(finding.keys or KeyRange())
            if start <= last and first <= end:
                yield finding

    def may_hold_prefix(self, prefix: bytes) -> Iterator[Finding]:
        """Those in which keys with a prefix may be."""
        if self._comparator.kernel != BYTEWISE or not prefix:
            return iter(self.findings)
        return self.may_hold_any(KeyRange(prefix, after_prefix(prefix)))

    def _bounds(self, keys: KeyRange) -> tuple[_Bound, _Bound]:
        order = self._comparator.sort_key
        first = _FIRST if keys.lower is None else (1, order(keys.lower))
        return first, _LAST if keys.upper is None else (1, order(keys.upper))


def _place(finding: Finding) -> tuple[str, str, int]:
    return finding.code, finding.span.file, finding.span.offset


def _keys(finding: Finding, directory: Directory, comparator: Comparator) -> KeyRange:
    """The keys of a finding, as far as they are within those of the table."""
    keys, file = finding.keys or KeyRange(), directory.by_name.get(finding.span.file)
    if file is None or file.metadata is None:
        return keys
    smallest, largest = user_key_of(file.metadata.smallest), user_key_of(file.metadata.largest)
    is_above = keys.lower is not None and comparator.compare(keys.lower, smallest) > 0
    is_below = keys.upper is not None and comparator.compare(keys.upper, largest) < 0
    return KeyRange(keys.lower if is_above else smallest, keys.upper if is_below else largest)
