"""A small database, damaged at every byte of every file: nothing is invented, and nothing is lost in silence."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import relevel
from tests.damage.commands import run_all
from tests.damage.every_byte import try_places
from tests.damage.oracle import records
from tests.fixtures.catalogue import BY_NAME, SMALL
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


@pytest.mark.parametrize("name", [each.name for each in SMALL])
def test_no_byte_of_a_small_database_leads_anyone_astray(name: str) -> None:
    """One byte in 43, in every way: check, the engine and rescue are right or say what is not."""
    tally = try_places(name, "", 5, 43)

    assert tally.violations == []
    assert tally.tried > 700


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_at_any_byte_loses_nothing_in_silence(name: str, copy: Path) -> None:
    """What is read was written; where it is not what is live, the report of a rescue names a loss in that file.

    A log that ends between two records is like one that was never written further: no program can tell.
    """
    whole = (copy / name).read_bytes()
    ends = (
        {each.fragments[-1].offset + 7 + each.fragments[-1].size for each in records(whole)} if ".log" in name else {}
    )
    for size in range(len(whole)):
        (copy / name).write_bytes(whole[:size])

        assert_nothing_lost_in_silence(copy, name, at=size, excused=size in ends or (bool(ends) and size == 0))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("flip", [0x01, 0x10, 0xFF])
def test_a_damaged_byte_anywhere_loses_nothing_in_silence(name: str, flip: int, copy: Path) -> None:
    """Bits of each byte flipped in turn: what is read was written; what is lost is named; one flipped bit costs nothing.

    One bit is tried at every byte, the other patterns at one byte in seven.
    """
    whole = (copy / name).read_bytes()
    for at in range(0, len(whole), 1 if flip == 0x01 else 7):
        (copy / name).write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])

        pairs = assert_nothing_lost_in_silence(copy, name, at=at)
        assert flip == 0xFF or pairs == LIVE, at


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


def assert_nothing_lost_in_silence(
    database: Path, name: str, *, at: int, excused: bool = False
) -> set[tuple[bytes, bytes | None]]:
    """Read the damaged database and hold what is read, and what is said, against the truth; return what is read."""
    pairs = {(row.key, row.value) for row in relevel.dump(database)}
    report = relevel.rescue(database, database.parent / "not written", dry_run=True)
    named = {finding.span.file for finding in report.losses}

    assert pairs <= WRITTEN, f"invented, damage at {at}"
    assert pairs == LIVE or name in named or excused, f"lost in silence, damage at {at}"
    return pairs
