"""A rescue in place that is interrupted or refused: the original is in its place, and nothing is beside it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

import relevel
from relevel.recovery import replacement, strangers
from relevel.storage import rename
from relevel.storage.posix import sync_directory
from tests.engine.living import fill, state_of
from tests.refusals import refusing


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A database that does not open: its manifest is gone. A file of its program lies in it."""
    (tmp_path / "node").mkdir()
    path = fill(tmp_path / "node" / "db")
    next(path.glob("MANIFEST-*")).unlink()
    (path / "settings").write_text("of the program")
    return path


def is_as_it_was(database: Path, before: object) -> bool:
    """Whether the database is, and nothing lies beside it."""
    return state_of(database) == before and [path.name for path in database.parent.iterdir()] == [database.name]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_an_interrupt_at_any_step_leaves_the_original_in_its_place(
    damaged: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    """Ctrl-C just after a step was taken, until there is no such step any more."""
    before = state_of(damaged)
    for step in range(1, 20):
        left = [step]

        def interrupted(function: Any, left: list[int] = left) -> Any:
            def take_step(*arguments: Any) -> Any:
                done = function(*arguments)
                left[0] -= 1
                if not left[0]:
                    raise KeyboardInterrupt
                return done

            return take_step

        with monkeypatch.context() as patch:
            exchange = rename.exchange if can_exchange else lambda *_: False
            patch.setattr(replacement, "exchange", interrupted(exchange))
            patch.setattr(replacement, "rename_without_replacing", interrupted(rename.rename_without_replacing))
            patch.setattr(replacement, "sync_directory", interrupted(sync_directory))
            try:
                relevel.rescue_in_place(damaged)
            except KeyboardInterrupt:
                assert is_as_it_was(damaged, before)
            else:
                assert step > 3
                return
    pytest.fail("a replacement of so many steps is another one than this test is for")


@pytest.mark.parametrize("name", ["copy_contents", "sync_directory"])
def test_a_file_of_the_program_that_cannot_be_copied_ends_it(
    damaged: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The error names the file, or the directory that was made."""
    before = state_of(damaged)

    monkeypatch.setattr(strangers, name, refusing())
    told = f"cannot copy .*{damaged.name}/settings" if name == "copy_contents" else "cannot sync .*rescued-"
    with pytest.raises(relevel.StorageError, match=told):
        relevel.rescue_in_place(damaged)

    assert is_as_it_was(damaged, before)


def test_an_owner_that_cannot_be_given_ends_it(damaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program could not open what it does not own."""
    before = state_of(damaged)

    def refuse(self: Path, mode: int, **_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(self))

    with (
        monkeypatch.context() as patch,
        pytest.raises(relevel.StorageError, match="cannot give its owner and modes to"),
    ):
        patch.setattr(Path, "chmod", refuse)
        relevel.rescue_in_place(damaged)

    assert is_as_it_was(damaged, before)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(damaged: Path) -> None:
    """Of the directory and of every file, links too, where root rescues for the program's user."""
    (damaged / "link").symlink_to("/nowhere")
    os.chown(damaged, 12345, 54321)

    relevel.rescue_in_place(damaged)

    owners = {(status.st_uid, status.st_gid) for status in map(Path.lstat, (damaged, *damaged.iterdir()))}
    assert owners == {(12345, 54321)}


def test_a_file_system_of_its_own_is_refused(damaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be put in its place; the error says what can be done."""
    before = state_of(damaged)
    monkeypatch.setattr(Path, "is_mount", lambda path: path == damaged)

    with pytest.raises(relevel.StorageError, match=r"file system of its own.*relevel rescue SRC DST"):
        relevel.rescue_in_place(damaged)

    assert is_as_it_was(damaged, before)
