"""The implementations under test, and databases of each.

A test marked ``deviation`` says what relevel does where plyvel does something else; with plyvel it must fail.
"""

import gc
import importlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MODULES = {"relevel": "relevel.plyvel", "plyvel": "plyvel"}
SMALL = {"write_buffer_size": 65536, "block_size": 1024}
"""Options under which little data makes many files."""


def pytest_configure(config: pytest.Config) -> None:
    """Announce the mark of deviations."""
    config.addinivalue_line(
        "markers", "deviation(reason, run=True): relevel does this, plyvel does not, for this reason"
    )


def module(name: str) -> Any:
    """The module of an implementation; skips the test where it is absent."""
    if find_spec(MODULES[name]) is None:
        pytest.skip(f"no {MODULES[name]} here")
    return importlib.import_module(MODULES[name])


@pytest.fixture(params=list(MODULES))
def implementation(request: pytest.FixtureRequest) -> str:
    """The name of the implementation under test; where it is plyvel, a deviation is expected to fail."""
    name: str = request.param
    deviation = request.node.get_closest_marker("deviation")
    if deviation and name == "plyvel":
        reason, run = deviation.args[0], deviation.kwargs.get("run", True)
        request.applymarker(pytest.mark.xfail(reason=f"plyvel: {reason}", run=run))
    return name


@pytest.fixture
def plyvel(implementation: str) -> Any:
    """The module under test."""
    return module(implementation)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a database may be made."""
    return str(tmp_path / "db")


@pytest.fixture
def db(plyvel: Any, path: str) -> Iterator[Any]:
    """An empty database."""
    with plyvel.DB(path, create_if_missing=True) as database:
        yield database


@pytest.fixture
def few(db: Any) -> Any:
    """A database of five keys: 1, 3, 5, 7 and 9, each with the value v and the key."""
    for key in (b"1", b"3", b"5", b"7", b"9"):
        db.put(key, b"v" + key)
    return db


@pytest.fixture
def no_warning_at_exit(recwarn: pytest.WarningsRecorder) -> Iterator[Callable[[], None]]:
    """A function that collects garbage; what finalizers warn of or raise fails the test."""

    def collect() -> None:
        for _ in range(3):
            gc.collect()

    yield collect
    assert [str(warning.message) for warning in recwarn.list] == []
