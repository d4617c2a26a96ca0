"""Threads that write, read, hold snapshots, compact, copy and close at once; ``make soak`` does it at length."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import relevel
from tests.crowd.counters import Chain, batch_of, numbers_in, state_of
from tests.crowd.crowd import WORK, Crowd

ROUNDS = 3
BATCHES = 400
TRAIL = 20


@pytest.mark.parametrize("seed", range(2))
def test_whoever_looks_sees_a_state_that_once_was(seed: int, tmp_path: Path) -> None:
    """All that was acknowledged and batches whole, in one order for all; nothing acknowledged is lost by closing amid the work."""
    crowd = Crowd(tmp_path, seed)
    for _ in range(ROUNDS):
        crowd.round(BATCHES)

    assert crowd.tally["batches"] >= ROUNDS * BATCHES
    assert {name: count for name, count in crowd.tally.items() if count >= ROUNDS}.keys() == set(WORK)
    assert len(crowd.chain) > ROUNDS


@pytest.mark.parametrize("error", [RuntimeError("it is closed"), ValueError("wrong")], ids=repr)
def test_work_that_ends_before_the_closing_ends_the_round(error: Exception, tmp_path: Path) -> None:
    """With that error, even if it says that the database is closed."""

    class Failing(Crowd):
        def _compact(self, db: relevel.DB, choose: random.Random) -> None:
            raise error

    with pytest.raises(AssertionError, match="round 1") as raised:
        Failing(tmp_path, 0).round(BATCHES)

    assert raised.value.__cause__ is error


def test_a_state_is_told_by_the_numbers_of_batches() -> None:
    """Batches applied one after another lead to it."""
    content: dict[bytes, bytes] = {}
    for writer, last in enumerate((50, 7)):
        for number in range(1, last + 1):
            for key, value in batch_of(writer, number, TRAIL):
                if value is None:
                    del content[key]
                else:
                    content[key] = value

    assert sorted(content.items()) == state_of((50, 7), TRAIL)
    assert numbers_in(sorted(content.items()), 2, TRAIL) == (50, 7)


@pytest.mark.parametrize("loss", range(25))
def test_what_is_no_state_is_found_out(loss: int) -> None:
    """Any one entry that is missing, or is there twice."""
    state = state_of((30,), TRAIL)

    for wrong in (state[:loss] + state[loss + 1 :], state[: loss + 1] + state[loss:]):
        with pytest.raises(AssertionError, match="no state"):
            numbers_in(wrong, 1, TRAIL)


def test_two_states_of_which_none_is_before_the_other_are_found_out() -> None:
    """However many others were seen between."""
    chain = Chain()
    for numbers in ((1, 0), (2, 2), (0, 0), (2, 2), (5, 2)):
        chain.add(numbers)

    for numbers in ((0, 1), (1, 3), (6, 1), (4, 4)):
        with pytest.raises(AssertionError, match="both seen"):
            chain.add(numbers)
