"""relevel sql."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.calling import call

pytest.importorskip("pyarrow")
pytest.importorskip("duckdb")


def test_an_answer_is_printed(database: Path) -> None:
    """As a table, JSON lines or CSV."""
    question = "select count(*) as n, min(text(key)) as first from live"

    assert call("sql", database, question).out.splitlines()[-1].split() == ["500", "0000"]
    assert json.loads(call("sql", database, question, "--json").out) == {"n": 500, "first": "0000"}
    assert call("sql", database, question, "--format", "csv").out == "n,first\r\n500,0000\r\n"


def test_a_question_without_sense_is_a_bad_argument(database: Path) -> None:
    """With DuckDB's words for it."""
    done = call("sql", database, "select nonsense from history")

    assert done.code == 8
    assert "nonsense" in done.err


@pytest.mark.parametrize("question", ["", "  ", ";", "/* nothing */"])
def test_a_question_that_asks_for_nothing_says_so(question: str, database: Path) -> None:
    """With one that asks for something."""
    done = call("sql", database, question)

    assert done.code == 8
    assert "the question asks for no rows" in done.err
    assert "select" in done.err


def test_damage_is_told_by_the_exit_code(damaged: Path) -> None:
    """And on standard error."""
    done = call("sql", damaged, "select count(*) from history")

    assert done.code == 1
    assert "log." in done.err


def test_what_auto_chose_is_told(database: Path) -> None:
    """On standard error, so that rows stay rows."""
    done = call("sql", database, "select decoded_value from live limit 1", "--decode", "auto", "--format", "csv")

    assert done.out == "decoded_value\r\nvalue 0\r\n"
    assert "decoded with utf-8" in done.err
