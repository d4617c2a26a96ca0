"""A rebuild that merges everything: cut into ranges of keys, written at the same time, the same as written whole."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from relevel.recovery.inventory.directory import open_directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.rebuild import merge
from relevel.recovery.rebuild.inputs import PlanInputs
from relevel.recovery.rebuild.plan import Plan, make_plan
from relevel.recovery.survey.survey import survey
from tests.damage.operators import flip_random_bit_in, garbage
from tests.fixtures.catalogue import OWN, Fixture
from tests.interop.readers import copy_of

own = pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)


def without_manifest(database: Path) -> None:
    """So that nothing proves the levels."""
    for path in database.glob("MANIFEST-*"):
        path.unlink()


def plan_of(database: Path) -> Plan:
    """What a rescue would do."""
    directory = open_directory(database)
    return make_plan(survey(directory, choose_comparator(directory, None)))


def rescued(database: Path, place: Path) -> dict[bytes, bytes]:
    """What a rescue brings back."""
    relevel.rescue(database, place)
    return dict(relevel.scan(place))


@own
def test_a_merge_in_many_ranges_brings_back_what_one_does(
    fixture: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a range for every table, and logs read for each."""
    with copy_of(fixture.database) as copy:
        without_manifest(copy)
        if fixture.comparator not in {"", "leveldb.BytewiseComparator"}:
            pytest.skip("nothing names its comparator without a manifest")
        whole = rescued(copy, tmp_path / "whole")
        monkeypatch.setattr(merge, "_range_size", lambda _plan, _size: 1)

        assert rescued(copy, tmp_path / "parts") == whole


def test_ranges_begin_where_tables_do(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They follow one another from the first key to the last."""
    monkeypatch.setattr(merge, "_range_size", lambda _plan, _size: 1)
    plan = plan_of(node)

    ranges = merge.cut(plan, PlanInputs(plan))

    assert len(ranges) > 1
    assert ranges[0].lower is None
    assert ranges[-1].upper is None
    assert [each.upper for each in ranges[:-1]] == [each.lower for each in ranges[1:]]


def test_a_small_database_is_one_range(node: Path) -> None:
    """Each range ends with a table that is smaller than it could be."""
    plan = plan_of(node)

    assert len(merge.cut(plan, PlanInputs(plan))) == 1


def test_hurt_tables_are_merged_in_ranges_too(node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was healed and saved counts with the keys that a table has."""
    for seed in range(3):
        flip_random_bit_in(node, "data-block", seed)
    garbage(node / "000005.ldb", 30_000, 64, 1)
    without_manifest(node)
    whole = relevel.rescue(node, tmp_path / "whole")
    monkeypatch.setattr(merge, "_range_size", lambda _plan, _size: 1)

    parts = relevel.rescue(node, tmp_path / "parts")

    assert (parts.findings, parts.losses, parts.possibly_stale) == (whole.findings, whole.losses, whole.possibly_stale)
    assert parts.entry_count == whole.entry_count
    assert dict(relevel.scan(tmp_path / "parts")) == dict(relevel.scan(tmp_path / "whole"))
