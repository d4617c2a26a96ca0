"""A process that writes is killed after some acknowledged writes: every one of them is there, and nothing that never was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.kills import ENGINES, kill_repeatedly


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_loses_nothing_that_was_acknowledged(seed: int, tmp_path: Path) -> None:
    """Five times in a row; of the batch that was being written all is there or nothing."""
    kill_repeatedly(seed, 5, tmp_path / "db")


@pytest.mark.parametrize("seed", range(100, 102))
def test_relevel_and_leveldb_killed_in_turns_lose_nothing_acknowledged(seed: int, tmp_path: Path) -> None:
    """Each goes on with what the other's end has left."""
    pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")

    kill_repeatedly(seed, 5, tmp_path / "db", ENGINES)
