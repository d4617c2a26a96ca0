"""Chromium's Local Storage: Chrome, Edge, Electron and their kin.

```text
VERSION                                  the number of the schema, as text
META:origin, METAACCESS:origin           a message of protocol buffers: times, size
_origin NUL key                          key and value: a byte, then the text
                                         the byte: 0 UTF-16, little-endian; 1 Latin-1
```
Source: Chromium, components/services/storage/dom_storage/local_storage_impl.cc and local_storage_database.proto.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from relevel.decoders.decoder import Decoder, NotDecodedError
from relevel.format.varint import decode_varint

_EPOCH: Final = datetime(1601, 1, 1, tzinfo=timezone.utc)
_UTF16, _LATIN1 = 0, 1
_META: Final = {b"META:": ("last_modified", "size"), b"METAACCESS:": ("last_accessed",)}


class LocalStorage(Decoder):
    """Keys as origin and key, values as text."""

    summary = "Chromium's Local Storage"

    def key(self, key: bytes) -> object:
        """Origin and key."""
        if key == b"VERSION":
            return "VERSION"
        for prefix in _META:
            if key.startswith(prefix):
                return {"meta": prefix[:-1].decode(), "origin": key[len(prefix) :].decode("utf-8")}
        origin, separator, name = key[1:].partition(b"\0")
        if key[:1] != b"_" or not separator:
            raise NotDecodedError("it begins with none of VERSION, META:, METAACCESS: and _ORIGIN")
        return {"origin": origin.decode("utf-8"), "key": _text(name)}

    def value(self, key: bytes, value: bytes) -> object:
        """The text; of META: its fields."""
        if key == b"VERSION":
            return value.decode("ascii")
        for prefix, names in _META.items():
            if key.startswith(prefix):
                return _message(value, names)
        return _text(value)


def _text(data: bytes) -> str:
    if not data:
        raise NotDecodedError("the byte that tells the encoding is missing")
    if data[0] == _UTF16:
        return data[1:].decode("utf-16-le", "surrogatepass")
    if data[0] == _LATIN1:
        return data[1:].decode("latin-1")
    raise NotDecodedError(f"{data[0]} is no encoding of Local Storage: 0 is UTF-16, 1 is Latin-1")


def _message(data: bytes, names: tuple[str, ...]) -> dict[str, object]:
    """The numbers of a message: field 1 is a time, in microseconds since 1601."""
    found: dict[str, object] = {}
    offset = 0
    while offset < len(data):
        tag, offset = decode_varint(data, offset)
        if tag & 7:
            raise NotDecodedError(f"field {tag >> 3} of the message is not a number")
        number, offset = decode_varint(data, offset)
        name = names[(tag >> 3) - 1] if 0 < tag >> 3 <= len(names) else f"field_{tag >> 3}"
        found[name] = (_EPOCH + timedelta(microseconds=number)).isoformat() if tag >> 3 == 1 else number
    return found
