"""Orders given by a Python function. Each step is a process of its own, for plyvel's can hang at its end."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relevel
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


@pytest.mark.parametrize("verb", ["get", "put", "delete", "write", "iterate", "snapshot", "stats", "compact", "close"])
def test_a_comparator_may_not_use_its_database(verb: str, path: str) -> None:
    """The call that compares may hold what its work would wait for: it is refused, and nothing is written."""
    meddling: list[relevel.DB] = []
    work: dict[str, Callable[[relevel.DB], object]] = {
        "get": lambda db: db.get(b"a"),
        "put": lambda db: db.put(b"z", b"of the comparator"),
        "delete": lambda db: db.delete(b"a"),
        "write": lambda db: db.write_batch().write(),
        "iterate": lambda db: next(db.iterator()),
        "snapshot": lambda db: db.snapshot(),
        "stats": lambda db: db.stats(),
        "compact": lambda db: db.compact_range(),
        "close": lambda db: db.close(),
    }

    def compare(a: bytes, b: bytes) -> int:
        for db in meddling:
            work[verb](db)
        return (a > b) - (a < b)

    with relevel.DB(path, create_if_missing=True, comparator=compare, comparator_name="meddling") as db:
        db.put(b"a", b"1")
        db.put(b"c", b"3")
        meddling.append(db)
        for attempt in (lambda: db.put(b"b", b"2"), lambda: db.get(b"c"), lambda: list(db)):
            with pytest.raises(RuntimeError, match="comparator"):
                attempt()
        meddling.clear()

        assert dict(db) == {b"a": b"1", b"c": b"3"}
