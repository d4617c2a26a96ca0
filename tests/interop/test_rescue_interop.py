"""Real databases, undamaged: what relevel reads of them, and what other programs read of what it writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cmp_to_key
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import find_comparator
from tests.damage.evidence import state_of
from tests.fixtures.subjects import NAMES, Subject, subject_of
from tests.interop.readers import put_wins, read_with_classic_level, read_with_goleveldb, read_with_plyvel


@dataclass(frozen=True)
class Rescued:
    """A rescue of a real database."""

    subject: Subject
    report: relevel.RescueReport
    database: Path
    before: dict[str, tuple[int, int, int, str]]
    """The source before the rescue."""

    @property
    def in_order(self) -> list[tuple[bytes, bytes]]:
        """What is to be read, in the order in which it is to be read."""
        order = cmp_to_key(find_comparator(self.subject.comparator).compare)
        return sorted(self.subject.live.items(), key=lambda pair: order(pair[0]))


@pytest.fixture(scope="module", params=NAMES)
def rescued(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rescued]:
    """Each real database, rescued once."""
    subject = subject_of(request, request.param)
    destination = tmp_path_factory.mktemp("rescued") / "db"
    before = state_of(subject.database)
    yield Rescued(subject, relevel.rescue(subject.database, destination), destination, before)


def test_dump_gives_what_is_live(rescued: Rescued) -> None:
    """Key for key and value for value, in the database's order."""
    rows = relevel.dump(rescued.subject.database)

    assert [(row.key, row.value) for row in rows] == rescued.in_order


def test_nothing_is_lost_of_a_healthy_database(rescued: Rescued) -> None:
    """The rescue says that it is complete, and has no need to heal."""
    assert rescued.report.losses == ()
    assert rescued.report.is_complete
    assert rescued.report.healed == ()


def test_the_rescued_database_is_clean(rescued: Rescued) -> None:
    """relevel itself finds nothing wrong with what it wrote, and reads the same."""
    assert relevel.check(rescued.database).findings == ()
    assert [(row.key, row.value) for row in relevel.dump(rescued.database)] == rescued.in_order


def test_the_source_was_not_touched(rescued: Rescued) -> None:
    """Names, bytes, modes and times are as they were, after every command that reads."""
    relevel.check(rescued.subject.database)
    list(relevel.dump(rescued.subject.database, all_versions=True))
    list(relevel.History(rescued.subject.database).timeline())
    relevel.info(rescued.subject.database)

    assert state_of(rescued.subject.database) == rescued.before


def test_plyvel_reads_what_was_rescued(rescued: Rescued) -> None:
    """By iteration, in order, and by get."""
    _need(rescued.subject.is_snappy, "LevelDB 1.22 does not know its codec")
    content = read_with_plyvel(rescued.database, rescued.subject.taught)

    assert content.iterated == rescued.in_order
    assert content.got == rescued.subject.live


def test_goleveldb_reads_what_was_rescued(rescued: Rescued) -> None:
    """By iteration, in order, and by get."""
    _need(rescued.subject.is_plain, "goleveldb does not know its codec or order")
    content = read_with_goleveldb(rescued.database)

    assert content.iterated == rescued.in_order
    assert content.got == rescued.subject.live


def test_classic_level_reads_what_was_rescued(rescued: Rescued) -> None:
    """By iteration, in order, and by get."""
    _need(rescued.subject.is_plain, "classic-level does not know its codec or order")
    content = read_with_classic_level(rescued.database)

    assert content.iterated == rescued.in_order
    assert content.got == rescued.subject.live


def test_a_new_put_wins_in_what_was_rescued(rescued: Rescued) -> None:
    """The last sequence number is right: what is written next hides what was there."""
    _need(rescued.subject.is_snappy, "LevelDB 1.22 does not know its codec")
    _need(bool(rescued.subject.live), "nothing is live in it")

    assert put_wins(rescued.database, max(rescued.subject.live), rescued.subject.taught)


def _need(condition: bool, reason: str) -> None:
    if not condition:
        pytest.skip(reason)
