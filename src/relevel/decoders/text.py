"""Text and integers: what a key or value is when it is nothing more than that. And raw: nothing that is known."""

from __future__ import annotations

from typing import ClassVar, Literal, NoReturn

from relevel.decoders.decoder import Decoder, NotDecodedError

_LARGEST_INTEGER = 16


class Raw(Decoder):
    """Decodes nothing."""

    summary = "nothing: shown raw"

    def __init__(self, reason: str = "it is to be raw") -> None:
        self._reason = reason

    def key(self, key: bytes) -> NoReturn:
        """Refuse."""
        raise NotDecodedError(self._reason)

    def value(self, key: bytes, value: bytes) -> NoReturn:
        """Refuse."""
        raise NotDecodedError(self._reason)


class Utf8(Decoder):
    """Keys and values in UTF-8."""

    summary = "text in UTF-8"

    def value(self, key: bytes, value: bytes) -> str:
        """The text."""
        return value.decode("utf-8")


class Utf16(Decoder):
    """Keys and values in UTF-16, little-endian unless a mark says otherwise."""

    summary = "text in UTF-16"

    def key(self, key: bytes) -> str:
        """The text."""
        marked = key[:2] in (b"\xff\xfe", b"\xfe\xff")
        return key.decode("utf-16" if marked else "utf-16-le")

    def value(self, key: bytes, value: bytes) -> str:
        """The text."""
        return self.key(value)


class Unsigned(Decoder):
    """Keys and values that are one unsigned integer of 1 to 16 bytes."""

    order: ClassVar[Literal["big", "little"]] = "big"
    is_signed: ClassVar[bool] = False

    def key(self, key: bytes) -> int:
        """The integer."""
        if not 0 < len(key) <= _LARGEST_INTEGER:
            raise NotDecodedError(f"an integer has 1 to {_LARGEST_INTEGER} bytes, not {len(key)}")
        return int.from_bytes(key, self.order, signed=self.is_signed)

    def value(self, key: bytes, value: bytes) -> int:
        """The integer."""
        return self.key(value)


class UnsignedBigEndian(Unsigned):
    """The first byte is the highest."""

    summary = "unsigned integers, big-endian"


class UnsignedLittleEndian(Unsigned):
    """The first byte is the lowest."""

    summary = "unsigned integers, little-endian"
    order = "little"


class SignedBigEndian(Unsigned):
    """The first byte is the highest; two's complement."""

    summary = "signed integers, big-endian"
    is_signed = True


class SignedLittleEndian(Unsigned):
    """The first byte is the lowest; two's complement."""

    summary = "signed integers, little-endian"
    order = "little"
    is_signed = True
