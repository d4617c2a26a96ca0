"""The power fails at every moment of a run: of what was synced nothing is missing, of the rest a last part."""

from __future__ import annotations

import pytest

from tests.crash.disk import Chance, Disk, Loss, Nothing, tree_after
from tests.crash.power import try_states
from tests.crash.recording import Operation, can_record
from tests.crash.workloads import WORKLOADS

pytestmark = pytest.mark.skipif(not can_record(), reason="the recorder needs Linux")


@pytest.mark.parametrize("workload", list(WORKLOADS))
def test_every_state_that_a_loss_of_power_leaves_is_a_good_one(workload: str) -> None:
    """It opens, and holds what was synced and a first part of what came after."""
    tally = try_states(workload, 1, 2)

    assert tally.violations == []
    assert tally.tried > 200


def test_what_was_not_synced_may_be_missing() -> None:
    """The disk that the states come from forgets contents and names that were not synced, and no others."""
    disk = Disk("/disk")
    for operation in (
        Operation("c", 1, 0, b"/disk/a", b""),
        Operation("w", 1, 0, b"safe", b""),
        Operation("s", 1, 0, b"/disk/a", b""),
        Operation("s", 0, 0, b"/disk", b""),
        Operation("w", 1, 4, b" and lost", b""),
        Operation("c", 2, 0, b"/disk/b", b""),
        Operation("s", 2, 0, b"/disk/b", b""),
        Operation("r", 0, 0, b"/disk/a", b"/disk/c"),
    ):
        disk.do(operation)

    assert tree_after(disk, Nothing()) == {"a": b"safe"}
    trees = [tree_after(disk, Chance(seed)) for seed in range(300)]
    assert {frozenset(tree) for tree in trees} == {frozenset(names) for names in ("a", "ab", "c", "bc")}
    assert {b"safe", b"safe and lost", b"safe and"} <= {tree.get("a") or tree.get("c") for tree in trees}


def test_what_a_failed_sync_gave_up_is_safe_only_when_it_is_written_again() -> None:
    """A later sync says that all is well, and makes safe what was written since, and the size."""
    disk, file = Disk("/disk"), 1
    failed = Operation("f", file, 0, b"s", b"")
    synced = Operation("s", file, 0, b"/disk/a", b"")
    for operation in (
        Operation("c", file, 0, b"/disk/a", b""),
        Operation("s", 0, 0, b"/disk", b""),
        Operation("w", file, 0, b"given up!!", b""),
        failed,
        Operation("t", file, 9, b"", b""),
        Operation("w", file, 6, b"UP", b""),
        synced,
    ):
        disk.do(operation)

    assert tree_after(disk, Nothing()) == {"a": b"\0\0\0\0\0\0UP\0"}
    assert tree_after(disk, Loss()) == {"a": b"given UP!"}
    for operation in (Operation("w", file, 0, b"given", b""), synced):
        disk.do(operation)
    assert tree_after(disk, Nothing()) == {"a": b"given\0UP\0"}
