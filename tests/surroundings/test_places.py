"""As a user who may not write everywhere, on a read-only file system, and on one that becomes full.

Root alone may become another user and mount; tests that need that are skipped for others and where the system forbids it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.engine.living import SMALL, fill
from tests.tidy.sources import PACKAGE, ROOT

NOBODY: Final[dict[str, Any]] = {"user": 65534, "group": 65534, "extra_groups": []}
PYTHON: Final = (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3")
"""Interpreters: another user may be allowed one of them only."""
PACKAGES: Final = os.pathsep.join(
    [str(ROOT), str(PACKAGE.parent), *(entry for entry in sys.path if entry.endswith("site-packages"))]
)
"""Where the project is, and what it needs."""


def can_run(command: list[str], **options: Any) -> bool:
    """Whether a command can be run here, and ends well."""
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, **options)
    except OSError:
        return False
    return done.returncode == 0


def python_for(user: dict[str, Any]) -> str | None:
    """An interpreter that a user may run, and that finds the project; None where there is none."""
    importing = ["-c", "import relevel, tests.surroundings.programs"]
    environment = {**os.environ, "PYTHONPATH": PACKAGES, "PYTHONDONTWRITEBYTECODE": "1"}
    return next((each for each in PYTHON if can_run([each, *importing], env=environment, cwd="/", **user)), None)


def run(name: str, folder: Path, *mounts: str, **user: Any) -> None:
    """Run one of ``programs``, where there are mounts with a view of the file systems of its own."""
    program = [python_for(user) or sys.executable, "-m", "tests.surroundings.programs", name, str(folder)]
    if mounts:
        program = ["unshare", "--mount", "sh", "-euc", "\n".join((*mounts, 'exec "$@"')), "sh", *program]
    environment = {**os.environ, "PYTHONPATH": PACKAGES, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(folder)}
    done = subprocess.run(program, cwd="/", env=environment, text=True, capture_output=True, check=False, **user)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a database in ``db``, an empty one, ``closed``, and one to write to, ``own``; anybody may go there.

    It is not in ``tmp_path``, whose parents are closed to other users.
    """
    with tempfile.TemporaryDirectory(prefix="places-") as name:
        place = Path(name)
        place.chmod(0o755)
        fill(place / "db", **SMALL)
        (place / "closed").mkdir()
        (place / "own").mkdir()
        yield place


@pytest.fixture
def nobody(folder: Path) -> dict[str, Any]:
    """Options of ``run`` for a user who owns ``own``, and may read the rest."""
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    if not all(parent.stat().st_mode & 0o001 for parent in folder.parents):
        pytest.skip("the folder of temporary files is closed to other users")
    shutil.chown(folder / "own", 65534, 65534)
    if python_for(NOBODY) is None:
        pytest.skip("another user may not run this Python, or not read the project")
    return NOBODY


def read_only(place: Path) -> list[str]:
    """The commands that make a folder a read-only file system."""
    return [f"mount --bind '{place}' '{place}'", f"mount -o remount,bind,ro '{place}'"]


def small(place: Path) -> list[str]:
    """The command that makes a folder a small file system."""
    return [f"mount -t tmpfs -o size=3m tmpfs '{place}'"]


def need_mounts(*mounts: str) -> None:
    """Skip the test where these are not allowed."""
    if not can_run(["unshare", "--mount", "sh", "-euc", "\n".join(mounts)]):
        pytest.skip("that may not be mounted here")


def test_a_user_works_in_a_folder_of_his_own(folder: Path, nobody: dict[str, Any]) -> None:
    """Everything, and nothing asks for more rights than that."""
    run("works", folder / "own", **nobody)


def test_what_belongs_to_another_is_read_and_rescued_elsewhere(folder: Path, nobody: dict[str, Any]) -> None:
    """It is not opened to write, and nothing of it changes."""
    run("may_not_write", folder, **nobody)


def test_a_table_that_may_not_be_read_is_named(folder: Path, nobody: dict[str, Any]) -> None:
    """By check and by rescue."""
    min((folder / "db").glob("*.ldb")).chmod(0o600)

    run("may_not_read", folder, **nobody)


def test_a_read_only_file_system_is_enough_to_read(folder: Path) -> None:
    """Even for root, who may write anywhere else."""
    mounts = [*read_only(folder / "db"), *read_only(folder / "closed")]
    need_mounts(*mounts)

    run("may_not_write", folder, *mounts)


def test_a_full_file_system_loses_nothing(folder: Path) -> None:
    """Of what was acknowledged; and with room again the database goes on."""
    (folder / "small").mkdir()
    (folder / "kept").mkdir()
    mounts = small(folder / "small")
    need_mounts(*mounts)

    run("full", folder, *mounts, f"trap \"cp -a '{folder}/small/db' '{folder}/kept'\" EXIT", '"$@"', "exit")
    (folder / "small").rmdir()
    (folder / "kept").rename(folder / "small")
    run("room_again", folder)
