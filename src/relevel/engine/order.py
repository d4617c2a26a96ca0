"""The order of keys as Python sorts and bisects by it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from relevel._kernel.engine import swap_comparing
from relevel.format.comparator import Comparator
from relevel.format.internal_key import TRAILER_SIZE, user_key_of


class KeyOrder:
    """Makes values that compare as the keys do. For the bytewise order these are the keys themselves.

    Attributes:
        comparator: the order of the user keys.
        user: the value of a user key.
    """

    __slots__ = ("comparator", "user")

    def __init__(self, comparator: Comparator) -> None:
        self.comparator = comparator
        self.user: Callable[[bytes], Any]
        if comparator.kernel == "bytewise":
            self.user = _itself
        elif isinstance(comparator.kernel, str):
            self.user = comparator.sort_key
        else:
            self.user = cmp_to_key(_noted(comparator.compare))

    def internal(self, key: bytes) -> tuple[Any, int]:
        """The value of an internal key: of one user key the newest version comes first."""
        return self.user(user_key_of(key)), -int.from_bytes(key[-TRAILER_SIZE:], "little")


def _noted(compare: Callable[[bytes, bytes], int]) -> Callable[[bytes, bytes], int]:
    """The same comparator; while it runs the kernel knows that, and refuses it the use of the database."""

    def noted(a: bytes, b: bytes) -> int:
        before = swap_comparing(True)
        try:
            return compare(a, b)
        finally:
            swap_comparing(before)

    return noted


def _itself(key: bytes) -> bytes:
    return key
