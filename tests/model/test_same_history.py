"""The same life under random options, orders, reopenings, compactions and copies shows the same; and the past is what it was.

At length::

    python -m tests.model.test_same_history [--seed N] [--lives N] [--steps N]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.following import ORDERS, Follower
from tests.model.lives import new_life
from tests.small_tables import small_tables

WAYS = 3
"""In how many ways each life is followed, besides the plain one."""


def same_in_every_way(choose: random.Random, steps: int) -> None:
    """Follow a life plainly, and in other ways.

    Raises:
        AssertionError: something else was seen.
    """
    life = new_life(choose, steps)
    with tempfile.TemporaryDirectory() as folder:
        expected = Follower(Path(folder), choose, ORDERS["built in"], disturbed=False).follow(life)
    for _ in range(WAYS):
        name = choose.choice(list(ORDERS))
        with small_tables(), tempfile.TemporaryDirectory() as folder:
            shown = Follower(Path(folder), choose, ORDERS[name], disturbed=True).follow(life)
        for number, (one, other) in enumerate(zip(shown, expected, strict=True)):
            assert one == other, f"{name}, step {number}: {life[number] if number < len(life) else 'end'!r:.300}"


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_no_option_and_no_reopening_is_seen(choose: random.Random) -> None:
    """By get, iteration, seeks, snapshots, held iterators, and looking back."""
    same_in_every_way(choose, 25)


def test_neither_in_a_longer_life() -> None:
    """Of many memtables and compactions."""
    same_in_every_way(random.Random(7), 300)


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow many lives, and print how many."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lives", type=int, default=100)
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args(arguments)
    for seed in range(options.seed, options.seed + options.lives):
        try:
            same_in_every_way(random.Random(seed), options.steps)
        except AssertionError:
            sys.stdout.write(f"seed {seed}\n")
            raise
    sys.stdout.write(f"{options.lives} lives of {options.steps} steps, each in {WAYS + 1} ways: no difference\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
