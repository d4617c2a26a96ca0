"""Directories of any bytes: whatever is asked of one ends with an answer or with an error of ours, in bounded memory and time."""

from __future__ import annotations

from tests.damage.hostile import try_directories


def test_whatever_is_in_a_directory_every_command_ends() -> None:
    """A slice of ``make fuzz-directories``."""
    try_directories(150, seed=5)
