"""Versions as lines: JSON lines, CSV, text.

The fields of a line are ``sequence, type, key, value, state, source {file, offset}, integrity``; CSV has ``file`` and ``offset`` as
columns of their own. The value of a deletion is null (JSON), empty (CSV) or absent (text). Where keys and values are decoded,
``decoded_key``, ``decoded_value`` and ``undecoded`` (why one of them is missing) follow. Where there are several databases,
``database`` comes first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from relevel.decoders.decoding import DECODED_FIELDS, Decoded
from relevel.decoders.shown import printable
from relevel.exports.encoding import ENCODINGS
from relevel.recovery.read.rows import Version

Decode = Callable[[bytes, bytes | None], Decoded]
COLUMNS: Final = ("sequence", "type", "key", "value", "state", "file", "offset", "integrity")
"""The columns of a version, in order."""
_NEEDS_QUOTES: Final = re.compile('[",\r\n]')


@dataclass(frozen=True, slots=True)
class _Style:
    """How lines are written."""

    encode: Callable[[bytes], str]
    decode: Decode | None
    database: str | None
    begin: bool


Writer = Callable[[Iterable[Version], _Style], Iterator[str]]


def _jsonl(versions: Iterable[Version], style: _Style) -> Iterator[str]:
    dumps = json.JSONEncoder(ensure_ascii=True, separators=(", ", ": ")).encode
    encode, decode = style.encode, style.decode
    first = {} if style.database is None else {"database": style.database}
    for version in versions:
        last = {} if decode is None else decode(version.key, version.value)._asdict()
        yield (
            dumps(
                {
                    **first,
                    "sequence": version.sequence,
                    "type": version.type,
                    "key": encode(version.key),
                    "value": None if version.value is None else encode(version.value),
                    "state": version.state,
                    "source": {"file": version.file, "offset": version.offset},
                    "integrity": version.integrity,
                    **last,
                }
            )
            + "\n"
        )


def _csv(versions: Iterable[Version], style: _Style) -> Iterator[str]:
    """Lines as RFC 4180 has them. Not through ``csv``, which refuses NUL before Python 3.11."""
    encode, decode = style.encode, style.decode
    first = "" if style.database is None else _quoted(style.database) + ","
    if style.begin:
        names = [*([] if style.database is None else ["database"]), *COLUMNS, *(DECODED_FIELDS if decode else ())]
        yield ",".join(names) + "\r\n"
    for version in versions:
        key = _quoted(encode(version.key))
        value = "" if version.value is None else _quoted(encode(version.value))
        start = f"{first}{version.sequence},{version.type},{key},{value},{version.state}"
        last = ""
        if decode is not None:
            last = "".join("," + _quoted(field or "") for field in decode(version.key, version.value))
        yield f"{start},{_quoted(version.file)},{version.offset},{version.integrity}{last}\r\n"


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if _NEEDS_QUOTES.search(field) else field


def _text(versions: Iterable[Version], style: _Style) -> Iterator[str]:
    encode, decode = style.encode, style.decode
    for version in versions:
        shown = Decoded(None, None, None) if decode is None else decode(version.key, version.value)
        key, text = _on_one_line(encode(version.key)), ""
        if shown.decoded_key is not None:
            key = printable(shown.decoded_key)
        if shown.decoded_value is not None:
            text = f" => {printable(shown.decoded_value)}"
        elif version.value is not None:
            text = f" => {_on_one_line(encode(version.value))}"
        place = f"[{version.state}; {version.file}+{version.offset}; {version.integrity}]"
        why = "" if shown.undecoded is None else f" ({shown.undecoded})"
        yield f"{key} @ {version.sequence} : {version.type}{text} {place}{why}\n"


def _on_one_line(text: str) -> str:
    """UTF-8 may hold line ends; they and the backslashes that mark them are escaped. No other encoding has any."""
    return text if text.isprintable() else text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


_WRITERS: Final[Mapping[str, Writer]] = {"jsonl": _jsonl, "csv": _csv, "text": _text}
FORMATS: Final = tuple(_WRITERS)
"""The names of the formats."""


def format_rows(
    versions: Iterable[Version],
    format: str,
    encoding: str,
    *,
    decode: Decode | None = None,
    database: str | None = None,
    begin: bool = True,
) -> Iterator[str]:
    """Versions as text, a line or so at a time, each with its line end.

    Args:
        versions: what to write.
        format: one of ``FORMATS``.
        encoding: how keys and values are written; one of ``ENCODINGS``.
        decode: gives the decoded fields, which text shows in the place of keys and values.
        database: the name that every line begins with; none has any where it is None.
        begin: whether these are the first lines, which may have a line of names before them.
    """
    return _WRITERS[format](versions, _Style(ENCODINGS[encoding].encode, decode, database, begin))
