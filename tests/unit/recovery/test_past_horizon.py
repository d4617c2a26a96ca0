"""What keeps the past from being complete, and for which keys."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

import relevel
from tests.damage import forge


def written(path: Path, count: int, seed: int = 0) -> Path:
    """A database of which compactions have dropped nothing in the first half of the keys, and much in the second."""
    rng = random.Random(seed)
    with relevel.DB(path, create_if_missing=True, write_buffer_size=1 << 16, max_file_size=1 << 16) as database:
        for number in range(count):
            database.put(b"a/%06d" % number, rng.randbytes(60))
        for number in range(count):
            database.put(b"b/%06d" % (number % 100), rng.randbytes(60))
        database.compact_range()
        for number in range(20):
            database.put(b"a/%06d" % number, b"again")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One such database."""
    return written(tmp_path_factory.mktemp("horizon") / "db", 2000)


def test_each_range_has_its_own_horizon(path: Path) -> None:
    """What was overwritten in one part of the keys says nothing of the other: only gaps are everybody's."""
    past = relevel.History(path)
    first, second = past.horizon(prefix=b"a/"), past.horizon(prefix=b"b/")

    assert first.gap == second.gap
    assert first.gap is not None
    assert first.gap > 2000
    assert second.sequence == 4000
    assert first.sequence is not None
    assert first.sequence <= 4000
    assert past.horizon(key=b"a/000005").is_complete_at(1999)
    assert "compaction" in second.reason


def test_damage_is_told_where_it_is(path: Path, tmp_path: Path) -> None:
    """Of the other keys the past is as complete as before."""
    copy = Path(shutil.copytree(path, tmp_path / "db"))
    table = max(copy.glob("*.ldb"), key=lambda file: file.stat().st_size)
    data = bytearray(table.read_bytes())
    data[1000:1400] = bytes(400)
    table.write_bytes(data)
    past = relevel.History(copy)
    finding = next(finding for finding in relevel.check(copy).findings if finding.is_loss)
    assert finding.keys is not None
    assert finding.keys.upper is not None

    assert past.horizon(key=finding.keys.upper).sequence is None
    assert "damage" in past.horizon().reason
    assert past.horizon(start=b"b/000099").sequence is not None


def test_files_of_two_lives_are_not_one_past(path: Path, tmp_path: Path) -> None:
    """The same sequence numbers stand for different things in them."""
    copy = Path(shutil.copytree(path, tmp_path / "db"))
    other = written(tmp_path / "other", 300, seed=1)
    shutil.copy(min(other.glob("*.ldb")), copy / "900000.ldb")

    horizon = relevel.History(copy).horizon()

    assert horizon.sequence is None
    assert horizon.gap is None
    assert "several lives" in horizon.reason


def test_a_log_of_another_life_does_not_fill_a_gap(tmp_path: Path) -> None:
    """A backup went its own way, and was copied over the database: a log of that one is still there."""
    with relevel.DB(tmp_path / "one", create_if_missing=True) as database:
        database.put(b"k", b"common")
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    with relevel.DB(tmp_path / "one") as database:
        database.put(b"k", b"one")
        database.put(b"z", b"one")
    (log,) = [file for file in (tmp_path / "one").glob("*.log") if file.stat().st_size]
    with relevel.DB(tmp_path / "other") as database:
        for value in (b"other", b"newer", b"newest"):
            database.put(b"k", value)
            database.put(b"z", value)
            database.compact_range()
        database.put(b"q", b"last")
    shutil.copy(log, tmp_path / "other" / log.name)

    past = relevel.History(tmp_path / "other")

    assert dict(past.at(3)) == {b"k": b"one", b"z": b"one"}
    assert not past.horizon().is_complete_at(3)
    assert "several lives" in past.horizon().reason


def test_a_log_that_has_lost_its_end_is_no_proof(path: Path, tmp_path: Path) -> None:
    """Where the manifest knows of more than there is."""
    copy = Path(shutil.copytree(path, tmp_path / "db"))
    newest = relevel.History(copy).newest or 0
    (log,) = [file for file in copy.glob("*.log") if file.stat().st_size]
    data = log.read_bytes()
    log.write_bytes(data[: len(data) // 2])

    past = relevel.History(copy)

    assert (past.newest or 0) < newest
    assert not past.horizon().is_complete_at(newest)
    assert dict(past.at(4000).pairs()) == dict(relevel.History(path).at(4000).pairs())


def test_without_a_manifest_only_what_has_no_gap_is_complete(path: Path, tmp_path: Path) -> None:
    """Nothing else proves which files count."""
    copy = Path(shutil.copytree(path, tmp_path / "db"))
    for file in [*copy.glob("MANIFEST-*"), copy / "CURRENT"]:
        file.unlink()

    horizon = relevel.History(copy).horizon()

    assert horizon.sequence is None
    assert "manifest" in horizon.reason


def test_the_horizon_of_nothing_is_the_beginning(tmp_path: Path) -> None:
    """An empty database has a complete past."""
    relevel.DB(tmp_path / "db", create_if_missing=True).close()
    past = relevel.History(tmp_path / "db")

    assert past.horizon().sequence == 0
    assert (past.oldest, past.newest or 0) == (None, 0)
    assert past.mass_deletions() == []
    assert past.when(1).evidence == ()
    assert list(past.diff(0, 5)) == []


def test_what_is_missing_between_the_records_of_a_log_was_dropped_by_nobody(tmp_path: Path) -> None:
    """Compactions do not touch logs: where a record was cut out cleanly, nothing is proved, and below it everything is."""
    batches = [forge.batch(number, forge.put(b"%d" % number, b"value"), 1) for number in (1, 2, 3, 6, 7)]
    place = forge.database(tmp_path / "db", [forge.first_edit(log_number=3)], {"000003.log": forge.log(batches)})

    horizon = relevel.History(place).horizon()

    assert (horizon.sequence, horizon.gap, horizon.newest) == (None, 4, 7)
    assert "sequence number 5, which was or may have been in a log" in horizon.reason
    assert horizon.is_complete_at(3)
    assert not horizon.is_complete_at(4)
