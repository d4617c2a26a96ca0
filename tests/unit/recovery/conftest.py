"""What tests of the recovery room may ask for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fixtures.catalogue import FOLDER


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A copy of the demonstration database, to damage."""
    return Path(shutil.copytree(FOLDER / "demo" / "db", tmp_path / "node"))
