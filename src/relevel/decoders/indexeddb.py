"""Chromium's IndexedDB, by dfindexeddb, which knows its keys and the values of V8 and Blink."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Final

from relevel.decoders.decoder import Decoder, LookUp
from relevel.extras import load_extra

_NOT_SHOWN: Final = frozenset({"offset", "base_offset"})
_MOST_DEPTH: Final = 70


class IndexedDb(Decoder):
    """Keys as what they are keys of, with their fields."""

    summary = "Chromium's IndexedDB, where dfindexeddb is installed"

    def prepare(self, look_up: LookUp) -> None:
        """Load the library."""
        self._keys: Any = load_extra("dfindexeddb.indexeddb.chromium.record", "IndexedDB").IndexedDbKey

    def key(self, key: bytes) -> object:
        """What it is a key of, and its fields."""
        return _plain(self._keys.FromBytes(key), 0)

    def value(self, key: bytes, value: bytes) -> object:
        """What the key says that the value is."""
        return _plain(self._keys.FromBytes(key).ParseValue(value), 0)


def _plain(value: object, depth: int) -> object:
    """A record with its fields by name, and how deep it is at most: what is deeper is refused where it is shown."""
    if depth > _MOST_DEPTH:
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value) if field.name not in _NOT_SHOWN]
        return {"kind": type(value).__name__, **{name: _plain(getattr(value, name), depth + 1) for name in fields}}
    if isinstance(value, dict):
        return {str(name): _plain(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    return value
