"""Orders given by a Python function. Each step is a process of its own, for plyvel's can hang at its end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import MODULES

ROOT = Path(__file__).resolve().parents[2]

FIRST = {
    "all": [["A", "va"], ["b", "vb"], ["C", "vC"], ["e", "ve"]],
    "reverse": ["e", "C", "b", "A"],
    "got": ["va", "va", "vC", None],
    "range": ["b", "C"],
    "sought": "b",
}
NEWER = {**FIRST, "all": [["A", "va"], ["B", "newer"], ["C", "vC"], ["e", "ve"]]}


@pytest.fixture
def step(plyvel: Any, implementation: str, path: str) -> Any:
    """A function that takes a step in the database of this test, and gives what it saw."""
    assert plyvel

    def run(name: str) -> Any:
        command = [sys.executable, "-m", "tests.engine.comparator_program", MODULES[implementation], name, path]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run


def folded(seen: Any) -> Any:
    """Keys that the order calls equal are one key; which spelling stays is not said."""
    return {
        **seen,
        "all": [[key.lower(), value] for key, value in seen["all"]],
        **{name: [key.lower() for key in seen[name]] for name in ("reverse", "range")},
        "sought": seen["sought"].lower(),
    }


def test_the_order_is_followed(step: Any) -> None:
    """By get, iteration both ways, ranges and seeks."""
    assert folded(step("write")) == folded(FIRST)


def test_the_order_is_followed_after_a_reopen_and_in_tables(step: Any) -> None:
    """From the log, then from a table with newer entries in memory, then from both replayed."""
    step("write")

    assert folded(step("read")) == folded(FIRST)
    assert folded(step("compact")) == folded(NEWER)
    assert folded(step("read")) == folded(NEWER)


def test_another_order_is_refused(step: Any) -> None:
    """A database is opened with the comparator it was made with; the text speaks of it."""
    step("write")

    assert "comparator" in step("open_without").lower()
    assert folded(step("read")) == folded(FIRST)
