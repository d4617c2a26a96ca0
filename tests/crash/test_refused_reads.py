"""The system refuses one read of what looks and rescues: an error, or an answer that says what it lacks."""

from __future__ import annotations

import pytest

from tests.crash.answers import COMMANDS
from tests.crash.recording import can_record
from tests.crash.refused_reads import try_command

pytestmark = pytest.mark.skipif(not can_record(), reason="the recorder needs Linux")
STEP = 5
"""Reads from one that fails to the next: ``make faults`` takes every one."""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refused_read_invents_nothing_and_hides_nothing(command: str) -> None:
    """Wherever it comes, in databases that are whole and in such as are not."""
    run = try_command(command, STEP)

    assert run.exit_code == 0, run.output
    assert run.output.endswith("refused reads, 0 violations\n")
