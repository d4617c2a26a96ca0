"""Answers as text."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any

import pytest

from relevel.exports.answers import MOST_SHOWN, answer_lines

COLUMNS = ("key", "count")
ROWS: list[tuple[Any, Any]] = [(b"a\x00\xff", 3), (None, 2.5), ("line\nend\x1b[31m", {"a": [b"b", float("nan")]})]


def lines(format: str, rows: list[tuple[Any, Any]] = ROWS) -> str:
    """What is printed."""
    return "".join(answer_lines(COLUMNS, iter(rows), format, "hex"))


def test_json_lines_have_every_value() -> None:
    """Bytes in the encoding, what JSON has not as text."""
    assert [json.loads(line) for line in lines("jsonl").splitlines()] == [
        {"key": "6100ff", "count": 3},
        {"key": None, "count": 2.5},
        {"key": "line\nend\x1b[31m", "count": {"a": ["62", "nan"]}},
    ]


def test_csv_has_every_value() -> None:
    """With a line of names, and quotes where they are needed."""
    assert list(csv.reader(io.StringIO(lines("csv"), newline=""))) == [
        ["key", "count"],
        ["6100ff", "3"],
        ["", "2.5"],
        ["line\nend\x1b[31m", '{"a": ["62", "nan"]}'],
    ]


def test_a_table_is_for_people() -> None:
    """Columns stand below each other, wide cells are cut, and nothing reaches the terminal that it would obey."""
    shown = lines("table", [("x" * 100, 1), ("a\x1b[31m\n", 200)])

    assert "\x1b" not in shown
    assert [len(line) for line in shown.splitlines()] == [67, 67, 67, 67]
    assert "…" in shown


@pytest.mark.parametrize(("count", "is_cut"), [(MOST_SHOWN, False), (MOST_SHOWN + 1, True)])
def test_a_table_that_is_cut_says_so(count: int, is_cut: bool) -> None:
    """After the most rows that anybody reads."""
    shown = lines("table", [("key", number) for number in range(count)])

    assert len(shown.splitlines()) == MOST_SHOWN + 2 + is_cut
    assert ("--format csv" in shown) is is_cut


def test_dates_and_the_like_are_text() -> None:
    """As Python writes them."""
    assert lines("jsonl", [(datetime.date(2015, 12, 2), 1)]) == '{"key": "2015-12-02", "count": 1}\n'
