"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # no test is about time, and machines are as busy as they are

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what runs in the background ignore Ctrl-C
REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_fixtures() -> Path:
    """The collection of databases that other programs wrote; read-only, and not part of the repository."""
    override = os.environ.get("RELEVEL_SHARED_FIXTURES")
    place = Path(override) if override else REPOSITORY.parent / "shared" / "fixtures"
    if not place.is_dir():
        pytest.skip("the collection of real databases is not here; set RELEVEL_SHARED_FIXTURES to its directory")
    return place
