"""relevel.repair and relevel.destroy: in place, and what is left where they fail."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

import relevel
from relevel.recovery.rescue import rescue
from tests.engine.living import PAIRS, fill, flip, state_of
from tests.refusals import refusing

refuse = refusing()


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A database that does not open: its manifest is gone."""
    fill(tmp_path / "db")
    next((tmp_path / "db").glob("MANIFEST-*")).unlink()
    return tmp_path / "db"


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def kept_of(database: Path) -> Path:
    """Where the original is."""
    (kept,) = database.parent.glob(f"{database.name}.before-rescue-*")
    return kept


def test_the_original_is_kept_as_it_was(damaged: Path, tmp_path: Path) -> None:
    """Every byte and time, beside the healthy one, which opens."""
    before = state_of(damaged)
    report = relevel.repair(damaged)

    assert names(tmp_path) == ["db", kept_of(damaged).name]
    assert state_of(kept_of(damaged)) == before
    assert report.entry_count >= len(PAIRS)
    with relevel.DB(damaged) as db:
        assert list(db) == PAIRS


def test_every_repair_keeps_its_own_original(damaged: Path, tmp_path: Path) -> None:
    """Nothing is ever written over, however fast one follows the other."""
    for path in (damaged, str(damaged), os.fsencode(damaged), damaged):
        relevel.repair(path)

    assert len(names(tmp_path)) == 5
    assert list(relevel.scan(damaged)) == PAIRS


def test_a_link_stays_a_link(damaged: Path, tmp_path: Path) -> None:
    """What it leads to is repaired."""
    (tmp_path / "link").symlink_to("db")

    relevel.repair(tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert kept_of(damaged).is_dir()
    assert list(relevel.scan(tmp_path / "link")) == PAIRS


def test_who_may_read_the_directory_stays(damaged: Path) -> None:
    """What was private stays private."""
    damaged.chmod(0o700)

    relevel.repair(damaged)

    assert stat.S_IMODE(damaged.stat().st_mode) == 0o700


def test_what_is_not_leveldbs_stays_with_the_original(damaged: Path) -> None:
    """It is not lost, and the program finds a copy where it was."""
    (damaged / "notes.txt").write_text("mine")

    relevel.repair(damaged)

    assert (kept_of(damaged) / "notes.txt").read_text() == "mine"
    assert (damaged / "notes.txt").read_text() == "mine"


def test_an_open_database_is_refused(tmp_path: Path) -> None:
    """It goes on, and nothing is left beside it."""
    with relevel.DB(fill(tmp_path / "db")) as db:
        with pytest.raises(relevel.LockedError):
            relevel.repair(tmp_path / "db")

        db.put(b"0000", b"newer")
        assert names(tmp_path) == ["db"]


def test_while_it_is_repaired_nobody_opens_it(damaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is held."""

    def look(*arguments: Any, **options: Any) -> relevel.RescueReport:
        with pytest.raises(relevel.LockedError):
            relevel.destroy(damaged)
        return rescue(*arguments, **options)

    monkeypatch.setattr("relevel.recovery.in_place.rescue", look)
    relevel.repair(damaged)

    assert list(relevel.scan(damaged)) == PAIRS


def test_nothing_is_left_where_the_rescue_fails(damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a LOCK that was not there."""
    (damaged / "LOCK").unlink()
    before = state_of(damaged)
    monkeypatch.setattr("relevel.recovery.rescue.rebuild", refuse)

    with pytest.raises(OSError):
        relevel.repair(damaged)
    assert state_of(damaged) == before
    assert names(tmp_path) == ["db"]


def test_where_there_is_nothing_to_rescue_nothing_is_made(tmp_path: Path) -> None:
    """In a directory of other things, in an empty one, in none, and for a file."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")

    for name in ("empty", "other", "nothing", "other/notes.txt"):
        with pytest.raises(relevel.NotADatabaseError):
            relevel.repair(tmp_path / name)
    assert names(tmp_path) == ["empty", "other"]
    assert (names(tmp_path / "empty"), names(tmp_path / "other")) == ([], ["notes.txt"])


def test_a_healed_bit_costs_nothing(tmp_path: Path) -> None:
    """In a table; the report says so."""
    fill(tmp_path / "db")
    flip(max((tmp_path / "db").glob("*.ldb")), 100)

    report = relevel.repair(tmp_path / "db")

    assert report.is_complete
    assert len(report.healed) == 1
    assert list(relevel.scan(tmp_path / "db")) == PAIRS


def test_what_cannot_be_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """destroy does not say that it is done when it is not."""
    fill(tmp_path / "db")
    monkeypatch.setattr(Path, "unlink", refuse)

    with pytest.raises(relevel.StorageError, match="cannot remove"):
        relevel.destroy(tmp_path / "db")
    monkeypatch.undo()
    assert list(relevel.scan(tmp_path / "db")) == PAIRS


def test_a_damaged_database_can_be_destroyed(damaged: Path, tmp_path: Path) -> None:
    """Its files are known by their names."""
    relevel.destroy(damaged)

    assert names(tmp_path) == []
