"""LOCK, against itself, fcntl and flock, in this process and in others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from relevel.errors import LockedError, StorageError
from relevel.files.lock import DatabaseLock

_BY_FCNTL = "import fcntl; fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)"
_BY_FLOCK = "import fcntl; fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)"
_BY_RELEVEL = "from relevel.files.lock import DatabaseLock; DatabaseLock(file.name)"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the locks are POSIX ones")


def can_another_process_lock(path: Path, how: str) -> bool:
    """Let another process try."""
    code = f"file = open({str(path)!r}, 'r+'); {how}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("how", [_BY_FCNTL, _BY_FLOCK, _BY_RELEVEL])
def test_a_lock_keeps_other_processes_out_whatever_call_they_use(tmp_path: Path, how: str) -> None:
    """LevelDB uses fcntl, goleveldb flock."""
    path = tmp_path / "LOCK"
    lock = DatabaseLock(str(path))

    assert not can_another_process_lock(path, how)
    lock.release()
    assert can_another_process_lock(path, how)


@pytest.mark.parametrize("how", [_BY_FCNTL, _BY_FLOCK, _BY_RELEVEL])
def test_a_lock_of_another_process_is_respected(tmp_path: Path, how: str) -> None:
    """And can be taken as soon as that process is gone."""
    path = tmp_path / "LOCK"
    path.touch()
    code = f"file = open({str(path)!r}, 'r+'); held = [{how.rpartition('; ')[2]}]; print(flush=True); input()"
    setup = how.rpartition("; ")[0]
    with subprocess.Popen(
        [sys.executable, "-c", f"{setup}\n{code}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()

        with pytest.raises(LockedError, match="held by another process"):
            DatabaseLock(str(path))
        other.communicate("\n")
    DatabaseLock(str(path)).release()


def test_a_second_lock_in_this_process_fails_and_the_first_stays(tmp_path: Path) -> None:
    """LevelDB's own is dropped by the attempt."""
    path = tmp_path / "LOCK"
    lock = DatabaseLock(str(path))

    with pytest.raises(LockedError, match="already held by this process"):
        DatabaseLock(str(path))
    assert not can_another_process_lock(path, _BY_FCNTL)
    lock.release()


def test_a_lock_is_known_under_every_name_of_its_file(tmp_path: Path) -> None:
    """A database that is reached through a symbolic link is the same database."""
    (tmp_path / "database").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "database")
    lock = DatabaseLock(str(tmp_path / "database" / "LOCK"))

    with pytest.raises(LockedError):
        DatabaseLock(str(tmp_path / "link" / "LOCK"))
    lock.release()


def test_closing_another_descriptor_of_the_file_does_not_drop_the_lock(tmp_path: Path) -> None:
    """As reading LOCK, to hash a directory, does to an ordinary POSIX lock."""
    path = tmp_path / "LOCK"
    lock = DatabaseLock(str(path))
    path.read_bytes()

    assert not can_another_process_lock(path, _BY_FCNTL)
    lock.release()


def test_a_lock_is_released_once(tmp_path: Path) -> None:
    """A second release does not release somebody else's."""
    path = tmp_path / "LOCK"
    lock = DatabaseLock(str(path))
    lock.release()
    second = DatabaseLock(str(path))

    lock.release()

    assert not can_another_process_lock(path, _BY_FLOCK)
    second.release()


def test_a_lock_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    """And says which file."""
    with pytest.raises(StorageError, match="LOCK"):
        DatabaseLock(str(tmp_path / "nowhere" / "LOCK"))


def test_a_lock_on_a_file_that_was_removed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody destroyed the database between opening the file and locking it: the next would lock a new one."""
    path = tmp_path / "LOCK"
    monkeypatch.setattr(DatabaseLock, "_take", lambda _: path.unlink())

    with pytest.raises(LockedError, match="removed"):
        DatabaseLock(str(path))
    monkeypatch.undo()

    DatabaseLock(str(path)).release()
