"""A small database, damaged at every byte of every file: nothing is invented, and nothing is lost in silence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import relevel
from tests.damage.commands import run_all
from tests.damage.every_byte import DATABASES, try_places
from tests.fixtures.catalogue import BY_NAME
from tests.interop.readers import copy_of

TINY = BY_NAME["plyvel-tiny"]
WRITTEN = {(each.key, each.value) for each in TINY.operations}
LIVE = set(TINY.live.items())
FILES = ("000004.log", "000005.ldb", "CURRENT", "MANIFEST-000002")


@pytest.fixture
def copy() -> Iterator[Path]:
    """A copy of a database of one table and one log."""
    with copy_of(TINY.database) as path:
        yield path


@pytest.mark.parametrize("name", DATABASES)
def test_no_byte_of_a_small_database_leads_anyone_astray(name: str) -> None:
    """One byte in 43, in every way: check, the engine and rescue are right or say what is not."""
    tally = try_places(name, "", 5, 43)

    assert tally.violations == []
    assert tally.tried > 700


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("bit", "step"), [(0x01, 1), (0x10, 7)])
def test_one_flipped_bit_anywhere_costs_nothing(name: str, bit: int, step: int, copy: Path) -> None:
    """One bit of each byte, and another of one byte in seven: all that is live is read, and a rescue loses nothing."""
    whole = (copy / name).read_bytes()
    for at in range(0, len(whole), step):
        (copy / name).write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])

        assert assert_nothing_lost_in_silence(copy, name, at=at) == LIVE, at


@pytest.mark.parametrize("name", FILES)
def test_zeroes_anywhere_lose_nothing_in_silence(name: str, copy: Path) -> None:
    """Sixteen bytes become zeroes, at each place in turn."""
    whole = (copy / name).read_bytes()
    for at in range(0, len(whole) - 16, 11):
        (copy / name).write_bytes(whole[:at] + bytes(16) + whole[at + 16 :])

        assert_nothing_lost_in_silence(copy, name, at=at)


def test_every_command_survives_damage_in_steps(copy: Path, tmp_path: Path) -> None:
    """Every command, on the database with one byte in fifty of each file damaged."""
    for name in FILES:
        whole = (copy / name).read_bytes()
        for at in range(0, len(whole), 50):
            (copy / name).write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
            place = tmp_path / f"{name} {at}"
            place.mkdir()

            assert set(run_all(copy, place).values()) == {None}
        (copy / name).write_bytes(whole)


def assert_nothing_lost_in_silence(database: Path, name: str, *, at: int) -> set[tuple[bytes, bytes | None]]:
    """Read the damaged database and hold what is read, and what is said, against the truth; return what is read."""
    pairs = {(row.key, row.value) for row in relevel.dump(database)}
    report = relevel.rescue(database, database.parent / "not written", dry_run=True)
    named = {finding.span.file for finding in report.losses}

    assert pairs <= WRITTEN, f"invented, damage at {at}"
    assert pairs == LIVE or name in named, f"lost in silence, damage at {at}"
    return pairs
