"""relevel survey."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import relevel
from tests.unit.cli.calling import call


def test_a_tree_is_told_line_by_line(database: Path) -> None:
    """State, size, entries and place of each, and the sum."""
    done = call("survey", database.parent)

    assert done.code == 0
    assert done.out.splitlines()[1].startswith("healthy")
    assert done.out.splitlines()[-1] == f"{database.parent}: 1 database: 1 healthy"


def test_the_report_is_json_where_that_is_asked_for(damaged: Path, tmp_path: Path) -> None:
    """With every finding; the exit code tells of damage."""
    done = call(
        "survey", damaged, "--json", "--hashes", tmp_path / "hashes", "--export", tmp_path / "all.csv", "--live"
    )

    report = json.loads(done.out)
    assert done.code == 1
    assert report["databases"][0]["state"] == "damaged"
    assert report["export"]["row_count"] == 500
    assert report["hashes"]["file_count"] == len((tmp_path / "hashes").read_text(encoding="utf-8").splitlines())


def test_what_a_terminal_would_obey_is_escaped(tmp_path: Path) -> None:
    """Names in a strange tree are anybody's."""
    place = tmp_path / "\x1b[31mred"
    place.mkdir()
    (place / "CURRENT").write_text("MANIFEST-000001\n", encoding="utf-8")

    done = call("survey", tmp_path)

    assert "\x1b" not in done.out
    assert "\\x1b[31mred" in done.out


def test_a_format_that_there_is_not_is_refused(database: Path, tmp_path: Path) -> None:
    """With those that there are; the same in Python."""
    with pytest.raises(relevel.InvalidArgumentError, match=r"'xlsx' is no format: choose .*parquet"):
        relevel.survey(database, export=tmp_path / "out", format="xlsx")

    assert call("survey", database, "--export", tmp_path / "out", "--format", "xlsx").code == 2
    assert not (tmp_path / "out").exists()


def test_who_surveys_is_told_how_many_were_read(database: Path) -> None:
    """One after another."""
    told: list[int] = []

    relevel.survey(database.parent, progress=told.append)

    assert told == [1]
