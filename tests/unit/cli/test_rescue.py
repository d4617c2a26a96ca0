"""relevel rescue and relevel check: --in-place, --report."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from tests.damage import operators
from tests.engine.living import state_of
from tests.refusals import refusing
from tests.unit.cli.calling import call


@pytest.fixture
def damaged(database: Path) -> Path:
    """The database with part of its log destroyed."""
    log = max(database.glob("*.log"))
    operators.garbage(log, log.stat().st_size // 2, 200, seed=1)
    return database


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{db}"], "--in-place"),
        (["--in-place", "{db}", "{db}-new"], "leave DST out"),
        (["--force", "{db}", "{db}-new"], "--in-place only"),
        (["--in-place", ""], "the path is empty"),
    ],
)
def test_what_does_not_go_together_is_refused(database: Path, arguments: list[str], told: str) -> None:
    """Exit code 2, and the option that helps is named."""
    before = state_of(database)

    done = call("rescue", *(each.format(db=database) for each in arguments))

    assert done.code == 2
    assert told in done.err
    assert state_of(database) == before
    assert [path.name for path in database.parent.iterdir()] == ["db"]


def test_a_dry_run_needs_no_destination(damaged: Path) -> None:
    """It names the one that the next step would use, and makes nothing."""
    before = state_of(damaged)

    done = call("rescue", damaged, "--dry-run", "--json")

    assert done.code == 1
    assert json.loads(done.out)["destination"] == f"{damaged}-rescued"
    assert state_of(damaged) == before
    assert [path.name for path in damaged.parent.iterdir()] == ["db"]


def test_a_dry_run_does_not_mind_what_is_at_the_destination(damaged: Path) -> None:
    """After a rescue it tells what another one would do. A place that no rescue can have is refused all the same."""
    taken = f"{damaged}-rescued"
    call("rescue", damaged, taken)
    before = state_of(Path(taken))

    done = call("rescue", damaged, taken, "--dry-run", "--json")

    assert done.code == 1
    assert json.loads(done.out)["destination"] == taken
    assert state_of(Path(taken)) == before
    assert call("rescue", damaged, f"{damaged}/inside", "--dry-run").code == 8


def test_in_place_prints_how_to_undo_it(damaged: Path) -> None:
    """Exit code 1, as something is lost; and the command works as it is printed."""
    before = state_of(damaged)

    done = call("rescue", "--in-place", damaged)

    assert done.code == 1
    assert relevel.check(damaged).is_clean
    undo = done.out.rstrip("\n").rpartition("run: ")[2]
    subprocess.run(["sh", "-c", undo], check=True)
    assert state_of(damaged) == before


def test_in_place_tells_what_lies_beside_and_what_stayed(damaged: Path) -> None:
    """What an earlier run left, and LevelDB's own folder of what it has replaced."""
    (damaged / "lost").mkdir()
    (damaged.parent / "db.rescued-20260101T000000Z").mkdir()

    done = call("rescue", "--in-place", damaged)

    left = damaged.parent / "db.rescued-20260101T000000Z"
    assert f"left from an earlier run that was interrupted or undone: {left}" in done.out
    assert "stayed with the original: lost" in done.out


def test_what_is_in_doubt_is_told_apart_from_what_is_lost(compacted: Path, tmp_path: Path) -> None:
    """Without a manifest all that is there comes back, and nothing proves that it is all or is still so."""
    for path in (*compacted.glob("MANIFEST-*"), *compacted.glob("LOG*"), compacted / "CURRENT"):
        path.unlink()

    kept = call("rescue", compacted, tmp_path / "kept")
    left = call("rescue", compacted, tmp_path / "left", "--exclude-uncertain")

    assert (kept.code, left.code) == (1, 1)
    assert "in doubt: " in kept.out
    assert "lost for sure" not in kept.out
    assert "possibly stale: " in kept.out
    assert "left out: " in left.out
    for done in (kept, left):
        assert done.out.endswith("not proved complete: 1 place in doubt\n")
    why = "no manifest proves which tables and logs count, so they may have been deleted long ago"
    assert why in kept.out
    assert why in left.out


def test_in_place_leaves_a_healthy_database_alone(database: Path) -> None:
    """Exit code 0, and it says so."""
    before = state_of(database)

    done = call("rescue", "--in-place", database)

    assert (done.code, state_of(database)) == (0, before)
    assert "nothing was changed" in done.out
    assert call("rescue", "--in-place", "--force", database).code == 0
    assert state_of(database) != before


def test_in_place_writes_nothing_in_a_dry_run(damaged: Path) -> None:
    """The report says what would be."""
    before = state_of(damaged)

    done = call("rescue", "--in-place", "--dry-run", "--json", damaged)

    assert done.code == 1
    assert json.loads(done.out)["is_moved"] is False
    assert json.loads(done.out)["rescue"]["dry_run"] is True
    assert state_of(damaged) == before
    assert [path.name for path in damaged.parent.iterdir()] == ["db"]


def test_in_place_refuses_a_running_database(database: Path) -> None:
    """Exit code 12."""
    with relevel.DB(database):
        done = call("rescue", "--in-place", database)

    assert done.code == relevel.LockedError.exit_code == 12
    assert "stop that program" in done.err


@pytest.mark.parametrize("command", [["check"], ["rescue", "--dry-run"], ["rescue"], ["rescue", "--in-place"]])
def test_a_page_is_written_beside_what_is_printed(damaged: Path, tmp_path: Path, command: list[str]) -> None:
    """It shows every file, and that the source is as it was."""
    log = max(damaged.glob("*.log")).name
    destination = [tmp_path / "x"] if command in (["rescue"], ["rescue", "--dry-run"]) else []

    done = call(*command, damaged, *destination, "--report", tmp_path / "page.html")

    assert done.code == 1
    assert "log.record.checksum-mismatch" in done.out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "all are the same" in page
    assert f"<code>{log}</code>" in page


def test_a_page_is_never_written_over_anything_nor_into_the_database(damaged: Path, tmp_path: Path) -> None:
    """That is refused before any work is done."""
    (tmp_path / "taken.html").write_text("mine")
    before = state_of(damaged)

    taken = call("rescue", damaged, tmp_path / "new", "--report", tmp_path / "taken.html")
    inside = call("check", damaged, "--report", damaged / "page.html")
    nowhere = call("check", damaged, "--report", tmp_path / "no" / "page.html")

    assert (taken.code, inside.code, nowhere.code) == (7, 8, 5)
    assert (tmp_path / "taken.html").read_text() == "mine"
    assert not (tmp_path / "new").exists()
    assert state_of(damaged) == before


def full_for(place: Path) -> Callable[[int], None]:
    """What takes the place of ``os.fsync`` on a disk that has no room for one file."""
    sync, refuse = os.fsync, refusing(errno.ENOSPC)

    def sync_others(descriptor: int) -> None:
        is_refused = place.exists() and os.path.samestat(os.fstat(descriptor), place.stat())
        (refuse if is_refused else sync)(descriptor)

    return sync_others


@pytest.mark.parametrize("command", [["check"], ["rescue", "--in-place"]])
def test_a_page_that_cannot_be_written_costs_nothing_else(
    damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """What was rescued is there, how to undo it was printed, and nothing is left of the page."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_for(tmp_path / "page.html"))
        done = call(*command, damaged, "--report", tmp_path / "page.html")

    assert done.code == 5
    assert "page.html': No space left" in done.err
    assert "log.record.checksum-mismatch" in done.out
    assert "run: mv" in done.out or command == ["check"]
    assert not (tmp_path / "page.html").exists()


def test_what_is_lost_is_written_as_lines(database: Path, tmp_path: Path) -> None:
    """Each with its place and its keys, the worst first; the same as the library gives."""
    (database / max(path.name for path in database.glob("*.log"))).unlink()
    place = tmp_path / "lost.jsonl"

    done = call("rescue", database, tmp_path / "new", "--lost", place)

    lines = [json.loads(line) for line in place.read_text(encoding="ascii").splitlines()]
    expected = relevel.rescue(database, tmp_path / "again").lost
    assert done.code == 1
    assert [(line["fate"], line["file"], line["code"]) for line in lines] == [
        (str(piece.fate), piece.file, piece.code) for piece in expected
    ]
    assert (lines[0]["fate"], lines[0]["code"]) == ("lost", "log.missing")
    assert "lost for sure: 1 place" in done.out


def test_how_to_undo_it_is_printed_though_the_page_is_interrupted(
    damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has been replaced by then."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("relevel.cli.page.write_new_file", interrupt)
        done = call("rescue", "--in-place", damaged, "--report", tmp_path / "page.html")

    assert done.code == 130
    assert "run: mv" in done.out


@pytest.mark.parametrize("option", ["--report", "--lost"])
def test_neither_a_file_nor_the_report_hides_that_the_other_failed(
    damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """Where neither can be written both are told; what was rescued is there."""

    def refuse(_: object) -> None:
        raise relevel.StorageError("cannot print to standard output")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_for(tmp_path / "file"))
        patch.setattr("relevel.cli.output.print_value", refuse)
        done = call("rescue", damaged, tmp_path / "new", option, tmp_path / "file")

    assert done.code == 5
    assert "file': No space left" in done.err
    assert "cannot print to standard output" in done.err
    assert not (tmp_path / "file").exists()
    assert relevel.check(tmp_path / "new").is_clean


def test_nothing_lost_is_an_empty_list(database: Path, tmp_path: Path) -> None:
    """And the file is there; a dry run writes it too."""
    done = call("rescue", database, tmp_path / "new", "--dry-run", "--lost", tmp_path / "lost")

    assert done.code == 0
    assert (tmp_path / "lost").read_bytes() == b""


def test_the_list_is_refused_before_any_work_where_it_cannot_be(database: Path, tmp_path: Path) -> None:
    """Over something, or in the evidence."""
    (tmp_path / "there").touch()

    for place in (tmp_path / "there", database / "lost"):
        assert call("rescue", database, tmp_path / "new", "--lost", place).code in (7, 8)

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("rescue", "new", "--lost", "{one}", "--report"),
        ("rescue", "{one}", "--lost"),
        ("rescue", "{one}", "--lost", "lost", "--report"),
        ("undelete", "{one}", "--deleted", "--patch"),
        ("survey", "--export", "{one}", "--hashes"),
    ],
)
def test_no_two_results_go_to_one_place(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """However each is named; that is refused before any work."""
    monkeypatch.chdir(tmp_path)
    verb, *rest = [argument.format(one=tmp_path / "one.csv") for argument in arguments]

    for again in (tmp_path / "one.csv", "one.csv", "db/../one.csv"):
        done = call(verb, database, *rest, again)
        assert done.code == 2
        assert "want a place each" in done.err

    assert [path.name for path in tmp_path.iterdir()] == ["db"]


@pytest.mark.parametrize("make", [None, Path.touch, Path.mkdir])
def test_a_page_about_no_database_is_not_written(tmp_path: Path, make: object) -> None:
    """Where nothing is, where a file is, and where a directory of something else is."""
    if callable(make):
        make(tmp_path / "db")
    if make is Path.mkdir:
        (tmp_path / "db" / "letter.txt").touch()

    done = call("rescue", tmp_path / "db", tmp_path / "new", "--report", tmp_path / "page.html")

    assert done.code in (relevel.NotADatabaseError.exit_code, relevel.StorageError.exit_code)
    assert done.err.count("\n") == 1
    assert not (tmp_path / "page.html").exists()
    assert not (tmp_path / "new").exists()
