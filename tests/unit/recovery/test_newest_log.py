"""The newest log, which no manifest names while the memtable before it becomes a table: LOG tells of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import relevel
from tests.damage import forge
from tests.damage.test_strays import Builder
from tests.engine.test_logs_in_turn import put
from tests.fixtures.catalogue import FOLDER as FIXTURES

STAMP = "2026/11/20-12:16:11.458424 140627262043840 "
OPENED = ["Recovering log #80", "Level-0 table #82: started", "Level-0 table #82: 118437 bytes OK", "Delete type=0 #80"]
BEGUN = "Level-0 table #93: started"


def is_missed(database: Path, lines: list[str]) -> bool:
    """Whether check says that a log is gone, with such a LOG."""
    (database / "LOG").write_text("".join(f"{STAMP}{line}\n" for line in lines))
    return "log.newest.missing" in {finding.code for finding in relevel.check(database).findings}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A table up to the number 10 and a log with the next change; tables and logs get their numbers from 91 on."""
    builder = Builder(tmp_path)
    builder.table(5, {b"%02d" % number: (number, b"in a table") for number in range(1, 11)})
    return builder.database(log=forge.log([put(11, b"new", b"value")]), last_sequence=10)


@pytest.mark.parametrize(
    ("lines", "is_told"),
    [
        ([*OPENED, BEGUN], True),
        ([BEGUN], True),
        ([BEGUN, "Level-0 table #93: 0 bytes IO error: 000093.ldb: No space left on device"], True),
        (["Recovering log #90", "Reusing old log /db/000090.log", BEGUN], True),
        (["Recovering log #90", "Writing to log #90", BEGUN], True),
        (OPENED, False),
        (["Recovering log #90", BEGUN], False),
        ([*OPENED, BEGUN, "Level-0 table #93: 4711 bytes OK"], False),
        ([BEGUN, "Level-0 table #93: 0 bytes OK"], False),
        ([*OPENED, "Level-0 table #91: started"], False),
        ([*OPENED, "Level-0 table #5: started"], False),
        ([], False),
    ],
)
def test_a_log_of_which_only_log_tells_is_missed(lines: list[str], is_told: bool, database: Path) -> None:
    """A table was begun while the database was in use, and is not ended; a number for the log is between."""
    assert is_missed(database, lines) is is_told


def test_it_is_not_missed_where_it_is(database: Path) -> None:
    """Also where nothing is in it: so it is when it was just begun."""
    (database / "000092.log").write_bytes(b"")

    assert not is_missed(database, [*OPENED, BEGUN])


def test_nothing_is_complete_and_nothing_proved_without_it(tmp_path: Path) -> None:
    """A copy of a database while LevelDB wrote, without its last log."""
    shutil.copytree(FIXTURES / "plyvel-live" / "db", tmp_path / "db")
    assert relevel.check(tmp_path / "db").is_clean
    (tmp_path / "db" / "000011.log").unlink()
    key = next(iter(relevel.scan(tmp_path / "db")))[0]

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    assert [finding.code for finding in report.losses] == ["log.newest.missing"]
    assert not report.is_complete
    assert [stale.keys for stale in report.possibly_stale] == [relevel.KeyRange()]
    with pytest.warns(relevel.UnprovedWarning):
        relevel.get(tmp_path / "db", key)
