"""Whether somebody holds a lock, told without touching it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from relevel.storage.lock import is_locked, may_be_open_here

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no device numbers there")


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file that nobody holds."""
    path = tmp_path / "LOCK"
    path.touch()
    return path


def line_of(path: Path) -> str:
    """The line of a system that says that a process has locked a file."""
    status = path.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    return f"7: POSIX  ADVISORY  WRITE 4711 {device}:{status.st_ino} 0 EOF\n"


def test_a_lock_that_the_system_lists_is_held(lock: Path, tmp_path: Path) -> None:
    """Among the locks of others."""
    locks = tmp_path / "locks"
    locks.write_text("1: FLOCK  ADVISORY  WRITE 12 fe:00:1 0 EOF\n" + line_of(lock))

    assert is_locked(str(lock), locks)


def test_a_lock_that_is_not_listed_is_not_held(lock: Path, tmp_path: Path) -> None:
    """Whatever else the list has."""
    locks = tmp_path / "locks"
    locks.write_text("1: FLOCK\n\n2: -> POSIX ADVISORY WRITE 9\n" + line_of(tmp_path))

    assert not is_locked(str(lock), locks)


def test_where_nothing_is_told_nothing_is_known(lock: Path, tmp_path: Path) -> None:
    """No list, or no lock file."""
    assert not is_locked(str(lock), tmp_path / "nowhere")
    assert not is_locked(str(tmp_path / "nowhere"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists locks")
def test_asking_drops_no_lock(lock: Path) -> None:
    """As opening and closing the file would, in the process that holds the lock."""
    import fcntl  # noqa: PLC0415  (not on every system)

    with lock.open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        first, second = is_locked(str(lock)), is_locked(str(lock))

    assert first == second


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists descriptors")
def test_a_file_that_is_open_here_is_told(lock: Path) -> None:
    """By any descriptor, under any name of the file."""
    same = lock.with_name("same")
    same.hardlink_to(lock)

    before = may_be_open_here(str(lock))
    with same.open():
        during = may_be_open_here(str(lock))

    assert (before, during, may_be_open_here(str(lock))) == (False, True, False)


def test_where_no_descriptors_are_listed_it_may_be_open(lock: Path, tmp_path: Path) -> None:
    """Nor where there are very many."""
    many = tmp_path / "many"
    many.mkdir()
    for number in range(1001):
        (many / str(number)).touch()

    assert may_be_open_here(str(lock), str(tmp_path / "nowhere"))
    assert may_be_open_here(str(lock), str(many))
