"""Databases that plyvel wrote, made once."""

from pathlib import Path

import pytest

from tests.unit.kernel.engine.stores import Opened, open_tables, write_database


@pytest.fixture(scope="package")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[bytes, bytes]]:
    """A database of several levels, and what is in it."""
    path = tmp_path_factory.mktemp("plyvel") / "db"
    return path, write_database(path, bloom_filter_bits=10)


@pytest.fixture
def opened(written: tuple[Path, dict[bytes, bytes]]) -> Opened:
    """A store over it."""
    return open_tables(written[0])


@pytest.fixture
def truth(written: tuple[Path, dict[bytes, bytes]]) -> dict[bytes, bytes]:
    """What is in it."""
    return written[1]
