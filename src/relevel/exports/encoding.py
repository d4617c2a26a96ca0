"""Keys and values as text, and back. Every encoding is lossless for every byte string.

===========  ==========================================================================================================
escaped      printable ASCII as it is; a backslash doubled; all else ``\\\\xHH``, ``\\\\n``, ``\\\\r``, ``\\\\t``
utf8         UTF-8; a byte that is not UTF-8 becomes a lone surrogate U+DC80..U+DCFF (Python's ``surrogateescape``)
hex          two lower-case digits a byte
base64       RFC 4648, with padding
===========  ==========================================================================================================
"""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from relevel.errors import InvalidArgumentError

_ESCAPES: Final = codecs.lookup("unicode_escape")
"""Python loads it when it is first asked for, and without a file descriptor left it cannot."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One way to write bytes as text.

    Attributes:
        name: as on the command line.
        encode: bytes to text.
        decode: text to bytes; raises ValueError for text that no bytes have.
    """

    name: str
    encode: Callable[[bytes], str]
    decode: Callable[[str], bytes]


def _escape(data: bytes) -> str:
    return _ESCAPES.encode(data.decode("latin-1"))[0].decode("ascii")


def _unescape(text: str) -> bytes:
    return _ESCAPES.decode(text.encode("utf-8", "surrogateescape"))[0].encode("latin-1")


def _from_utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _to_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


ENCODINGS: Final[Mapping[str, Encoding]] = {
    encoding.name: encoding
    for encoding in (
        Encoding("escaped", _escape, _unescape),
        Encoding("utf8", _from_utf8, _to_utf8),
        Encoding("hex", bytes.hex, bytes.fromhex),
        Encoding("base64", _to_base64, _from_base64),
    )
}
"""The encodings by name."""


def decode_argument(text: str, encoding: str) -> bytes:
    """The bytes that a command line argument stands for.

    Raises:
        InvalidArgumentError: the text is not of that encoding.
    """
    try:
        return ENCODINGS[encoding].decode(text)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise InvalidArgumentError(f"{text!r} is not {encoding}: {error}. Choose with --encoding.") from error
