"""Datastores of Lotus and of other programs of the IPFS family (go-ds-leveldb): keys are paths, values mostly CBOR.

The last part of a key may be a multihash in base32, as in ``/blocks/CIQ…``: it is shown as the hash it is.
Source: go-datastore's key.go, go-ipfs-ds-help's key.go, and the multihash table.
"""

from __future__ import annotations

import base64
from typing import Final

from relevel.decoders.decoder import Decoder, LookUp, NotDecodedError
from relevel.decoders.structured import Cbor
from relevel.errors import CorruptionError
from relevel.format.varint import decode_varint

_HASHES: Final = {0x00: "identity", 0x11: "sha1", 0x12: "sha2-256", 0x13: "sha2-512", 0xB220: "blake2b-256"}


class Lotus(Decoder):
    """Keys as paths, values as CBOR, or else as text."""

    summary = "datastores of Lotus and IPFS: paths, and CBOR or text"

    def prepare(self, look_up: LookUp) -> None:
        """Load the library for CBOR."""
        self._cbor = Cbor()
        self._cbor.prepare(look_up)

    def key(self, key: bytes) -> object:
        """The path, and the hash that its last part is."""
        path = key.decode("utf-8")
        if not path.startswith("/"):
            raise NotDecodedError("it is no path: it does not begin with /")
        found = _multihash(path.rpartition("/")[2])
        return path if found is None else {"path": path, "multihash": found}

    def value(self, key: bytes, value: bytes) -> object:
        """The structure or the text."""
        try:
            text = value.decode("utf-8")
            if text.isprintable():
                return text
        except UnicodeDecodeError:
            pass
        return self._cbor.value(key, value)


def _multihash(text: str) -> str | None:
    """The hash that the text is in base32, or None."""
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
        code, start = decode_varint(data)
        size, start = decode_varint(data, start)
    except (ValueError, CorruptionError):
        return None
    if code not in _HASHES or size == 0 or len(data) - start != size:
        return None
    return f"{_HASHES[code]} {data[start:].hex()}"
