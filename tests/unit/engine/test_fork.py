"""A database that was open when the process forked belongs to the parent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys, relevel
db = relevel.DB(sys.argv[1], create_if_missing=True)
db.put(b"k", b"v")
child = os.fork()
if child == 0:
    for call in (lambda: db.get(b"k"), lambda: db.put(b"k", b"other"), lambda: db.prefixed_db(b"").get(b"k")):
        try:
            call()
        except RuntimeError as error:
            print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(db.get(b"k"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_child_process_is_told_what_to_do_and_the_parent_goes_on(tmp_path: Path) -> None:
    """Every call of the child says that the database is its parent's."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM, str(tmp_path / "db")]

    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    *of_child, of_parent = done.stdout.splitlines()
    assert len(of_child) == 3
    assert all("parent process; open it anew" in line for line in of_child)
    assert of_parent == "b'v'"
