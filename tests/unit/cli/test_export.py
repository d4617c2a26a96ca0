"""relevel export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import relevel
from tests.unit.cli.calling import call
from tests.unit.cli.conftest import PAIRS


def test_rows_go_to_a_new_file(database: Path, tmp_path: Path) -> None:
    """In the format of its suffix, and the report says so."""
    done = call("export", database, tmp_path / "out.jsonl", "--live", "--prefix", "00")

    assert done.code == 0
    assert "100 rows written" in done.out
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["key"] for line in lines] == [key.decode() for key, _ in PAIRS[:100]]


def test_the_report_is_json_where_that_is_asked_for(database: Path, tmp_path: Path) -> None:
    """With rows, bytes and findings."""
    report = json.loads(call("export", database, tmp_path / "out", "--format", "csv", "--json").out)

    assert (report["row_count"], report["format"], report["findings"]) == (len(PAIRS), "csv", [])
    assert report["byte_count"] == (tmp_path / "out").stat().st_size


def test_damage_is_told_by_the_exit_code(damaged: Path, tmp_path: Path) -> None:
    """A log whose bit cannot be told apart from others costs rows, and what is written is whole."""
    log = max(damaged.glob("*.log"))
    content = bytearray(log.read_bytes())
    content[1000:1100] = bytes(100)
    log.write_bytes(content)

    done = call("export", damaged, tmp_path / "out.sqlite")

    assert done.code == 1
    assert "log." in done.out
    assert (tmp_path / "out.sqlite").exists()


def test_decoded_columns_say_how_they_came_about(database: Path, tmp_path: Path) -> None:
    """What auto chose, and how sure it is."""
    done = call("export", database, tmp_path / "out.jsonl", "--live", "--decode", "auto")

    first = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert "decoded with utf-8 (keys utf-8" in done.out
    assert (first["decoded_key"], first["decoded_value"], first["undecoded"]) == ("0000", "value 0", None)


@pytest.mark.parametrize("options", [("--live", "--deleted"), ("--at", "3", "--live")])
def test_versions_are_chosen_once(database: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Options that contradict each other are a matter of usage."""
    assert call("export", database, tmp_path / "out.csv", *options).code == 2


def test_what_compactions_may_have_dropped_is_told(compacted: Path, tmp_path: Path) -> None:
    """And a time before everything is refused."""
    then = call("export", compacted, tmp_path / "then.jsonl", "--at", "2")
    since = call("export", compacted, tmp_path / "since.jsonl", "--at", "4")
    never = call("export", compacted, tmp_path / "never.jsonl", "--at", "2001-02-03 04:05")

    assert (then.code, since.code) == (1, 0)
    assert "not proved to be all that was there then" in then.out
    assert "not proved" not in since.out
    assert never.code == relevel.InvalidArgumentError.exit_code
    assert not (tmp_path / "never.jsonl").exists()


def test_a_time_to_go_back_to_is_told_as_an_estimate(database: Path, tmp_path: Path) -> None:
    """With the sequence number that it stands for, and what speaks for it."""
    done = call("export", database, tmp_path / "out.csv", "--at", "2999-01-01 00:00")

    assert done.code == 0, done.err
    assert "500 rows written" in done.out
    assert "estimate" in done.out
