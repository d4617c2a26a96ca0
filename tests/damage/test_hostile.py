"""Directories of any bytes: whatever is asked of one ends with an answer or with an error of ours, in bounded memory and time."""

from __future__ import annotations

import subprocess
import sys


def test_whatever_is_in_a_directory_every_command_ends() -> None:
    """A slice of ``make fuzz-directories``, in a process that may not grow."""
    command = [sys.executable, "-W", "error", "-m", "tests.damage.hostile", "--directories", "150", "--seed", "5"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    assert done.stdout.startswith("150 directories")
