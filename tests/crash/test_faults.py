"""The system refuses one operation: the error is told, nothing acknowledged is lost, and what is there opens."""

from __future__ import annotations

import pytest

from tests.crash.faults import kinds_of, try_all, try_fault
from tests.crash.recording import can_record
from tests.crash.workloads import WORKLOADS

pytestmark = pytest.mark.skipif(not can_record(), reason="the recorder needs Linux")
STEP = 61
"""Operations from one that fails to the next: ``make faults`` takes every one."""


@pytest.mark.parametrize(
    ("workload", "kind"), [(workload, kind) for workload in WORKLOADS for kind in kinds_of(workload)]
)
def test_a_refusal_is_told_and_loses_nothing(workload: str, kind: str) -> None:
    """Wherever in the run it comes."""
    start = sum(map(ord, workload + kind)) % STEP

    tally = try_all(workload, 1, kind, start, STEP)

    assert tally.violations == []
    assert tally.tried > 0


def test_what_a_failed_sync_did_not_make_safe_is_lost_to_no_later_one() -> None:
    """Not to one of a database that was opened after it, in the same log and the same manifest."""
    tally = try_all("retries", 1, "error", start=1, step=3)

    assert tally.violations == []
    assert tally.tried > 60


def test_what_cannot_be_read_at_an_opening_is_not_lost() -> None:
    """Whichever read it is that fails: the error is told, and the next opening has everything."""
    tried = [try_fault("reads", 1, "read", number) for number in range(12)]

    assert all(happened for happened, _ in tried)
    assert [violation for _, violations in tried for violation in violations] == []
