"""The deletions were compacted away, and an old table still holds what they deleted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import relevel
from tests.model.databases import contents

plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")

VALUES = {b"user/%03d" % number: b"value of %d" % number for number in range(50)}
LATE = b"zzz"


@pytest.fixture(params=["superseded", "orphan"])
def emptied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Fifty keys in an old table, deleted, the deletions dropped by a compaction; one key whose deletion is in the log."""
    path = tmp_path / "db"
    with plyvel.DB(str(path), create_if_missing=True) as database:
        for key, value in VALUES.items():
            database.put(key, value)
        database.compact_range(start=b"a", stop=b"zzzz")
        (tmp_path / "old").mkdir()
        for table in path.glob("*.ldb"):
            shutil.copy(table, tmp_path / "old")
        for key in VALUES:
            database.delete(key)
        database.compact_range(start=b"a", stop=b"zzzz")
        database.put(LATE, b"late")
        database.delete(LATE)
    if request.param == "orphan":
        plyvel.DB(str(path)).close()  # a new manifest, which has never heard of the old table
        with plyvel.DB(str(path)) as database:
            database.put(LATE, b"late")
            database.delete(LATE)
    for table in (tmp_path / "old").iterdir():
        shutil.copy(table, path)
        assert str(standing_of(path, table.name)) == request.param
    return path


def standing_of(path: Path, name: str) -> object:
    """What a file counts for."""
    return next(file.standing for file in relevel.info(path).files if file.name == name)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [sys.executable, "-m", "relevel", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_they_are_listed_as_unknown(emptied: Path) -> None:
    """They are gone, and no deletion on disk proves that they were deleted."""
    states = {row.key: (row.value, row.state) for row in relevel.History(emptied).deleted()}

    assert states == {**{key: (value, "unknown") for key, value in VALUES.items()}, LATE: (b"late", "deleted")}


def test_every_command_gives_the_same_state(emptied: Path) -> None:
    """The list of the deleted, the timeline, a dump of everything and the copies of one key agree."""
    past = relevel.History(emptied)
    deleted = set(past.deleted())

    assert deleted <= set(past.timeline())
    assert deleted <= set(relevel.dump(emptied, all_versions=True))
    assert [copy.version.state for copy in relevel.find(emptied, b"user/007").copies] == ["unknown"]


def test_they_come_back_and_are_counted_apart(emptied: Path, tmp_path: Path) -> None:
    """All that is gone is wanted back, and the report says how much of it is not proved to have been deleted."""
    report = relevel.undelete(emptied, tmp_path / "back", deleted=True)

    assert (report.entry_count, report.restored_count, report.unknown_count) == (51, 51, 50)
    assert contents(tmp_path / "back")[0] == {**VALUES, LATE: b"late"}


def test_a_prefix_limits_what_is_counted(emptied: Path, tmp_path: Path) -> None:
    """Only keys that are brought back are."""
    report = relevel.undelete(emptied, tmp_path / "back", deleted=True, prefix=b"user/00")

    assert (report.restored_count, report.unknown_count) == (10, 10)


def test_the_commands_say_how_many_there_are(emptied: Path, tmp_path: Path) -> None:
    """In the report of undelete, and beside the list."""
    listed = run("history", emptied, "--deleted", "--format", "text")
    undeleted = run("undelete", emptied, tmp_path / "back", "--deleted")

    assert listed.stdout.count("[unknown; ") == 50
    assert "51 keys, of which 50 have no deletion on disk: state unknown" in listed.stderr
    assert "51 of them restored (of which 50 have no deletion on disk: state unknown)" in undeleted.stdout
    assert (listed.returncode, undeleted.returncode) == (0, 0)
