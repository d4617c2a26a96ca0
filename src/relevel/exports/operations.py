"""Lines as operations: what ``dump``, ``scan`` and ``history`` print, read back.

JSON lines are objects with ``key`` and ``value``, and perhaps ``type`` and ``state`` as ``dump --all`` has them, or arrays
``[key, value]`` as ``scan --json`` has them. CSV has a line of names first, of which ``key`` and ``value`` must be there.

Of lines that have a state only those count that say what a key is now: live puts, and the deletions that made keys go. So a
``dump --all`` loads as the state it shows, whatever the order of its lines. Or each line is taken for a change that was made,
whatever its state, and of each key the one with the highest sequence number counts: so what one file holds can be loaded, of
which nothing says what is live.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from relevel.errors import InvalidArgumentError
from relevel.exports.encoding import ENCODINGS
from relevel.format.internal_key import MAX_SEQUENCE

_NUL: Final = "\ud800"
"""Stands for NUL, which ``csv`` refuses before Python 3.11: half of a surrogate pair, which no text that was decoded has."""
_PAIR: Final = ("key", "value")
_TYPES: Final = ("put", "delete")
_SAYS_WHAT_IS: Final = frozenset({("put", "live"), ("delete", "deleted")})


class Operation(NamedTuple):
    """One put, or with no value a deletion."""

    key: bytes
    value: bytes | None


class Operations:
    """Lines read as operations.

    Attributes:
        unknown_count: lines left out so far because nothing says whether they are what a key is now: their state is ``unknown``.
    """

    def __init__(self, lines: Iterable[str], format: str, encoding: str, *, as_changes: bool = False) -> None:
        """Prepare.

        Args:
            lines: text, each with its line end.
            format: ``"jsonl"`` or ``"csv"``.
            encoding: how keys and values are written; one of ``ENCODINGS``.
            as_changes: take each line for a change, which must have a sequence number. Holds the keys in memory.
        """
        self.unknown_count = 0
        self._taken = _Counted(lines)
        self._format = format
        self._encoding = encoding
        self._decode = ENCODINGS[encoding].decode
        self._newest: dict[bytes, int] | None = {} if as_changes else None

    def __iter__(self) -> Iterator[Operation]:
        """Read on.

        Raises:
            InvalidArgumentError: a line makes no sense; the message says which.
        """
        parsed = _READERS[self._format](self._taken)
        while True:
            try:
                row = next(parsed)
                operation = self._counting(row)
                if operation is not None:
                    yield operation
            except StopIteration:
                return
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError, csv.Error) as error:
                raise InvalidArgumentError(
                    f"line {self._taken.count} is no operation in {self._format} and {self._encoding}: {_reason(error)}"
                ) from error

    def _counting(self, row: Mapping[str, Any]) -> Operation | None:
        """The operation of a line; None of one that does not count."""
        if self._newest is not None:
            operation, sequence = _operation(row, self._decode), _sequence(row["sequence"])
            if sequence < self._newest.get(operation.key, -1):
                return None
            self._newest[operation.key] = sequence
            return operation
        if _says_what_is(row):
            return _operation(row, self._decode)
        self.unknown_count += row["state"] == "unknown"
        return None


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
        if isinstance(found, list) and len(found) == len(_PAIR):
            found = dict(zip(_PAIR, found, strict=True))
        if not isinstance(found, dict):
            raise TypeError("neither an object nor an array of a key and a value")
        yield found


def _csv_lines(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(1 << 30)
    for row in csv.DictReader((line.replace("\0", _NUL) for line in lines), strict=True):
        yield {name: text.replace(_NUL, "\0") if isinstance(text, str) else text for name, text in row.items()}


_READERS: Final = {"jsonl": _json_lines, "csv": _csv_lines}
INPUT_FORMATS: Final = tuple(_READERS)
"""The names of the formats that can be read back."""


def _says_what_is(row: Mapping[str, Any]) -> bool:
    return "state" not in row or (row.get("type", "put"), row["state"]) in _SAYS_WHAT_IS


def _sequence(given: object) -> int:
    """A sequence number, of CSV as text."""
    sequence = int(given) if isinstance(given, str) and given.isdecimal() else given
    if not isinstance(sequence, int) or not 0 <= sequence <= MAX_SEQUENCE:
        raise ValueError(f"{given!r} is no sequence number")
    return sequence


def _operation(row: Mapping[str, Any], decode: Callable[[str], bytes]) -> Operation:
    key = decode(_text(row, "key"))
    kind = row.get("type", "put")
    if kind not in _TYPES:
        raise ValueError(f"the type {kind!r} is neither put nor delete")
    if kind == "delete":
        return Operation(key, None)
    if row["value"] is None:
        raise ValueError("a put without a value")
    return Operation(key, decode(_text(row, "value")))


def _text(row: Mapping[str, Any], name: str) -> str:
    given = row[name]
    if not isinstance(given, str):
        raise TypeError(f"the {name} is {given!r}, which is no text")
    return given
