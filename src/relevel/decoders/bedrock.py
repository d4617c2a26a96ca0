"""Minecraft Bedrock worlds: keys of chunks.

```text
x LE32 | z LE32 | dimension LE32, none for the Overworld | tag | height of the subchunk, with its tag alone
digp x z dimension      which actors are in a chunk            actorprefix N    one actor
~local_player, map_N…   text
```
Values are NBT or chunks of the game's own format, and are not decoded, except for numbers.
Source: the Minecraft Wiki, "Bedrock Edition level format".
"""

from __future__ import annotations

import struct
from typing import Final

from relevel.decoders.decoder import Decoder, NotDecodedError

_TAGS: Final = {
    43: "Data3D",
    44: "Version",
    45: "Data2D",
    46: "Data2DLegacy",
    47: "SubChunkPrefix",
    48: "LegacyTerrain",
    49: "BlockEntity",
    50: "Entity",
    51: "PendingTicks",
    52: "LegacyBlockExtraData",
    53: "BiomeState",
    54: "FinalizedState",
    55: "ConversionData",
    56: "BorderBlocks",
    57: "HardcodedSpawners",
    58: "RandomTicks",
    59: "CheckSums",
    60: "GenerationSeed",
    61: "GeneratedPreCavesAndCliffsBlending",
    62: "BlendingBiomeHeight",
    63: "MetaDataHash",
    64: "BlendingData",
    65: "ActorDigestVersion",
    118: "LegacyVersion",
}
_SUBCHUNK: Final = 47
_DIMENSIONS: Final = {1: "Nether", 2: "End"}
_ACTOR, _DIGEST = b"actorprefix", b"digp"
_NUMBERS: Final = frozenset({44, 54, 65, 118})
"""Tags whose value is a little-endian number."""


class Bedrock(Decoder):
    """Keys as chunk and part of it."""

    summary = "keys of Minecraft Bedrock worlds"

    def key(self, key: bytes) -> object:
        """The chunk and the part, the actor, or the text."""
        if key.startswith(_ACTOR):
            return {"actor": key[len(_ACTOR) :].hex()}
        if key.startswith(_DIGEST) and len(key) in (12, 16):
            return {"actors_of": _place(key[len(_DIGEST) :])}
        tag = tag_of(key)
        if tag is not None:
            place, after = (key[:8], key[8:]) if len(key) < 13 else (key[:12], key[12:])
            height = {"y": int.from_bytes(after[1:], "little", signed=True)} if tag == _SUBCHUNK else {}
            return {**_place(place), "tag": _TAGS[tag], **height}
        text = key.decode("utf-8")
        if not text.isprintable():
            raise NotDecodedError("it is no key of a chunk, and no text")
        return text

    def value(self, key: bytes, value: bytes) -> object:
        """The number, of the tags that have one."""
        if tag_of(key) in _NUMBERS and len(value) <= 4:
            return int.from_bytes(value, "little")
        raise NotDecodedError("NBT and chunks are not decoded")


def tag_of(key: bytes) -> int | None:
    """The tag of a chunk's key; None of another key."""
    shapes = {9: 8, 10: 8, 13: 12, 14: 12}
    position = shapes.get(len(key))
    if position is None or key[position] not in _TAGS:
        return None
    has_height = len(key) - position == 2
    return key[position] if has_height == (key[position] == _SUBCHUNK) else None


def _place(data: bytes) -> dict[str, object]:
    x, z, *dimension = struct.unpack(f"<{len(data) // 4}i", data)
    number = dimension[0] if dimension else 0
    return {"x": x, "z": z, "dimension": _DIMENSIONS.get(number, "Overworld" if number == 0 else str(number))}
