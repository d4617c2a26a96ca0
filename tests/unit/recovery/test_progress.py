"""What a rescue tells while it works, whichever way it writes; and what an interrupt leaves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import relevel
from relevel.recovery.inventory.directory import open_directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.rebuild.new_database import level_for
from relevel.recovery.rebuild.plan import make_plan
from relevel.recovery.rebuild.rebuild import rebuild
from relevel.recovery.survey.survey import survey
from relevel.storage.posix import NewDirectory
from tests.damage.operators import delete


@pytest.fixture(params=["kept", "merged"])
def source(request: pytest.FixtureRequest, node: Path) -> Path:
    """A database whose levels stay, and one that is merged as its manifest is gone."""
    if request.param == "merged":
        for path in [*node.glob("MANIFEST-*"), node / "CURRENT"]:
            delete(path)
    return node


def test_progress_ascends_to_the_end(source: Path, tmp_path: Path) -> None:
    """First of what is verified, then of what is written; never beyond the whole."""
    told: list[tuple[int, int]] = []

    relevel.rescue(source, tmp_path / "new", progress=lambda done, total: told.append((done, total)))

    turn = next(
        at for at, (one, other) in enumerate(pairwise(told), start=1) if one[0] > other[0] or one[1] != other[1]
    )
    for part in (told[:turn], told[turn:]):
        assert len({total for _, total in part}) == 1
        assert [done for done, _ in part] == sorted(done for done, _ in part)
        assert 0 < part[-1][0] <= part[-1][1]
    assert told[turn - 1][0] == told[turn - 1][1]


def test_an_interrupt_while_it_writes_leaves_nothing(source: Path, tmp_path: Path) -> None:
    """Ctrl-C, at the first word of what is written."""
    totals: set[int] = set()

    def interrupt(_: int, total: int) -> None:
        totals.add(total)
        if len(totals) == 2:
            raise KeyboardInterrupt

    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        relevel.rescue(source, tmp_path / "new", progress=interrupt)

    assert {path.name for path in tmp_path.iterdir()} == before


def test_of_what_is_wanted_progress_is_told_too(node: Path, tmp_path: Path) -> None:
    """As entries that were looked at."""
    directory = open_directory(node)
    plan = make_plan(survey(directory, choose_comparator(directory, None)))
    told: list[tuple[int, int]] = []

    with NewDirectory(tmp_path / "new") as target:
        rebuild(
            plan, target, lambda done, total: told.append((done, total)), keep=lambda version: version.sequence % 2 == 0
        )
        target.publish()

    assert told
    assert all(done <= total for done, total in told)
    assert dict(relevel.scan(tmp_path / "new")).items() < dict(relevel.scan(node)).items()


@pytest.mark.parametrize(
    ("size", "level"), [(0, 1), (10 << 20, 1), ((10 << 20) + 1, 2), (1000 << 20, 3), (1 << 40, 6), (1 << 60, 6)]
)
def test_a_merge_goes_to_the_first_level_with_room(size: int, level: int) -> None:
    """So that nothing is compacted when it is opened; the last level holds any size."""
    assert level_for(size) == level
