"""--decode, on the commands that print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import relevel
from tests.unit.cli.calling import call


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """A database with JSON, with something that is none, and with text that a terminal would obey."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"a", b'{"n": 1}')
        db.put(b"b", b"\x00\x01")
        db.put(b"c", b'"red \\u001b[31m\\n"')
    return tmp_path / "db"


def test_dump_shows_what_is_decoded_and_why_not(readings: Path) -> None:
    """As fields of JSON and CSV, and in the place of keys and values in text."""
    rows = [json.loads(line) for line in call("dump", readings, "--decode", "json").out.splitlines()]

    assert [row["decoded_value"] for row in rows] == ['{"n": 1}', None, "red \x1b[31m\n"]
    assert rows[1]["value"] == "\\x00\\x01"
    assert rows[1]["undecoded"].startswith("value: ")
    csv = call("dump", readings, "--decode", "json", "--format", "csv").out
    assert csv.splitlines()[0].endswith("integrity,decoded_key,decoded_value,undecoded")
    text = call("dump", readings, "--decode", "json", "--format", "text").out.splitlines()
    assert text[1].startswith("b @ 2 : put => \\x00\\x01 [live;")
    assert text[2].startswith("c @ 3 : put => red \\x1b[31m\\n [live;")


def test_history_shows_it_too(readings: Path) -> None:
    """In sequence order."""
    rows = [json.loads(line) for line in call("history", readings, "--decode", "utf-8:json").out.splitlines()]

    assert [row["decoded_key"] for row in rows] == ["a", "b", "c"]


def test_scan_counts_what_is_raw(readings: Path) -> None:
    """On standard error, with the first reason."""
    done = call("scan", readings, "--decode", "json")

    assert done.out.splitlines() == ['a\t{"n": 1}', "b\t\\x00\\x01", "c\tred \\x1b[31m\\n"]
    assert "1 pairs shown raw in part, the first: value: " in done.err


def test_get_shows_one_value(readings: Path) -> None:
    """Decoded; raw with the reason; or as it is, with --raw."""
    assert call("get", readings, "a", "--decode", "json").out == '{"n": 1}\n'
    assert call("get", readings, "c", "--decode", "json").out == "red \\x1b[31m\n\n"
    raw = call("get", readings, "b", "--decode", "json")
    assert raw.out == "\\x00\\x01\n"
    assert "shown raw: value: " in raw.err
    fields = json.loads(call("get", readings, "b", "--decode", "json", "--json").out)
    assert fields["decoded_value"] is None
    assert fields["undecoded"].startswith("value: ")


def test_what_auto_chose_is_told(readings: Path) -> None:
    """On standard error."""
    assert "decoded with utf-8" in call("dump", readings, "--decode", "auto").err


def test_a_decoder_that_is_not_there_is_a_bad_argument(readings: Path) -> None:
    """With the names of those that are."""
    done = call("dump", readings, "--decode", "yaml")

    assert done.code == 8
    assert "msgpack" in done.err
