"""Structures: JSON, MessagePack and CBOR, each read by the library that everybody reads it with. Keys are UTF-8."""

from __future__ import annotations

import io
import json
from typing import Any, NoReturn

from relevel.decoders.decoder import Decoder, LookUp, NotDecodedError
from relevel.extras import load_extra


class Json(Decoder):
    """Values in JSON, as RFC 8259 has it."""

    summary = "values in JSON, keys in UTF-8"

    def value(self, key: bytes, value: bytes) -> object:
        """The structure."""
        return json.loads(value.decode("utf-8"), parse_constant=_refuse)


class MessagePack(Decoder):
    """Values in MessagePack."""

    summary = "values in MessagePack, keys in UTF-8"

    def prepare(self, look_up: LookUp) -> None:
        """Load the library."""
        self._library: Any = load_extra("msgpack", "MessagePack")

    def value(self, key: bytes, value: bytes) -> object:
        """The structure."""
        return self._library.unpackb(value, strict_map_key=False, timestamp=3)


class Cbor(Decoder):
    """Values in CBOR."""

    summary = "values in CBOR, keys in UTF-8"

    def prepare(self, look_up: LookUp) -> None:
        """Load the library."""
        self._library: Any = load_extra("cbor2", "CBOR")

    def value(self, key: bytes, value: bytes) -> object:
        """The structure."""
        stream = io.BytesIO(value)
        decoded = self._library.load(stream)
        if stream.tell() < len(value):
            raise NotDecodedError(f"{len(value) - stream.tell()} bytes follow the CBOR value")
        return decoded


def _refuse(name: str) -> NoReturn:
    raise NotDecodedError(f"{name} is not JSON")
