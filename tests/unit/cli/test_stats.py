"""relevel stats."""

from __future__ import annotations

import json
from pathlib import Path

import relevel
from tests.unit.cli.calling import call
from tests.unit.cli.conftest import PAIRS


def state_of(path: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and times of every file."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.iterdir()}


def test_tables_and_memory_are_told(database: Path) -> None:
    """What the log holds counts as memory; nothing is written."""
    before = state_of(database)
    done = call("stats", database)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("level   tables       size\nin memory: ")
    assert "in memory: 0 B" not in done.out
    assert f"last sequence number {len(PAIRS)}\n" in done.out
    assert state_of(database) == before


def test_as_json_it_is_the_value(database: Path) -> None:
    """As DB.stats gives it."""
    report = json.loads(call("stats", database, "--json").out)

    assert set(report) == set(relevel.DB(database, read_only=True).stats().__dataclass_fields__)
    assert report["last_sequence"] == len(PAIRS)
    assert len(report["levels"]) == 7


def test_a_database_that_is_open_elsewhere_has_stats_too(database: Path) -> None:
    """No lock is taken."""
    with relevel.DB(database) as db:
        assert call("stats", database).code == 0
        db.put(b"key", b"value")


def test_a_damaged_log_is_a_finding(damaged: Path) -> None:
    """On standard error, with --json as JSON; the numbers come all the same."""
    done = call("stats", damaged, "--json")

    assert done.code == 1
    assert json.loads(done.err)["code"] == "log.record.checksum-mismatch"
    assert 0 < json.loads(done.out)["last_sequence"] < len(PAIRS)


def test_a_database_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """And is not made."""
    done = call("stats", tmp_path / "nothing")

    assert done.code == relevel.NotADatabaseError.exit_code
    assert not (tmp_path / "nothing").exists()
