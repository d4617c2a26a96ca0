"""undelete, and history's runs and times, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import relevel
from tests.unit.cli.calling import call as command


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of which a run of keys was deleted."""
    path = tmp_path_factory.mktemp("cli") / "db"
    with relevel.DB(path, create_if_missing=True) as database:
        for number in range(300):
            database.put(b"k%03d" % number, b"v%d" % number)
        for number in range(100, 300):
            database.delete(b"k%03d" % number)
    return str(path)


def test_runs_are_numbered_and_can_be_undone_by_number(emptied: str, tmp_path: Path) -> None:
    """What history shows, undelete takes."""
    shown = command("history", emptied, "--mass-deletions")
    done = command("undelete", emptied, str(tmp_path / "new"), "--run", "1")

    assert shown.out.startswith("1: 301 to 500: 200 deletions in one run; keys k100 to k299\n   when: ")
    assert "(an estimate)" in shown.out
    assert done.code == 0, done.err
    assert len(list(relevel.scan(tmp_path / "new"))) == 300


def test_a_run_can_be_given_by_its_numbers(emptied: str) -> None:
    """With thousands marked as history marks them; only some keys."""
    done = command("undelete", emptied, "--run", "301-350", "--key", "k100", "--key", "k299", "--dry-run", "--json")

    assert json.loads(done.out)["restored_count"] == 1


@pytest.mark.parametrize("run", ["0", "2", "x", "1-2-3", "-"])
def test_a_run_that_is_none_is_an_error(run: str, emptied: str) -> None:
    """Of one line, which says where to look."""
    done = command("undelete", emptied, "--run", run, "--dry-run")

    assert done.code in (2, relevel.InvalidArgumentError.exit_code)
    assert "run" in done.err


@pytest.mark.parametrize("time", ["yesterday", "2015-13-01", "12:00", "99999999999999999999999"])
def test_a_time_that_is_none_is_a_usage_error(time: str, emptied: str) -> None:
    """The message has an example."""
    done = command("undelete", emptied, "--at", time, "--dry-run")

    assert done.code == 2


def test_a_time_before_everything_is_refused(emptied: str, tmp_path: Path) -> None:
    """Rather than an empty database made."""
    done = command("undelete", emptied, str(tmp_path / "new"), "--at", "2001-02-03 04:05")

    assert done.code == relevel.InvalidArgumentError.exit_code
    assert not (tmp_path / "new").exists()


def test_a_time_after_everything_is_now_and_says_how_sure_that_is(emptied: str) -> None:
    """The estimate is in the report."""
    done = command("undelete", emptied, "--at", "2100-01-01", "--dry-run")

    assert "estimate: the last change before 2100-01-01" in done.out
    assert "would be: 0 keys restored, 0 changed, 0 removed" in done.out


def test_a_patch_is_never_written_over(emptied: str, tmp_path: Path) -> None:
    """As nothing is."""
    patch = tmp_path / "patch.jsonl"

    first = command("undelete", emptied, "--deleted", "--prefix", "k2", "--patch", str(patch))
    again = command("undelete", emptied, "--deleted", "--patch", str(patch))

    assert first.code == 0, first.err
    assert again.code == relevel.DestinationExistsError.exit_code
    lines = [json.loads(line) for line in patch.read_text().splitlines()]
    assert [line["key"] for line in lines] == [f"k{number}" for number in range(200, 300)]
    assert {line["type"] for line in lines} == {"put"}


def test_a_patch_can_remove_keys(emptied: str, tmp_path: Path) -> None:
    """Those that were not there at the moment gone back to."""
    patch = tmp_path / "patch.jsonl"

    command("undelete", emptied, "--at", "50", "--patch", str(patch))

    lines = [json.loads(line) for line in patch.read_text().splitlines()]
    assert [(line["type"], line["value"]) for line in lines] == [("delete", None)] * 50


def test_the_horizon_is_told(emptied: str) -> None:
    """In words, and as JSON."""
    assert command("history", emptied, "--horizon").out.startswith("complete from the first change on")
    assert json.loads(command("history", emptied, "--horizon", "--json").out)["sequence"] == 0


def test_history_by_time_says_what_the_time_stands_for(emptied: str) -> None:
    """On standard error, as an estimate; the lines are those after it."""
    done = command("history", emptied, "--since", "2100-01-01", "--format", "text")

    assert done.out == ""
    assert "estimate: the last change before 2100-01-01" in done.err
