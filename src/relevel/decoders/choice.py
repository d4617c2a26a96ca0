"""Which decoders are used for a database: named, or guessed."""

from __future__ import annotations

from typing import Final

from relevel.decoders.decoder import Decoder, LookUp, NotDecodedError
from relevel.decoders.decoding import Decoding
from relevel.decoders.guess import guess_decoders
from relevel.decoders.registry import make_decoder
from relevel.decoders.sample import take_sample
from relevel.decoders.text import Raw
from relevel.errors import RelevelError
from relevel.recovery.read.reader import Reader

AUTO: Final = "auto"
"""The name that means: guess."""
_RAW: Final = "raw"


def choose_decoding(name: str, reader: Reader) -> Decoding:
    """The decoders for a database, made ready.

    Args:
        name: a decoder's name; ``KEYS:VALUES``, two of them; or ``"auto"``.
        reader: the database.

    Raises:
        InvalidArgumentError: there is no such decoder.
        NotSupportedError: what one of them needs is not installed.
        NotDecodedError: one that was named does not find in the database what it needs.
    """
    look_up = _look_up_in(reader)
    guess = ""
    if name == AUTO:
        found = guess_decoders(take_sample(reader), look_up)
        keys, values, guess = found.keys, found.values, found.told
    else:
        first, _, second = name.partition(":")
        keys, values = first, second or first
    is_guess = name == AUTO
    key_decoder = _prepared(keys, look_up, is_guess=is_guess)
    value_decoder = key_decoder if values == keys else _prepared(values, look_up, is_guess=is_guess)
    names = dict.fromkeys((keys or _RAW, values or _RAW))
    return Decoding(":".join(names), key_decoder, value_decoder, guess)


def _prepared(name: str | None, look_up: LookUp, *, is_guess: bool) -> Decoder:
    """The decoder, ready. One that was named must work; one that was guessed may turn out not to, and says why."""
    if name is None:
        return Raw("no decoder fits")
    try:
        decoder = make_decoder(name)
        decoder.prepare(look_up)
    except Exception as error:
        if is_guess:
            return Raw(str(error))
        if isinstance(error, RelevelError):
            raise
        raise NotDecodedError(f"the decoder {name!r} cannot be made ready: {error!r}") from error
    return decoder


def _look_up_in(reader: Reader) -> LookUp:
    def look_up(key: bytes) -> bytes | None:
        first = next(iter(reader.rows("visible", past=False, start=key)), None)
        return first.value if first is not None and first.key == key else None

    return look_up
