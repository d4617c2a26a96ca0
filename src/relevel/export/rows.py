"""Versions as lines: JSON lines, CSV, text.

The fields of a line are ``sequence, type, key, value, state, source {file, offset}, integrity``; CSV has ``file`` and ``offset`` as
columns of their own. The value of a deletion is null (JSON), empty (CSV) or absent (text).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from relevel.export.encoding import ENCODINGS
from relevel.recovery.read.rows import Version

Writer = Callable[[Iterable[Version], Callable[[bytes], str]], Iterator[str]]


def _jsonl(versions: Iterable[Version], encode: Callable[[bytes], str]) -> Iterator[str]:
    dumps = json.JSONEncoder(ensure_ascii=True, separators=(", ", ": ")).encode
    for version in versions:
        yield (
            dumps(
                {
                    "sequence": version.sequence,
                    "type": version.type,
                    "key": encode(version.key),
                    "value": None if version.value is None else encode(version.value),
                    "state": version.state,
                    "source": {"file": version.file, "offset": version.offset},
                    "integrity": version.integrity,
                }
            )
            + "\n"
        )


_COLUMNS: Final = ("sequence", "type", "key", "value", "state", "file", "offset", "integrity")
_NEEDS_QUOTES: Final = re.compile('[",\r\n]')


def _csv(versions: Iterable[Version], encode: Callable[[bytes], str]) -> Iterator[str]:
    """Lines as RFC 4180 has them. Not through ``csv``, which refuses NUL before Python 3.11."""
    yield ",".join(_COLUMNS) + "\r\n"
    for version in versions:
        key = _quoted(encode(version.key))
        value = "" if version.value is None else _quoted(encode(version.value))
        start = f"{version.sequence},{version.type},{key},{value},{version.state}"
        yield f"{start},{_quoted(version.file)},{version.offset},{version.integrity}\r\n"


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if _NEEDS_QUOTES.search(field) else field


def _text(versions: Iterable[Version], encode: Callable[[bytes], str]) -> Iterator[str]:
    for version in versions:
        value = "" if version.value is None else f" => {_on_one_line(encode(version.value))}"
        place = f"[{version.state}; {version.file}+{version.offset}; {version.integrity}]"
        yield f"{_on_one_line(encode(version.key))} @ {version.sequence} : {version.type}{value} {place}\n"


def _on_one_line(text: str) -> str:
    """UTF-8 may hold line ends; they and the backslashes that mark them are escaped. No other encoding has any."""
    return text if text.isprintable() else text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


_WRITERS: Final[Mapping[str, Writer]] = {"jsonl": _jsonl, "csv": _csv, "text": _text}
FORMATS: Final = tuple(_WRITERS)
"""The names of the formats."""


def format_rows(versions: Iterable[Version], format: str, encoding: str) -> Iterator[str]:
    """Versions as text, a line or so at a time, each with its line end.

    Args:
        versions: what to write.
        format: one of ``FORMATS``.
        encoding: how keys and values are written; one of ``ENCODINGS``.
    """
    return _WRITERS[format](versions, ENCODINGS[encoding].encode)
