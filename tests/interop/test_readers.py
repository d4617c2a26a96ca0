"""The other programs agree on what the fixtures hold."""

import pytest

from tests.fixtures.catalogue import BYTEWISE, OWN, Fixture
from tests.interop.readers import (
    ReadFailedError,
    copy_of,
    put_wins,
    read_with_classic_level,
    read_with_goleveldb,
    read_with_plyvel,
)

everyday = [each for each in OWN if each.comparator == BYTEWISE and each.is_snappy]
plain = pytest.mark.parametrize("fixture", everyday, ids=lambda fixture: fixture.name)


@plain
def test_goleveldb_finds_what_the_truth_says(fixture: Fixture) -> None:
    """goleveldb finds the truth in a copy, by iteration in order and by get."""
    content = read_with_goleveldb(fixture.database)

    assert content.iterated == sorted(fixture.live.items())
    assert content.got == fixture.live


@plain
def test_classic_level_finds_what_the_truth_says(fixture: Fixture) -> None:
    """classic-level finds the truth in a copy, by iteration in order and by get."""
    content = read_with_classic_level(fixture.database)

    assert content.iterated == sorted(fixture.live.items())
    assert content.got == fixture.live


@plain
def test_a_new_put_wins(fixture: Fixture) -> None:
    """What plyvel puts over a key is what plyvel reads."""
    key = max(fixture.live, default=b"any")

    assert put_wins(fixture.database, key)


def test_a_program_that_refuses_says_why() -> None:
    """A refusal is an error with the program's own words, not an empty database."""
    with copy_of(next(each for each in OWN if each.name == "plyvel-plain").database) as broken:
        (broken / "CURRENT").unlink()

        with pytest.raises(ReadFailedError, match="does not exist"):
            read_with_plyvel(broken)
        with pytest.raises(ReadFailedError, match="entry point"):
            read_with_goleveldb(broken)
