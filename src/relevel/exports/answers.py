"""Rows of any columns as text: JSON lines, CSV, and a table for people."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, islice
from typing import Any, Final

from relevel.decoders.shown import printable
from relevel.exports.encoding import ENCODINGS

Row = Sequence[Any]
ANSWER_FORMATS: Final = ("table", "jsonl", "csv")
"""The names of the formats."""
MOST_SHOWN: Final = 1000
"""Rows of a table for people."""
_WIDEST: Final = 60
_SCALARS: Final = bool | int | str | None


def answer_lines(columns: Sequence[str], rows: Iterable[Row], format: str, encoding: str) -> Iterator[str]:
    """Rows as text, a line or so at a time, each with its line end.

    Args:
        columns: the names of the columns; of two with one name the second gets ``_2``, for an object in JSON has a name once.
        rows: values as DuckDB gives them.
        format: one of ``ANSWER_FORMATS``.
        encoding: how bytes are written; one of ``ENCODINGS``.
    """
    plain = _Plain(ENCODINGS[encoding].encode)
    values = ([plain.of(value) for value in row] for row in rows)
    if format == "jsonl":
        names = _each_once(columns)
        return (json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in values)
    return _csv(columns, values) if format == "csv" else _table(columns, values)


def _each_once(names: Sequence[str]) -> list[str]:
    made: dict[str, None] = {}
    for name in names:
        numbered = (f"{name}_{number}" for number in count(2))
        made[next(new for new in chain([name], numbered) if new not in made)] = None
    return list(made)


class _Plain:
    """Makes of any value one that JSON has."""

    def __init__(self, encode: Callable[[bytes], str]) -> None:
        self._encode = encode

    def of(self, value: object) -> Any:
        if isinstance(value, _SCALARS):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, bytes | bytearray):
            return self._encode(bytes(value))
        if isinstance(value, dict):
            return {str(self.of(key)): self.of(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(item) for item in value]
        return str(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    for group in ([columns], rows):
        for values in group:
            line = io.StringIO()
            csv.writer(line).writerow([_text(value) for value in values])
            yield line.getvalue()


def _table(columns: Sequence[str], rows: Iterator[Row]) -> Iterator[str]:
    shown = [[_cell(value) for value in row] for row in islice(rows, MOST_SHOWN)]
    widths = [max(map(len, column)) for column in zip(columns, *shown, strict=True)]
    are_numbers = [all(_is_number(cell) for cell in column) for column in zip(*shown, strict=True)] or [False] * len(
        columns
    )

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(cells, widths, are_numbers, strict=True)
        ]
        return "  ".join(aligned).rstrip() + "\n"

    yield line(columns)
    yield line(["-" * width for width in widths])
    yield from map(line, shown)
    if next(rows, None) is not None:
        yield f"… more than {MOST_SHOWN} rows; --format csv or jsonl has them all\n"


def _cell(value: object) -> str:
    """One line of a width that can be read; control characters are escaped."""
    text = printable(_text(value)[: _WIDEST + 1])
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _is_number(cell: str) -> bool:
    return cell == "" or cell.lstrip("-").replace(".", "", 1).isdigit()
