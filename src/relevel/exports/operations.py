"""Lines as operations: what ``dump``, ``scan`` and ``history`` print, read back.

JSON lines are objects with ``key`` and ``value``, and perhaps ``type`` and ``state`` as ``dump --all`` has them, or arrays
``[key, value]`` as ``scan --json`` has them. CSV has a line of names first, of which ``key`` and ``value`` must be there.

Of lines that have a state only those count that say what a key is now: live puts, and the deletions that made keys go. So a
``dump --all`` loads as the state it shows, whatever the order of its lines.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from relevel.errors import InvalidArgumentError
from relevel.exports.encoding import ENCODINGS

_NUL: Final = "\ud800"
"""Stands for NUL, which ``csv`` refuses before Python 3.11: half of a surrogate pair, which no text that was decoded has."""
_SAYS_WHAT_IS: Final = frozenset({("put", "live"), ("delete", "deleted")})


class Operation(NamedTuple):
    """One put, or with no value a deletion."""

    key: bytes
    value: bytes | None


def parse_operations(lines: Iterable[str], format: str, encoding: str) -> Iterator[Operation]:
    """Read operations.

    Args:
        lines: text, each with its line end.
        format: ``"jsonl"`` or ``"csv"``.
        encoding: how keys and values are written; one of ``ENCODINGS``.

    Raises:
        InvalidArgumentError: a line makes no sense; the message says which.
    """
    decode = ENCODINGS[encoding].decode
    taken = _Counted(lines)
    parsed = _READERS[format](taken)
    while True:
        try:
            row = next(parsed)
            if _counts(row):
                yield _operation(row, decode)
        except StopIteration:
            return
        except (ValueError, TypeError, KeyError, AttributeError, csv.Error) as error:
            raise InvalidArgumentError(
                f"line {taken.count} is no operation in {format} and {encoding}: {_reason(error)}"
            ) from error


class _Counted:
    """Lines, and how many were taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.count = 0

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        return line


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)


def _json_lines(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if not line.strip():
            continue
        found = json.loads(line)
        if isinstance(found, list):
            key, value = found
            found = {"key": key, "value": value}
        yield found


def _csv_lines(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(1 << 30)
    for row in csv.DictReader((line.replace("\0", _NUL) for line in lines), strict=True):
        yield {name: text.replace(_NUL, "\0") if isinstance(text, str) else text for name, text in row.items()}


_READERS: Final = {"jsonl": _json_lines, "csv": _csv_lines}
INPUT_FORMATS: Final = tuple(_READERS)
"""The names of the formats that can be read back."""


def _counts(row: Mapping[str, Any]) -> bool:
    return "state" not in row or (row.get("type", "put"), row["state"]) in _SAYS_WHAT_IS


def _operation(row: Mapping[str, Any], decode: Callable[[str], bytes]) -> Operation:
    key = decode(row["key"])
    if row.get("type", "put") == "delete":
        return Operation(key, None)
    if row["value"] is None:
        raise ValueError("a put without a value")
    return Operation(key, decode(row["value"]))
