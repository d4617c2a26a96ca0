"""Reading only while somebody else writes, and after they removed what was read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import relevel
from relevel.storage.held import HeldDirectory
from tests.engine.conftest import module
from tests.engine.living import PAIRS, SMALL, fill, state_of
from tests.interop.busy_writer import STEADY

ROUNDS = 20
needs_deletable_files = pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be deleted there")


@needs_deletable_files
def test_what_a_busy_program_acknowledged_is_there(tmp_path: Path) -> None:
    """Files that it compacts away while they are read are not missed."""
    module("plyvel")
    program = [sys.executable, "-m", "tests.interop.busy_writer", str(tmp_path / "db")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        try:
            for _ in range(ROUNDS):
                with relevel.DB(tmp_path / "db", read_only=True) as db:
                    assert dict(db.items(prefix=b"steady/")) == STEADY
                    assert db.get(b"steady/0007") == STEADY[b"steady/0007"]
                    assert db.recovery_findings == ()
            assert writer.poll() is None
        finally:
            writer.kill()


@needs_deletable_files
def test_it_stays_as_it_was_when_it_was_opened(tmp_path: Path) -> None:
    """Whatever the writer replaces, deletes and compacts away."""
    with (
        relevel.DB(fill(tmp_path / "db"), **SMALL) as writer,
        relevel.DB(tmp_path / "db", read_only=True) as reader,
    ):
        for key, _ in PAIRS:
            writer.delete(key)
        writer.put(b"new", b"value")
        writer.compact_range()

        assert list(reader) == PAIRS
        assert reader.get(b"new") is None


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors cannot be counted here")
def test_closing_gives_back_the_files(tmp_path: Path) -> None:
    """Also where an iterator and the database itself are still referred to."""
    fill(tmp_path / "db")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - its own descriptor is among them, both times
    db = relevel.DB(tmp_path / "db", read_only=True)
    iterator = db.iterator()
    next(iterator)
    db.close()

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    with pytest.raises(RuntimeError, match="closed"):
        next(iterator)


def test_every_write_is_refused_with_the_reason(tmp_path: Path) -> None:
    """As an InvalidArgumentError that names the option; nothing is changed."""
    before = state_of(fill(tmp_path / "db"))
    with relevel.DB(tmp_path / "db", read_only=True) as db:
        batch = db.write_batch()
        batch.put(b"key", b"value")
        for write in (
            lambda: db.put(b"key", b"value"),
            lambda: db.put(b"key", b"value", sync=True),
            lambda: db.delete(b"0007"),
            lambda: db.prefixed_db(b"00").put(b"07", b"value"),
            lambda: db.prefixed_db(b"00").delete(b"07"),
            batch.write,
            batch.__enter__,
            db.compact_range,
            lambda: db.checkpoint(tmp_path / "copy"),
            lambda: relevel.load(db, [(b"key", b"value")]),
        ):
            with pytest.raises(relevel.InvalidArgumentError, match="read_only"):
                write()
        assert list(db) == PAIRS

    assert state_of(tmp_path / "db") == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["db"]


@pytest.mark.parametrize("create", [False, True])
def test_where_there_is_no_database_nothing_is_made(tmp_path: Path, create: bool) -> None:
    """Neither where there is nothing, nor in a directory of other things."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")

    for name in ("nothing", "other"):
        with pytest.raises(relevel.NotADatabaseError):
            relevel.DB(tmp_path / name, read_only=True, create_if_missing=create)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["other", "other/notes.txt"]


@pytest.mark.parametrize("is_settled", [True, False])
def test_what_cannot_be_opened_is_damage_only_where_nobody_writes(
    is_settled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is missing may be one that a writer has just merged away: it is tried again, and then said."""
    place = fill(tmp_path / "db")
    with relevel.DB(place) as db:
        db.compact_range()
    for table in place.glob("*.ldb"):
        table.unlink()
    monkeypatch.setattr(HeldDirectory, "is_settled", is_settled)

    with pytest.raises(relevel.CorruptionError if is_settled else relevel.DatabaseInUseError):
        relevel.DB(place, read_only=True)
