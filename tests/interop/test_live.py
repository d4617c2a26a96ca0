"""A database that another program is writing to all the while: nothing is taken for damage, and nothing is missing."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import relevel
from tests.interop.busy_writer import STEADY

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("plyvel") is None, reason="plyvel has no wheels for this Python"),
    pytest.mark.skipif(sys.platform == "win32", reason="written for systems that delete open files"),
]

ROUNDS = 30


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database that is written to as long as the tests of this file run."""
    place = tmp_path_factory.mktemp("busy") / "db"
    program = [sys.executable, "-m", "tests.interop.busy_writer", str(place)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        yield place
        is_alive = writer.poll() is None
        writer.kill()
    assert is_alive


def test_check_finds_no_damage(database: Path) -> None:
    """Neither missing files, nor sizes that changed, nor half a record."""
    for _ in range(ROUNDS):
        report = relevel.check(database)

        assert report.is_clean, report.findings


def test_dump_and_scan_give_all_that_was_acknowledged_before(database: Path) -> None:
    """Whatever is written meanwhile."""
    for _ in range(ROUNDS):
        rows, pairs = relevel.dump(database, prefix=b"steady/"), relevel.scan(database, prefix=b"steady/")

        assert {row.key: row.value for row in rows} == dict(pairs) == STEADY
        assert [finding for finding in (*rows.findings, *pairs.findings) if finding.severity] == []


def test_history_ends_without_findings(database: Path) -> None:
    """Superseded files that are about to go are not missed."""
    for _ in range(ROUNDS // 5):
        rows = relevel.history(database)
        steady = {row.key for row in rows if row.key in STEADY}

        assert steady == STEADY.keys()
        assert [finding for finding in rows.findings if finding.severity] == []


def test_get_and_find_find(database: Path) -> None:
    """A key that is there is there."""
    key, value = next(iter(STEADY.items()))
    for _ in range(ROUNDS):
        assert relevel.get(database, key) == value
        assert [copy.version.value for copy in relevel.find(database, key).copies] == [value]


def test_rescue_is_complete_and_clean(database: Path, tmp_path: Path) -> None:
    """The new database holds all that was acknowledged before, and nothing is said to be lost."""
    for _ in range(ROUNDS):
        report = relevel.rescue(database, tmp_path / "rescued")

        assert report.is_complete, report.losses
        assert dict(relevel.scan(tmp_path / "rescued", prefix=b"steady/")) == STEADY
        assert relevel.check(tmp_path / "rescued").is_clean
        shutil.rmtree(tmp_path / "rescued")


def test_undelete_and_info_come_to_an_end(database: Path, tmp_path: Path) -> None:
    """With everything in place."""
    for _ in range(ROUNDS // 5):
        report = relevel.undelete(database, tmp_path / "restored", deleted=True)

        assert report.is_complete, report.findings
        assert dict(relevel.scan(tmp_path / "restored", prefix=b"steady/")) == STEADY
        assert [finding for finding in relevel.info(database).findings if finding.severity] == []
        shutil.rmtree(tmp_path / "restored")


def test_with_more_tables_than_can_be_held_no_damage_is_found(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either all is there, after another try perhaps, or the error says that the database is in use."""
    monkeypatch.setattr("relevel.storage.held.open_file_limit", lambda: 12)
    for _ in range(ROUNDS // 5):
        with contextlib.suppress(relevel.DatabaseInUseError):
            assert relevel.check(database).is_clean
        with contextlib.suppress(relevel.DatabaseInUseError):
            assert dict(relevel.scan(database, prefix=b"steady/")) == STEADY
        with contextlib.suppress(relevel.DatabaseInUseError):
            assert relevel.rescue(database, tmp_path / "rescued").is_complete
            assert dict(relevel.scan(tmp_path / "rescued", prefix=b"steady/")) == STEADY
        shutil.rmtree(tmp_path / "rescued", ignore_errors=True)
