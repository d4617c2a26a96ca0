"""What the horizon promises, against the true history of databases that engines wrote."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import relevel
from tests.model.databases import Recorded
from tests.model.past_histories import Archivist, Opened, copied, open_plyvel, open_relevel

pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")

ENGINES = [open_relevel, open_plyvel]


def assert_horizon_is_true(path: Path, recorded: Recorded, rng: random.Random) -> int:
    """Hold views against the truth wherever the horizon says that they are complete; give how many could be."""
    past = relevel.History(path)
    count = len(recorded.operations)
    chosen = sorted({0, 1, count, count - 1, *(rng.randrange(count + 1) for _ in range(25))})
    horizons = {prefix: past.horizon(prefix=prefix) for prefix in (b"", b"a/", b"b/", b"c/")}
    keys = {key: past.horizon(key=key) for key in {key for key, _ in rng.choices(recorded.operations, k=3)}}
    complete = 0
    for sequence in chosen:
        true, view = recorded.state_at(sequence), past.at(sequence)
        rows = list(view.rows())
        assert all(recorded.operations[row.sequence - 1] == (row.key, row.value) for row in rows)
        assert all(row.sequence <= sequence for row in rows)
        shown = {row.key: row.value for row in rows}
        for prefix, horizon in horizons.items():
            if horizon.is_complete_at(sequence):
                complete += not prefix
                wanted = {key: value for key, value in true.items() if key.startswith(prefix)}
                assert {key: value for key, value in shown.items() if key.startswith(prefix)} == wanted, (
                    sequence,
                    prefix,
                    horizon,
                )
        for key, horizon in keys.items():
            if horizon.is_complete_at(sequence):
                assert shown.get(key) == true.get(key), (sequence, key, horizon)
    return complete


@pytest.mark.parametrize("opened", ENGINES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_where_the_past_is_complete_a_view_is_the_truth(opened: Opened, seed: int) -> None:
    """Whatever was written, compacted, kept, dug up again or lost."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as root:
        archivist = Archivist(Path(root), opened, rng)
        for _ in range(rng.randrange(1, 6)):
            archivist.write(rng.choice([20, 200, 600]))
            archivist.disturb()
        archivist.write(rng.choice([1, 50]))
        if rng.random() < 0.3:
            assert_horizon_is_true(archivist.recorded.path, archivist.recorded, rng)
        archivist.close()
        plain = copied(archivist.recorded.path, Path(root) / "copy")

        complete = assert_horizon_is_true(plain, archivist.recorded, rng)

        assert complete, "the newest state is always complete"
        archivist.dig_up(plain)
        assert_horizon_is_true(plain, archivist.recorded, rng)
        archivist.damage(plain)
        assert_horizon_is_true(plain, archivist.recorded, rng)
