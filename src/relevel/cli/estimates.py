"""What commands say of times that stand for sequence numbers."""

from __future__ import annotations

import json
from datetime import datetime

import click

from relevel.recovery.history import History
from relevel.report.json import as_json
from relevel.report.past import estimate_lines


def print_estimates(past: History, *times: datetime | None, json_wanted: bool) -> None:
    """Say on standard error which sequence numbers times stand for, and how sure that is."""
    for time in times:
        if time is not None:
            estimate = past.before(time)
            text = json.dumps({"estimate": as_json(estimate)}) if json_wanted else "\n".join(estimate_lines(estimate))
            click.echo(text, err=True)
