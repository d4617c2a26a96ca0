"""A rescue in place: verified, undone by the command it prints, and refused or killed at any step without harm."""

from __future__ import annotations

import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relevel
from relevel.recovery import replacement
from relevel.recovery.rescue import rescue
from relevel.storage import rename
from relevel.storage.posix import sync_directory
from tests.engine.living import PAIRS, fill, flip, state_of
from tests.interop.readers import read_with_plyvel
from tests.refusals import refusing

KILLED = """
import os, signal, sys
import relevel
from relevel.recovery import replacement
left = int(sys.argv[2])
def dying(function):
    def step(*arguments):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)
    return step
if sys.argv[3] == "no exchange":
    replacement.exchange = lambda *_: False
replacement.exchange = dying(replacement.exchange)
replacement.rename_without_replacing = dying(replacement.rename_without_replacing)
relevel.rescue_in_place(sys.argv[1])
"""
"""Kills itself before the step of that number."""
refuse = refusing()


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A database that does not open: its manifest is gone. Its name wants quoting in a shell."""
    path = fill(tmp_path / "node's data" / "chain data")
    next(path.glob("MANIFEST-*")).unlink()
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """Where the database lies."""
    (tmp_path / "node's data").mkdir()
    return tmp_path / "node's data"


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def test_the_rescued_database_is_where_the_damaged_one_was(damaged: Path, folder: Path) -> None:
    """It opens, here and in LevelDB; the original is beside it as it was, every byte and time."""
    before = state_of(damaged)

    report = relevel.rescue_in_place(damaged)

    assert (report.is_moved, report.is_healthy, report.path) == (True, False, str(damaged))
    assert report.backup is not None
    assert state_of(Path(report.backup)) == before
    assert names(folder) == [damaged.name, Path(report.backup).name]
    assert Path(report.backup).name.startswith("chain data.before-rescue-2")
    assert relevel.check(damaged).is_clean
    with relevel.DB(damaged) as db:
        assert list(db) == PAIRS
    assert read_with_plyvel(damaged).iterated == PAIRS


def test_the_printed_command_undoes_it(damaged: Path, folder: Path) -> None:
    """As it stands, in a shell; and the rescued database is kept."""
    before = state_of(damaged)
    report = relevel.rescue_in_place(damaged)
    assert report.undo is not None

    subprocess.run(["sh", "-c", report.undo], check=True, cwd="/")

    assert state_of(damaged) == before
    (rescued,) = set(names(folder)) - {damaged.name}
    assert list(relevel.scan(folder / rescued)) == PAIRS
    assert relevel.rescue_in_place(damaged).leftovers == (str(folder / rescued),)


def test_a_healthy_database_is_left_alone(folder: Path) -> None:
    """Unless that is asked for."""
    path = fill(folder / "db")
    before = state_of(path)

    report = relevel.rescue_in_place(path)
    assert (report.is_moved, report.is_healthy, report.is_complete, report.undo) == (False, True, True, None)
    assert (names(folder), state_of(path)) == (["db"], before)

    assert relevel.rescue_in_place(path, force=True).is_moved
    assert list(relevel.scan(path)) == PAIRS


def test_a_loss_is_named_and_the_original_kept(folder: Path) -> None:
    """The operator asked for it; the report says what is missing."""
    path = fill(folder / "db")
    table = max(path.glob("*.ldb"))
    table.write_bytes(bytes(len(table.read_bytes())))
    before = state_of(path)

    report = relevel.rescue_in_place(path)

    assert report.is_moved
    assert not report.is_complete
    assert report.rescue.losses
    assert state_of(Path(str(report.backup))) == before
    assert relevel.check(path).is_clean


def test_a_dry_run_changes_nothing(damaged: Path, folder: Path) -> None:
    """Not even LOCK is touched."""
    (damaged / "LOCK").unlink()
    before = state_of(damaged)

    report = relevel.rescue_in_place(damaged, dry_run=True)

    assert (report.is_moved, report.backup, report.rescue.dry_run) == (False, None, True)
    assert (names(folder), state_of(damaged)) == ([damaged.name], before)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_running_database_is_refused(folder: Path, dry_run: bool) -> None:
    """Before any work is done; it goes on."""
    with relevel.DB(fill(folder / "db")) as db:
        with pytest.raises(relevel.LockedError, match="open"):
            relevel.rescue_in_place(folder / "db", dry_run=dry_run)

        db.put(b"0000", b"newer")
    assert names(folder) == ["db"]


def test_without_room_nothing_is_begun(damaged: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how much is needed, and where else it could go."""
    before = state_of(damaged)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))

    with pytest.raises(relevel.StorageError, match=r"bytes are needed and 1000 are free.*another disk"):
        relevel.rescue_in_place(damaged)
    assert (names(folder), state_of(damaged)) == ([damaged.name], before)


def test_files_of_the_program_are_there_too(damaged: Path, folder: Path) -> None:
    """Copied, with their modes; what LevelDB's own repair kept stays with the original."""
    (damaged / "key").write_text("secret")
    (damaged / "key").chmod(0o600)
    (damaged / "link").symlink_to("/nowhere")
    (damaged / "lost").mkdir()
    damaged.chmod(0o750)
    for file in damaged.glob("*.ldb"):
        file.chmod(0o640)

    report = relevel.rescue_in_place(damaged)

    assert report.not_taken_over == ("lost",)
    assert (damaged / "key").read_text() == "secret"
    assert (damaged / "link").readlink() == Path("/nowhere")
    modes = {file.name: stat.S_IMODE(file.lstat().st_mode) for file in (*damaged.iterdir(), damaged)}
    assert (modes["key"], modes[damaged.name]) == (0o600, 0o750)
    assert {mode for name, mode in modes.items() if name.endswith(".ldb")} <= {0o640, 0o644}


def test_a_folder_of_the_program_is_refused(damaged: Path, folder: Path) -> None:
    """It would be missing afterwards, and may be larger than the database."""
    (damaged / "ancient").mkdir()
    before = names(damaged)

    with pytest.raises(relevel.NotSupportedError, match=r"'ancient'.*Nothing was changed"):
        relevel.rescue_in_place(damaged)
    assert (names(folder), names(damaged)) == ([damaged.name], before)


def test_a_result_that_does_not_verify_is_not_put_in_place(
    damaged: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that writes other bytes than it was given."""

    def spoil(source: Path, destination: Path, **options: Any) -> relevel.RescueReport:
        report = rescue(source, destination, **options)
        flip(max(destination.glob("*.ldb")), 100)
        return report

    before = state_of(damaged)
    monkeypatch.setattr("relevel.recovery.in_place.rescue", spoil)

    with pytest.raises(relevel.CorruptionError, match=r"does not verify.*Nothing was changed"):
        relevel.rescue_in_place(damaged)
    assert (names(folder), state_of(damaged)) == ([damaged.name], before)


def refusing_at(step: int, monkeypatch: pytest.MonkeyPatch, *, can_exchange: bool, again: bool) -> Callable[[], int]:
    """Refuse one step of the replacement, and with ``again`` all that follow; gives how many were taken."""
    taken = 0

    def refusing(function: Any) -> Any:
        def take_step(*arguments: Any) -> Any:
            nonlocal taken
            taken += 1
            return refuse() if taken == step or (again and taken > step) else function(*arguments)

        return take_step

    exchange = rename.exchange if can_exchange else lambda *_: False
    monkeypatch.setattr(replacement, "exchange", refusing(exchange))
    monkeypatch.setattr(replacement, "rename_without_replacing", refusing(rename.rename_without_replacing))
    monkeypatch.setattr(replacement, "sync_directory", refusing(sync_directory))
    return lambda: taken


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_refusal_at_any_step_leaves_the_original_in_its_place(
    damaged: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    """And nothing else is left; until there is no such step any more, and it succeeds."""
    before = state_of(damaged)
    for step in range(1, 20):
        with monkeypatch.context() as patch:
            taken = refusing_at(step, patch, can_exchange=can_exchange, again=False)
            try:
                relevel.rescue_in_place(damaged)
            except relevel.StorageError as error:
                assert "in its place, as it was" in str(error)
                assert (names(folder), state_of(damaged)) == ([damaged.name], before)
            else:
                assert taken() < step
                assert step > 3
                return
    pytest.fail("a replacement of so many steps is another one than this test is for")


@pytest.mark.parametrize("can_exchange", [True, False])
def test_where_nothing_works_any_more_the_error_says_where_the_original_is(
    damaged: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool, tmp_path: Path
) -> None:
    """And the command in it puts it back."""
    for step in range(1, 20):
        copy = Path(shutil.copytree(damaged, tmp_path / f"at {step}" / "chain data"))
        before = state_of(copy)
        with monkeypatch.context() as patch:
            taken = refusing_at(step, patch, can_exchange=can_exchange, again=True)
            try:
                relevel.rescue_in_place(copy)
            except relevel.StorageError as error:
                if "in its place, as it was" not in str(error):
                    command = str(error).partition("Put it back with: ")[2]
                    subprocess.run(["sh", "-c", command], check=True)
                assert state_of(copy) == before
            else:
                assert taken() < step
                return
    pytest.fail("a replacement of so many steps is another one than this test is for")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes in other ways")
@pytest.mark.parametrize("exchange", ["exchange", "no exchange"])
def test_a_kill_at_any_step_leaves_the_original_whole_and_tells_the_next_run(
    damaged: Path, folder: Path, exchange: str
) -> None:
    """It is in its place; or beside it under its right name, and then the next run says so and what to do."""
    before = state_of(damaged)
    for step in range(20):
        command = [sys.executable, "-c", KILLED, str(damaged), str(step), exchange]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            assert step > 1
            return
        assert done.returncode == -signal.SIGKILL, done.stderr
        if damaged.exists() and state_of(damaged) == before:
            continue
        originals = [path for path in folder.glob("*.before-rescue-*") if state_of(path) == before]
        assert originals
        if not damaged.exists():
            with pytest.raises(relevel.NotADatabaseError, match="was interrupted") as told:
                relevel.rescue_in_place(damaged)
            back = str(told.value).partition("or put the original back with: ")[2]
            subprocess.run(["sh", "-c", back], check=True)
            assert state_of(damaged) == before
        else:
            assert list(relevel.scan(damaged)) == PAIRS
            shutil.rmtree(damaged)
            originals[0].rename(damaged)
    pytest.fail("a replacement of so many steps is another one than this test is for")
