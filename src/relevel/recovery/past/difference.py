"""Difference: what changed between two sequence numbers, key by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from relevel.format.comparator import Comparator
from relevel.recovery.read.rows import Version


class Change(NamedTuple):
    """What became of one key between two moments.

    Attributes:
        key: the user key.
        before: the version seen at the first moment; None where the key was not there.
        after: the version seen at the second; None where it was not there any more.
    """

    key: bytes
    before: Version | None
    after: Version | None

    @property
    def kind(self) -> str:
        """``"added"``, ``"removed"`` or ``"changed"``."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def differences(before: Iterable[Version], after: Iterable[Version], comparator: Comparator) -> Iterator[Change]:
    """Stream the changes between two views, in key order. A value that was written again, the same, is no change.

    Args:
        before: what was seen first, in key order.
        after: what was seen then, in the same order.
        comparator: that order.
    """
    firsts, seconds = iter(before), iter(after)
    first, second = next(firsts, None), next(seconds, None)
    while first is not None or second is not None:
        order = _order(first, second, comparator)
        if order < 0 and first is not None:
            yield Change(first.key, first, None)
        elif order > 0 and second is not None:
            yield Change(second.key, None, second)
        elif first is not None and second is not None and first.value != second.value:
            yield Change(first.key, first, second)
        if order <= 0:
            first = next(firsts, None)
        if order >= 0:
            second = next(seconds, None)


def _order(first: Version | None, second: Version | None, comparator: Comparator) -> int:
    if first is None or second is None:
        return 1 if first is None else -1
    return 0 if first.key == second.key else comparator.compare(first.key, second.key)
