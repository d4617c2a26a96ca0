"""A decoder: what the keys and values of one program mean.

A plugin derives a class from ``Decoder`` and names it in the entry point group ``relevel.decoders``. What a decoder raises becomes
the reason why a key or value is shown raw; it never ends what is being done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from relevel.errors import RelevelError

LookUp = Callable[[bytes], bytes | None]
"""Gives the value that a key has now, or None."""


class NotDecodedError(RelevelError, ValueError):
    """Bytes are not what a decoder knows; the message says why."""


class Decoder:
    """Decodes keys and values. Derive from it; one instance serves one database, in one thread.

    What ``key`` and ``value`` return is shown: text as it is, all else as JSON, bytes in it escaped, cut where it is large.
    """

    summary: ClassVar[str] = ""
    """One line for lists of decoders."""

    def prepare(self, look_up: LookUp) -> None:
        """Learn what is needed of the database, such as a key that values are veiled with. Called once, first."""

    def key(self, key: bytes) -> object:
        """Decode a key. UTF-8 where this is not overridden.

        Raises:
            Exception: it cannot be; the message says why.
        """
        return key.decode("utf-8")

    def value(self, key: bytes, value: bytes) -> object:
        """Decode the value of a key.

        Raises:
            Exception: it cannot be; the message says why.
        """
        raise NotImplementedError
