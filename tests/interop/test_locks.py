"""One program at a time has a database: relevel, LevelDB (by plyvel) and goleveldb exclude each other, in separate processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import pytest

import relevel
from tests.engine.conftest import module
from tests.interop.readers import goleveldb

PYTHON = """
import sys, {module} as engine
db = engine.DB(sys.argv[-1], create_if_missing=True)
print("held", flush=True)
sys.stdin.read()
db.close()
"""


def in_python(name: str) -> list[str]:
    """A program that opens a database with this module, says so, and closes it when its input ends."""
    module(name)
    return [sys.executable, "-c", PYTHON.format(module="relevel.plyvel" if name == "relevel" else name)]


HOLDERS: dict[str, Callable[[], list[str]]] = {
    "relevel": lambda: in_python("relevel"),
    "plyvel": lambda: in_python("plyvel"),
    "goleveldb": lambda: [str(goleveldb()), "hold"],
}


@contextmanager
def held(command: list[str], database: Path) -> Iterator[None]:
    """Have a program hold a database during the block."""
    with subprocess.Popen(
        [*command, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "held\n"
            yield
        finally:
            holder.stdin.close()
    assert holder.returncode == 0


def can_open(command: list[str], database: Path) -> bool:
    """Whether a program gets hold of a database now."""
    done = subprocess.run(
        [*command, str(database)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.stdout == "held\n"


@pytest.mark.parametrize(
    ("first", "second"), [pair for pair in permutations(HOLDERS, 2) if "relevel" in pair] + [("relevel", "relevel")]
)
def test_who_comes_second_is_refused(first: str, second: str, tmp_path: Path) -> None:
    """As often as it tries; when the first has closed, it gets in."""
    holder, other, database = HOLDERS[first](), HOLDERS[second](), tmp_path / "db"

    with held(holder, database):
        tries = [can_open(other, database), can_open(other, database)]
    afterwards = can_open(other, database)

    assert (tries, afterwards) == ([False, False], True)


@pytest.mark.parametrize("other", ["plyvel", "goleveldb"])
def test_an_opening_that_is_refused_leaves_the_lock_free(other: str, tmp_path: Path) -> None:
    """For whatever reason relevel refused."""
    command, database = HOLDERS[other](), tmp_path / "db"
    relevel.DB(database, create_if_missing=True).close()

    with pytest.raises(relevel.InvalidArgumentError):
        relevel.DB(database, error_if_exists=True)
    (database / "CURRENT").rename(tmp_path / "CURRENT")
    with pytest.raises(relevel.CorruptionError):
        relevel.DB(database)
    (tmp_path / "CURRENT").rename(database / "CURRENT")

    assert can_open(command, database)
