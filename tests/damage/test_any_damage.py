"""Damage of any kind to any file of any fixture, by seed: nothing invented, nothing lost in silence, the result healthy."""

import functools
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import find_comparator
from tests.damage import operators
from tests.damage.oracle import OracleError, Version, file_versions
from tests.fixtures.catalogue import OWN, Fixture
from tests.interop.readers import copy_of

SEEDS = range(240)
SIZES = (1, 4, 16, 100, 512, 4096, 20000)


def damage_something(database: Path, choice: random.Random) -> operators.Damage | None:
    """Damage one file of a database; None where the damage chosen cannot be done to it."""
    data_files = ("CURRENT", "MANIFEST", "0")
    files = [path for path in sorted(database.iterdir()) if path.name.startswith(data_files) and path.stat().st_size]
    file = choice.choice(files)
    offset = choice.randrange(file.stat().st_size)
    size = min(file.stat().st_size - offset, choice.choice(SIZES))
    page = choice.choice((64, 512, 4096))
    kinds: tuple[Callable[[], operators.Damage], ...] = (
        lambda: operators.flip_bit(file, offset, choice.randrange(8)),
        lambda: operators.zero(file, offset, size),
        lambda: operators.garbage(file, offset, size, seed=size),
        lambda: operators.truncate(file, offset),
        lambda: operators.repeat(file, offset, size),
        lambda: operators.append(file, size, seed=size),
        lambda: operators.swap_pages(file, 0, 1 + offset // page, page),
        lambda: operators.delete(file),
    )
    try:
        return choice.choice(kinds)()
    except ValueError:
        return None


@pytest.mark.parametrize("seed", SEEDS)
def test_any_damage_is_survived_and_told(seed: int, tmp_path: Path) -> None:
    """One to three damages: what comes out was written, what is missing is named, what is rescued is healthy.

    A log that is cut between two records, or a newest log that is gone and of which LOG does not tell, leaves no trace.
    """
    choice = random.Random(seed)
    fixture = choice.choice(OWN)
    order = find_comparator(fixture.comparator)
    with copy_of(fixture.database) as copy:
        done = [damage_something(copy, choice) for _ in range(choice.choice((1, 1, 2, 3)))]
        report = relevel.rescue(copy, tmp_path / "rescued", comparator=order)
        rows = list(relevel.dump(copy, all_versions=True, comparator=order))
        pairs = dict(relevel.scan(copy, comparator=order))
    shortened = any(each and each.file.suffix == ".log" and each.what in ("deleted", "cut off") for each in done)

    assert {Version(row.key, row.sequence, row.value) for row in rows} <= written(fixture)
    assert pairs == fixture.live or report.losses or shortened
    assert dict(relevel.scan(tmp_path / "rescued")) == pairs
    assert relevel.check(tmp_path / "rescued").findings == ()


@functools.cache
def written(fixture: Fixture) -> set[Version]:
    """Every version that was ever written: the operations, or for Chromium all that is on disk."""
    if fixture.operations:
        return {Version(each.key, each.sequence, each.value) for each in fixture.operations}
    versions: set[Version] = set()
    for path in fixture.database.iterdir():
        try:
            versions.update(file_versions(path))
        except OracleError:
            continue
    return versions
