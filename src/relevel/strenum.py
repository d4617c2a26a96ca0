"""``StrEnum``: names that are their own text. Python's own is 3.11's; relevel runs on 3.10 too."""

from __future__ import annotations

import enum


class StrEnum(str, enum.Enum):
    """Members are strings, and print as their values on every version of Python."""

    def __str__(self) -> str:
        return str(self.value)
