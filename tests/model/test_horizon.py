"""What the horizon promises, against the true history of databases that engines wrote."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import relevel
from tests.fixtures.catalogue import FOLDER
from tests.model.databases import Recorded
from tests.model.past_histories import Archivist, Opened, copied, open_plyvel, open_relevel

plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")

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
        intact = [row for row in rows if row.integrity == "intact"]
        assert all(recorded.operations[row.sequence - 1] == (row.key, row.value) for row in intact)
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


def made_new(source: Path, copy: Path, rng: random.Random) -> None:
    """The same database after LevelDB's repair, a rescue, or only opened and closed again."""
    match rng.randrange(3):
        case 0:
            plyvel.repair_db(str(copied(source, copy)))
        case 1:
            relevel.rescue(source, copy)
        case _:
            plyvel.DB(str(copied(source, copy))).close()


@pytest.mark.parametrize("opened", ENGINES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
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
        made_new(plain, Path(root) / "new", rng)
        assert_horizon_is_true(Path(root) / "new", archivist.recorded, rng)
        archivist.dig_up(plain)
        assert_horizon_is_true(plain, archivist.recorded, rng)
        archivist.damage(plain)
        assert_horizon_is_true(plain, archivist.recorded, rng)


@pytest.mark.parametrize(
    "name", [folder.name for folder in sorted(FOLDER.iterdir()) if (folder / "ops.jsonl.gz").exists()]
)
def test_the_past_of_real_databases_is_true(name: str) -> None:
    """Of what other programs left: at every number that is said to be complete, what their own record says."""
    past = relevel.History(FOLDER / name / "db")
    with gzip.open(FOLDER / name / "ops.jsonl.gz", "rt", encoding="utf-8") as lines:
        operations = [json.loads(line) for line in lines]
    horizon = past.horizon()
    reverse = past.comparator.kernel == "reverse-bytewise"
    state: dict[bytes, bytes] = {}
    complete = 0
    for position, operation in enumerate(operations):
        key = bytes.fromhex(operation["k"])
        if operation["op"] == "put":
            state[key] = bytes.fromhex(operation["v"])
        else:
            state.pop(key, None)
        is_last = position + 1 == len(operations) or operations[position + 1]["sequence"] != operation["sequence"]
        if is_last and position % 41 == 0 and horizon.is_complete_at(operation["sequence"]):
            assert list(past.at(operation["sequence"]).pairs()) == sorted(state.items(), reverse=reverse)
            complete += 1

    assert complete
