"""Damaged databases, rescued: other programs open what comes out and agree with relevel on what is in it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import find_comparator
from tests.damage import manifest_oracle, operators
from tests.fixtures.catalogue import BYTEWISE, OWN, Fixture
from tests.interop.readers import copy_of, put_wins, read_with_goleveldb, read_with_plyvel


def lose_current(database: Path) -> None:
    """Delete CURRENT."""
    operators.delete(database / "CURRENT")


def lose_manifest(database: Path) -> None:
    """Delete every manifest."""
    for manifest in database.glob("MANIFEST-*"):
        operators.delete(manifest)


def flip_a_bit(database: Path) -> None:
    """Flip one bit of a data block."""
    operators.flip_random_bit_in(database, "data-block", seed=20)


def lose_a_table(database: Path) -> None:
    """Delete the smallest table that counts."""
    operators.delete(min(manifest_oracle.live_tables(database), key=lambda path: (path.stat().st_size, path.name)))


def break_a_block(database: Path) -> None:
    """Turn a hundred bytes in the middle of the largest table that counts to garbage."""
    table = max(manifest_oracle.live_tables(database), key=lambda path: path.stat().st_size)
    operators.garbage(table, table.stat().st_size // 2, 100, seed=3)


HARMLESS = (lose_current, lose_manifest, flip_a_bit)
COSTLY = (lose_a_table, break_a_block)
SUBJECTS = [fixture for fixture in OWN if fixture.is_snappy]
CASES = [(fixture, damage) for fixture in SUBJECTS for damage in (*HARMLESS, *COSTLY)]


@dataclass(frozen=True)
class Rescued:
    """A rescue of a damaged copy."""

    fixture: Fixture
    damage: Callable[[Path], None]
    report: relevel.RescueReport
    database: Path

    @property
    def pairs(self) -> list[tuple[bytes, bytes]]:
        """What relevel reads of it, in order."""
        return list(relevel.scan(self.database))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0].name}-{case[1].__name__}")
def rescued(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rescued:
    """Each of our databases, damaged in each way, and rescued."""
    fixture, damage = request.param
    destination = tmp_path_factory.mktemp("rescued") / "db"
    with copy_of(fixture.database) as copy:
        damage(copy)
        report = relevel.rescue(copy, destination, comparator=find_comparator(fixture.comparator))
    return Rescued(fixture, damage, report, destination)


def test_what_can_be_had_back_is_there(rescued: Rescued) -> None:
    """All of it where nothing but the way to it was damaged; else what is missing is named."""
    found = dict(rescued.pairs)

    assert found == rescued.fixture.live or (rescued.damage in COSTLY and rescued.report.losses)
    assert rescued.report.is_complete or rescued.damage is not flip_a_bit


def test_plyvel_agrees(rescued: Rescued) -> None:
    """By iteration, in order, and by get."""
    content = read_with_plyvel(rescued.database, rescued.fixture.taught)

    assert content.iterated == rescued.pairs
    assert content.got == dict(rescued.pairs)


def test_goleveldb_agrees(rescued: Rescued) -> None:
    """By iteration, in order, and by get."""
    if rescued.fixture.comparator != BYTEWISE:
        pytest.skip("goleveldb does not know its order")
    content = read_with_goleveldb(rescued.database)

    assert content.iterated == rescued.pairs
    assert content.got == dict(rescued.pairs)


def test_a_new_put_wins(rescued: Rescued) -> None:
    """What is written next hides what was rescued, and what was deleted stays so."""
    keys = dict(rescued.pairs).keys() or [operation.key for operation in rescued.fixture.operations]

    assert put_wins(rescued.database, max(keys), rescued.fixture.taught)
