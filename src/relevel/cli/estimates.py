"""What commands say of times that stand for sequence numbers."""

from __future__ import annotations

from datetime import datetime

import click

from relevel.recovery.history import History
from relevel.report.past import estimate_lines


def print_estimates(past: History, *times: datetime | None) -> None:
    """Say on standard error which sequence numbers times stand for, and how sure that is."""
    for time in times:
        if time is not None:
            click.echo("\n".join(estimate_lines(past.before(time))), err=True)
