"""Decoders by name: those that come with relevel, and those that other packages bring.

A package brings one by an entry point in the group ``relevel.decoders``: its name, and the class derived from ``Decoder``. The name
of a decoder that comes with relevel cannot be taken.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from relevel.decoders.decoder import Decoder
from relevel.errors import InvalidArgumentError, NotSupportedError

GROUP: Final = "relevel.decoders"
"""The group of entry points."""
BUILT_IN: Final[Mapping[str, tuple[str, str]]] = {
    "raw": ("text", "Raw"),
    "utf-8": ("text", "Utf8"),
    "utf-16": ("text", "Utf16"),
    "json": ("structured", "Json"),
    "msgpack": ("structured", "MessagePack"),
    "cbor": ("structured", "Cbor"),
    "uint-be": ("text", "UnsignedBigEndian"),
    "uint-le": ("text", "UnsignedLittleEndian"),
    "int-be": ("text", "SignedBigEndian"),
    "int-le": ("text", "SignedLittleEndian"),
    "local-storage": ("local_storage", "LocalStorage"),
    "indexeddb": ("indexeddb", "IndexedDb"),
    "lotus": ("lotus", "Lotus"),
    "chainstate": ("chainstate", "Chainstate"),
    "bedrock": ("bedrock", "Bedrock"),
}
"""The module and class of the decoders that come with relevel, by name."""


def decoder_names() -> list[str]:
    """The names of all decoders there are."""
    return [*BUILT_IN, *sorted(_plugins().keys() - BUILT_IN.keys())]


def make_decoder(name: str) -> Decoder:
    """Make the decoder of that name; ``prepare`` is left to the caller.

    Raises:
        InvalidArgumentError: there is none.
        NotSupportedError: a plugin cannot be imported, or is no decoder.
    """
    if name in BUILT_IN:
        module, class_name = BUILT_IN[name]
        made: Decoder = getattr(importlib.import_module(f"relevel.decoders.{module}"), class_name)()
        return made
    plugin = _plugins().get(name)
    if plugin is None:
        raise InvalidArgumentError(f"there is no decoder {name!r}; there are {', '.join(decoder_names())}")
    try:
        decoder = plugin.load()()
    except Exception as error:
        raise NotSupportedError(f"the decoder {name!r} ({plugin.value}) cannot be made: {error!r}") from error
    if not isinstance(decoder, Decoder):
        raise NotSupportedError(f"the decoder {name!r} ({plugin.value}) does not derive from relevel.Decoder")
    return decoder


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
