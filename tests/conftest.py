"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_fixtures() -> Path:
    """The collection of databases that other programs wrote; read-only, and not part of the repository."""
    override = os.environ.get("RELEVEL_SHARED_FIXTURES")
    place = Path(override) if override else REPOSITORY.parent / "shared" / "fixtures"
    if not place.is_dir():
        pytest.skip("the collection of real databases is not here; set RELEVEL_SHARED_FIXTURES to its directory")
    return place
