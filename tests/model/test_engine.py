"""The living database against a model: random operations, and each answer compared.

``RELEVEL_MODEL_OPERATIONS`` says how many operations a run has (a minute has several hundred thousand of plyvel's), and
``RELEVEL_MODEL_SEED`` with which seed the first run begins.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import module
from tests.model.engine_machine import Machine
from tests.model.engine_truth import BACKWARDS

OPERATIONS = int(os.environ.get("RELEVEL_MODEL_OPERATIONS", "112000"))
FIRST_SEED = int(os.environ.get("RELEVEL_MODEL_SEED", "0"))
SEEDS = range(FIRST_SEED, FIRST_SEED + 3)

seeds = pytest.mark.parametrize("seed", SEEDS)


def modules(*names: str) -> dict[str, Any]:
    """The implementations by name; skips the test where one is absent."""
    return {name: module(name) for name in names}


@seeds
@pytest.mark.parametrize("names", [("relevel",), ("plyvel",), ("relevel", "plyvel")], ids="-".join)
def test_a_database_does_as_the_model_says(names: tuple[str, ...], seed: int, tmp_path: Path) -> None:
    """relevel, plyvel, and both in turns on one directory, where each goes on with what the other left."""
    machine = Machine(modules(*names), tmp_path / "db", seed)

    machine.run(OPERATIONS)

    assert machine.done == OPERATIONS
    if names == ("relevel",):
        assert findings_in(tmp_path / "db") == ()
    elif "relevel" in names:  # LevelDB leaves half a table where closing ends a compaction: that is no more than a note
        assert [finding for finding in findings_in(tmp_path / "db") if finding.severity > finding.severity.NOTE] == []


@seeds
def test_an_order_given_in_python_is_kept(seed: int, tmp_path: Path) -> None:
    """Only relevel: with such an order plyvel's close can hang."""
    machine = Machine(modules("relevel"), tmp_path / "db", seed, BACKWARDS)

    machine.run(OPERATIONS // 4)

    assert machine.done == OPERATIONS // 4


def findings_in(database: Path) -> tuple[Any, ...]:
    """What relevel's own check finds in a closed database."""
    import relevel  # noqa: PLC0415 - only where it can be

    return relevel.check(database).findings
