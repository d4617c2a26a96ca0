"""relevel survey."""

from __future__ import annotations

import json
import shutil
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


def test_what_was_written_and_what_was_not_is_told(damaged: Path, tmp_path: Path) -> None:
    """How many rows and hashes; of what could not be read to its end, where it is and why."""
    tree = Path(shutil.copytree(damaged.parent, tmp_path / "tree"))
    with relevel.DB(tree / "odd", create_if_missing=True, comparator=_backwards, comparator_name=b"test.Odd") as db:
        db.put(b"key", b"value")

    done = call("survey", tree, "--export", tmp_path / "all.csv", "--hashes", tmp_path / "hashes")

    count = len((tmp_path / "hashes").read_text(encoding="utf-8").splitlines())
    assert done.code == 1
    assert f"SHA-256 of {count} files written to {tmp_path / 'hashes'}" in done.out
    assert f"rows written to {tmp_path / 'all.csv'} (csv, " in done.out
    assert f"incomplete: {tree / 'odd'}: the database was written with the comparator 'test.Odd'" in done.out


def test_of_very_many_places_passed_by_the_first_are_named(tmp_path: Path) -> None:
    """And how many more there are."""
    for number in range(103):
        (tmp_path / f"{number:03}").mkdir()
        (tmp_path / f"{number:03}" / "OPTIONS-000005").touch()
        (tmp_path / f"{number:03}" / "MANIFEST-000001").touch()

    done = call("survey", tmp_path)

    lines = [line for line in done.out.splitlines() if line.startswith("passed by: ")]
    assert len(lines) == 101
    assert "a RocksDB" in lines[0]
    assert lines[-1] == "passed by: … and 3 more; --json has them all"


def test_why_a_database_cannot_be_read_is_told(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the line below it; the others are read."""
    shutil.copytree(database, database.parent / "other")

    def refuse(path: Path, *_: object) -> relevel.InfoReport:
        if path.name == "other":
            raise relevel.DatabaseInUseError(f"{path}: another program changes it")
        return relevel.info(path)

    monkeypatch.setattr("relevel.recovery.tree.look.info", refuse)
    done = call("survey", database.parent)

    lines = [line.strip() for line in done.out.splitlines()]
    assert lines[lines.index(str(database.parent / "other")) + 1].endswith("another program changes it")
    assert lines[-1].endswith("2 databases: 1 unreadable, 1 healthy")


def _backwards(a: bytes, b: bytes) -> int:
    return (a < b) - (a > b)
