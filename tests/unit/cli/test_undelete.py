"""undelete, and history's runs and times, from the command line."""

from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path

import pytest

import relevel
from relevel.recovery.past.moments import SequenceEstimate
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


def test_a_patch_leaves_alone_what_may_have_been_there(tmp_path: Path) -> None:
    """A key was there then, and only its newer value is left by a compaction: nothing proves that it was not there."""
    path = tmp_path / "db"
    with relevel.DB(path, create_if_missing=True) as database:
        for turn in range(2):
            for number in range(50):
                database.put(b"k%02d" % number, b"%d" % turn)
            database.compact_range()
    patch = tmp_path / "patch.jsonl"

    done = command("undelete", str(path), "--at", "50", "--patch", str(patch))

    assert done.code == 1
    assert "stay as they are" in done.out
    assert patch.read_text() == ""
    assert list(relevel.History(path).patch(at=50).operations()) == []


@pytest.mark.parametrize("options", [("--at", "501"), ("--run", "394061-394411")])
def test_a_number_that_was_never_given_out_is_refused(options: tuple[str, str], emptied: str) -> None:
    """It is of an example, or of another database; the message says which one is the last."""
    done = command("undelete", emptied, *options, "--dry-run")

    assert done.code == relevel.InvalidArgumentError.exit_code
    assert "the last one that counts is 500" in done.err


def test_a_patch_and_a_dry_run_do_not_go_together(emptied: str, tmp_path: Path) -> None:
    """A dry run writes nothing; what a patch was written to is told."""
    patch = tmp_path / "patch.jsonl"

    refused = command("undelete", emptied, "--deleted", "--dry-run", "--patch", str(patch))
    done = command("undelete", emptied, "--deleted", "--patch", str(patch))

    assert refused.code == 2
    assert f"-> {patch}: " in done.out
    assert len(patch.read_text().splitlines()) == 200


def test_a_patch_to_a_time_before_everything_is_not_written(emptied: str, tmp_path: Path) -> None:
    """It would remove every key."""
    patch = tmp_path / "patch.jsonl"

    done = command("undelete", emptied, "--at", "2001-02-03 04:05", "--patch", str(patch))

    assert done.code == relevel.InvalidArgumentError.exit_code
    assert not patch.exists()


def test_no_patch_is_written_into_the_source(emptied: str) -> None:
    """Which is evidence."""
    before = sorted(Path(emptied).iterdir())

    done = command("undelete", emptied, "--deleted", "--patch", f"{emptied}/patch.jsonl")

    assert done.code == relevel.InvalidArgumentError.exit_code
    assert sorted(Path(emptied).iterdir()) == before


def test_what_compactions_may_have_dropped_is_told(compacted: Path, tmp_path: Path) -> None:
    """A key that was there, and is now with another value, would be missing: its value of that time is on disk no more."""
    then = command("undelete", str(compacted), str(tmp_path / "then"), "--at", "2")
    since = command("undelete", str(compacted), str(tmp_path / "since"), "--at", "4")

    assert list(relevel.scan(tmp_path / "then")) == []
    assert then.code == 1
    assert "not proved to be all that was there then" in then.out
    assert "complete from sequence number 4 on" in then.out
    assert since.code == 0, since.out
    assert "not proved" not in since.out


def test_the_horizon_is_told(emptied: str) -> None:
    """In words, and as JSON."""
    assert command("history", emptied, "--horizon").out.startswith("complete from the first change on")
    assert json.loads(command("history", emptied, "--horizon", "--json").out)["sequence"] == 0


@pytest.mark.parametrize("option", ["--horizon", "--mass-deletions"])
def test_damage_that_was_met_is_told(option: str, tmp_path: Path) -> None:
    """And the exit code says so: what was passed over may have been a deletion."""
    path = tmp_path / "db"
    with relevel.DB(path, create_if_missing=True) as database:
        for number in range(1000):
            database.put(b"k%04d" % number, random.Random(number).randbytes(50))
        database.compact_range()
    (table,) = path.glob("*.ldb")
    data = bytearray(table.read_bytes())
    data[20_000:20_100] = bytes(100)
    table.write_bytes(data)

    done = command("history", str(path), option)

    assert done.code == 1
    assert done.err.count("table.block.checksum-mismatch") == 1


def test_history_by_time_says_what_the_time_stands_for(emptied: str) -> None:
    """On standard error, as an estimate; the lines are those after it."""
    done = command("history", emptied, "--since", "2100-01-01", "--format", "text")

    assert done.out == ""
    assert "estimate: the last change before 2100-01-01" in done.err


def test_with_a_database_alone_the_way_is_shown(emptied: str) -> None:
    """Mass deletions, and commands that work as they are printed, one after another; nobody is asked."""
    done = command("undelete", emptied)

    steps = [line.split() for line in done.out.splitlines() if line.startswith("   relevel ")]
    assert done.code == 0
    assert "1: 301 to 500: 200 deletions in one run; keys k100 to k299" in done.out
    assert ["relevel", "undelete", emptied, "--run", "1", "--dry-run"] in steps
    assert ["relevel", "undelete", emptied, f"{emptied}-before", "--at", "300"] in steps
    for step in steps:
        if "explore" not in step:
            assert command(*step[1:]).code == 0


def test_the_way_is_shown_to_programs_too(emptied: str) -> None:
    """The same as JSON."""
    shown = json.loads(command("undelete", emptied, "--json").out)

    assert [run["run"]["count"] for run in shown["runs"]] == [200]
    assert all(step["command"].startswith("relevel ") for step in shown["steps"])


def test_without_mass_deletions_the_way_is_shown_all_the_same(tmp_path: Path) -> None:
    """There is none to number, and other ways to go."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as database:
        database.put(b"k", b"v")

    done = command("undelete", tmp_path / "db")

    assert done.code == 0
    assert "no run of 100 deletions or more" in done.out
    assert "--deleted --dry-run" in done.out


def test_keys_without_what_to_do_with_them_are_an_error(emptied: str) -> None:
    """As a destination is: what is meant is not guessed."""
    assert command("undelete", emptied, "--prefix", "k").code == relevel.InvalidArgumentError.exit_code
    assert command("undelete", emptied, f"{emptied}-new").code == relevel.InvalidArgumentError.exit_code


@pytest.mark.parametrize(("sequence", "is_amid"), [(300, False), (301, True), (499, True), (500, False)])
def test_a_time_amid_a_mass_deletion_is_told(
    sequence: int, is_amid: bool, emptied: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the number right before it."""

    def before(past: relevel.History, time: datetime) -> SequenceEstimate:
        return SequenceEstimate(time, sequence, sequence, sequence, ("somebody has told",))

    monkeypatch.setattr(relevel.History, "before", before)

    done = command("undelete", emptied, "--at", "2026-11-21 12:00", "--dry-run")

    assert ("301 to 500: 200 deletions in one run" in done.out) == is_amid
    assert ("the state right before it: --at 300" in done.out) == is_amid


def test_keys_of_a_time_come_back_and_it_is_told_what_the_time_stands_for(emptied: str, tmp_path: Path) -> None:
    """On standard error, as an estimate: all that was deleted before 2100, and nothing of later."""
    every = command("undelete", emptied, str(tmp_path / "new"), "--until", "2100-01-01")
    none = command("undelete", emptied, "--since", "2100-01-01", "--dry-run", "--json")

    assert every.code == 0, every
    assert "estimate: the last change before 2100-01-01" in every.err
    assert len(list(relevel.scan(tmp_path / "new"))) == 300
    assert json.loads(none.out)["restored_count"] == 0
    assert json.loads(none.err)["estimate"]["time"].startswith("2100-01-01")
