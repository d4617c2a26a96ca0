"""The order of keys as Python sorts and bisects by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
        self.user: Callable[[bytes], Any] = _itself if comparator.kernel == "bytewise" else comparator.sort_key

    def internal(self, key: bytes) -> tuple[Any, int]:
        """The value of an internal key: of one user key the newest version comes first."""
        return self.user(user_key_of(key)), -int.from_bytes(key[-TRAILER_SIZE:], "little")


def _itself(key: bytes) -> bytes:
    return key
