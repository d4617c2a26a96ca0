"""Decoding: the decoders chosen for one database, at work. Nothing that they raise or return gets out unbounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from relevel.decoders.decoder import Decoder
from relevel.decoders.shown import as_text

MOST_BYTES: Final = 16 << 20
"""Larger keys and values are not decoded."""
_MOST_REASON: Final = 200


class Decoded(NamedTuple):
    """One key and value, decoded.

    Attributes:
        decoded_key: the key as text, or None.
        decoded_value: the value as text, or None; a deletion has none.
        undecoded: why the key or the value was not decoded; None where both were.
    """

    decoded_key: str | None
    decoded_value: str | None
    undecoded: str | None


DECODED_FIELDS: Final = Decoded._fields
"""The names of the fields, and of the columns."""


class Decoding:
    """Decodes the keys and values of one database. Not thread-safe.

    Attributes:
        name: the decoders' names, as on the command line.
        guess: how they were chosen and how sure that is; empty where they were named.
    """

    def __init__(self, name: str, keys: Decoder, values: Decoder, guess: str = "") -> None:
        self.name = name
        self.guess = guess
        self._key = keys.key
        self._value = values.value

    def __call__(self, key: bytes, value: bytes | None) -> Decoded:
        """Decode a key and its value; what cannot be decoded is None, with the reason."""
        decoded_key, why_no_key = _attempt(lambda: self._key(key), key, "key")
        decoded_value, why_no_value = None, None
        if value is not None:
            decoded_value, why_no_value = _attempt(lambda: self._value(key, value), value, "value")
        reasons = "; ".join(reason for reason in (why_no_key, why_no_value) if reason)
        return Decoded(decoded_key, decoded_value, reasons or None)


def _attempt(decode: Callable[[], object], raw: bytes, part: str) -> tuple[str | None, str | None]:
    """The text, or the reason why there is none."""
    if len(raw) > MOST_BYTES:
        return None, f"{part}: {len(raw)} bytes are too many to decode"
    try:
        return as_text(decode()), None
    except Exception as error:  # noqa: BLE001  (decoders are strangers: whatever they raise is the reason)
        text = str(error) or type(error).__name__
        reason = text.encode("ascii", "backslashreplace").decode("ascii")
        return None, f"{part}: {reason if reason.isprintable() else repr(reason)}"[:_MOST_REASON]
