"""New files, names made durable, files removed: what the threads of a database ask of the file system."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import pytest

import relevel
from relevel import _kernel


def test_a_new_file_grows_at_its_end(tmp_path: Path) -> None:
    """By what is appended, in order."""
    path = tmp_path / "new"
    file = _kernel.AppendedFile(str(path))
    file.append(b"one ")
    file.append(b"two")
    file.sync()
    file.close()

    assert path.read_bytes() == b"one two"


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    """And what has it stays as it is."""
    path = tmp_path / "new"
    path.write_bytes(b"precious")

    with pytest.raises(FileExistsError):
        _kernel.AppendedFile(str(path))
    assert path.read_bytes() == b"precious"


def test_a_closed_file_takes_nothing(tmp_path: Path) -> None:
    """It may be closed again."""
    file = _kernel.AppendedFile(str(tmp_path / "new"))
    file.close()
    file.close()

    with pytest.raises(OSError, match="closed"):
        file.append(b"late")


def test_what_the_system_refuses_has_its_number(tmp_path: Path) -> None:
    """As Python's own functions raise it."""
    for refused in (_kernel.sync_directory, _kernel.remove_file, lambda path: _kernel.AppendedFile(f"{path}/new")):
        with pytest.raises(FileNotFoundError) as raised:
            refused(str(tmp_path / "none"))
        assert raised.value.errno == errno.ENOENT
    _kernel.sync_directory(str(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_waits_for_no_thread_of_its_parent(tmp_path: Path) -> None:
    """Whatever moment it was made at: its own calls would give way to nobody."""
    assert relevel.DB.package  # with the engine comes what it registers for children
    file, stop = _kernel.AppendedFile(str(tmp_path / "busy")), threading.Event()

    def work() -> None:
        while not stop.is_set():
            file.append(b"x")

    thread = threading.Thread(target=work)
    thread.start()
    statuses = []
    for _ in range(50):
        child = os.fork()
        if child == 0:
            os._exit(_kernel.forget_waiting())
        statuses.append(os.waitpid(child, 0)[1])
    stop.set()
    thread.join()

    assert statuses == [0] * 50
