"""The standard streams: what has to be printed comes out, whatever encoding the terminal or the pipe asks for."""

from __future__ import annotations

import codecs
import io
import os
import sys
from itertools import takewhile
from typing import Final

_ALWAYS_PRINT: Final = "relevel.always-print"


def always_print() -> None:
    """Let standard output and standard error take any text.

    Bytes that were no text come out as they went in. Characters that the stream's encoding lacks come out escaped.
    """
    codecs.register_error(_ALWAYS_PRINT, _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ALWAYS_PRINT)


def drop_what_is_left() -> None:
    """Send what is still in standard output's buffer nowhere: the last flush must not fail too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flushed_place() -> str:
    """Flush standard output, and say what an error of the system is about that names no file.

    Standard output for sure where something is left that cannot be written to it, as of help, which click prints; that is
    dropped, and so is all that is printed from then on.
    """
    try:
        sys.stdout.flush()
    except OSError:
        drop_what_is_left()
        return "standard output"
    return "standard output or a file"


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for the first of the characters that cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    rest = error.object[error.start : error.end]
    escaped = "".join(takewhile(_is_escaped_byte, rest))
    if escaped:
        return escaped.encode("ascii", "surrogateescape"), error.start + len(escaped)
    return rest[0].encode("ascii", "backslashreplace").decode("ascii"), error.start + 1


def _is_escaped_byte(character: str) -> bool:
    return "\udc80" <= character <= "\udcff"
