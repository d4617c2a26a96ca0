"""What a decoder returned, as text: bounded in depth, in items and in length, whatever it is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Set
from typing import Any, Final

from relevel.decoders.decoder import NotDecodedError

MOST_ITEMS: Final = 100_000
"""Values in one structure."""
MOST_DEPTH: Final = 64
"""Structures inside each other."""
MOST_TEXT: Final = 16 << 20
"""Characters."""


def as_text(value: object) -> str:
    """Text as it is; all else as JSON, with bytes escaped and what JSON has not as Python writes it.

    Raises:
        NotDecodedError: it is larger or deeper than anybody wants to read.
    """
    if isinstance(value, str):
        return _encodable(_bounded(value))
    return _bounded(json.dumps(_Plain().of(value, 0), ensure_ascii=False))


def printable(text: str, keep: str = "") -> str:
    """Text from a stranger, for a terminal: what it would obey is escaped, except the characters to ``keep``."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _bounded(text: str) -> str:
    if len(text) > MOST_TEXT:
        raise NotDecodedError(f"it has {len(text)} characters when decoded; {MOST_TEXT} are the most")
    return text


def _encodable(text: str) -> str:
    """Lone surrogates, which no encoding has, are escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


class _Plain:
    """Copies a structure into what JSON has, and counts what it copies: a structure may hold itself many times over."""

    def __init__(self) -> None:
        self._items = 0
        self._size = 0

    def of(self, value: object, depth: int) -> Any:
        self._items += 1
        if self._items > MOST_ITEMS:
            raise NotDecodedError(f"it has more than {MOST_ITEMS} values")
        if depth > MOST_DEPTH:
            raise NotDecodedError(f"it is nested more than {MOST_DEPTH} deep")
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, Mapping):
            return {self._text(key): self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | Set):
            return [self.of(item, depth + 1) for item in value]
        return self._text(value)

    def _text(self, value: object) -> str:
        if isinstance(value, bytes | bytearray | memoryview):
            value = bytes(value).decode("latin-1").encode("unicode_escape").decode("ascii")
        text = _encodable(value if isinstance(value, str) else str(value))
        self._size += len(text)
        if self._size > MOST_TEXT:
            raise NotDecodedError(f"it has more than {MOST_TEXT} characters when decoded")
        return text
