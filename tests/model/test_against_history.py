"""relevel against the true history of databases that plyvel wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from tests.model.databases import Recorded, contents, emptied_database, random_database

plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")


@pytest.fixture(scope="module", params=[1, 2, 3])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A database with overwrites, deletions, tables and a log."""
    return random_database(tmp_path_factory.mktemp("random") / "db", seed=request.param)


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A database of which every key was deleted."""
    return emptied_database(tmp_path_factory.mktemp("emptied") / "db")


def test_dump_gives_the_live_entries_in_key_order(recorded: Recorded) -> None:
    """What a read gives now, and nothing else."""
    rows = list(relevel.dump(recorded.path))

    assert [(row.key, row.value) for row in rows] == list(recorded.live.items())
    assert {row.state for row in rows} == {"live"}


def test_scan_gives_the_same_as_dump(recorded: Recorded) -> None:
    """Pairs without their circumstances."""
    assert dict(relevel.scan(recorded.path)) == recorded.live


def test_every_version_shown_was_written_with_that_sequence_number(recorded: Recorded) -> None:
    """Nothing is invented: sequence number n is the nth operation."""
    rows = list(relevel.dump(recorded.path, all_versions=True))

    assert rows
    assert all(recorded.operations[row.sequence - 1] == (row.key, row.value) for row in rows)
    assert len({row.sequence for row in rows}) == len(rows)


def test_states_follow_from_the_next_newer_version(recorded: Recorded) -> None:
    """Live, shadowed and deleted mean what the documentation says."""
    newer: dict[bytes, relevel.Version] = {}
    for row in relevel.dump(recorded.path, all_versions=True):
        above = newer.get(row.key)
        if above is None:
            expected = "live" if row.type == "put" else "deleted"
        else:
            expected = "shadowed" if above.type == "put" else "deleted"
        assert row.state == expected
        newer[row.key] = row


def test_the_timeline_is_in_sequence_order_and_complete(recorded: Recorded) -> None:
    """The same versions as a dump of all, ordered by when they happened."""
    timeline = list(relevel.History(recorded.path).timeline())

    assert [row.sequence for row in timeline] == sorted(row.sequence for row in timeline)
    assert sorted(timeline) == sorted(relevel.dump(recorded.path, all_versions=True))


def test_the_state_at_the_end_is_the_live_state(recorded: Recorded) -> None:
    """Looking back by nothing changes nothing."""
    view = relevel.History(recorded.path).at(len(recorded.operations))

    assert dict(view.pairs()) == recorded.live
    assert len(view) == len(recorded.live)


def test_the_state_since_the_last_compaction_is_exact(recorded: Recorded) -> None:
    """Where the log holds every change since, the state at any of them is the true one."""
    in_log = [row.sequence for row in relevel.dump(recorded.path, all_versions=True) if row.file.endswith(".log")]
    history = relevel.History(recorded.path)

    for sequence in range(min(in_log), len(recorded.operations), 97):
        assert dict(history.at(sequence).pairs()) == recorded.state_at(sequence)


def test_a_view_is_a_mapping(recorded: Recorded) -> None:
    """Lookup, membership and order work as in a dict."""
    view = relevel.History(recorded.path).at(len(recorded.operations))
    key, value = next(iter(recorded.live.items()))

    assert view[key] == value
    assert b"no such key" not in view
    assert list(view) == list(recorded.live)


def test_get_gives_the_value_now_or_says_that_there_is_none(recorded: Recorded) -> None:
    """Deleted keys are not there."""
    key, value = next(iter(recorded.live.items()))

    assert relevel.get(recorded.path, key) == value
    with pytest.raises(relevel.KeyNotFoundError, match="no such key"):
        relevel.get(recorded.path, b"no such key")


def test_find_shows_every_version_of_a_key(recorded: Recorded) -> None:
    """The same versions as the history of that key, newest first, each with its file."""
    key = next(iter(recorded.live))

    report = relevel.find(recorded.path, key)

    versions = relevel.History(recorded.path).versions(key)
    copied = dict.fromkeys(copy.version.sequence for copy in report.copies)  # an unfinished table repeats some
    assert list(copied) == [version.sequence for version in versions]
    assert report.copies[0].version.state == "live"


def test_a_healthy_database_is_clean(recorded: Recorded) -> None:
    """No false alarm."""
    report = relevel.check(recorded.path)

    assert report.is_clean
    assert report.put_count + report.deletion_count >= len(recorded.live)


def test_a_rescue_of_a_healthy_database_is_complete_and_reads_the_same(recorded: Recorded, tmp_path: Path) -> None:
    """LevelDB's own repair fails this one."""
    report = relevel.rescue(recorded.path, tmp_path / "rescued")

    assert report.is_complete
    assert contents(tmp_path / "rescued") == (recorded.live, recorded.live)


def test_a_new_write_wins_after_a_rescue(recorded: Recorded, tmp_path: Path) -> None:
    """The last sequence number is right, so nothing old hides what is written next."""
    relevel.rescue(recorded.path, tmp_path / "rescued")
    with plyvel.DB(str(tmp_path / "rescued")) as database:
        for key in recorded.live:
            database.put(key, b"new")

    iterated, got = contents(tmp_path / "rescued")

    assert set(iterated.values()) == set(got.values()) == {b"new"}


def test_everything_deleted_comes_back(emptied: Recorded, tmp_path: Path) -> None:
    """The seed story: nothing was compacted, so all of it is there."""
    report = relevel.undelete(emptied.path, tmp_path / "back", deleted=True)

    assert report.restored_count == 2000
    assert contents(tmp_path / "back")[0] == emptied.state_at(2000)


def test_the_deletions_stand_last_and_in_order(emptied: Recorded) -> None:
    """History shows what happened at 4 am."""
    timeline = list(relevel.History(emptied.path).timeline(from_sequence=2001))

    assert [(row.type, row.key) for row in timeline] == [("delete", key) for key, _ in emptied.operations[2000:]]


def test_the_state_before_the_deletions_can_be_had(emptied: Recorded, tmp_path: Path) -> None:
    """A sequence number to go back to."""
    relevel.undelete(emptied.path, tmp_path / "before", at=2000)

    assert contents(tmp_path / "before")[0] == emptied.state_at(2000)


def test_a_prefix_limits_what_goes_back(emptied: Recorded, tmp_path: Path) -> None:
    """Other keys stay as they are now: deleted."""
    relevel.undelete(emptied.path, tmp_path / "some", at=2000, prefix=b"user/000")

    assert list(contents(tmp_path / "some")[0]) == [b"user/%05d" % number for number in range(100)]


def test_the_deleted_keys_are_listed_with_their_last_values(emptied: Recorded) -> None:
    """What is gone, and what it was."""
    rows = relevel.History(emptied.path).deleted()

    assert {row.key: row.value for row in rows} == emptied.state_at(2000)
