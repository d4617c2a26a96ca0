"""relevel stats."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.living import opened, print_not_applied
from relevel.cli.output import print_report
from relevel.format.comparator import Comparator
from relevel.report.living import stats_lines


@click.command("stats")
@options.with_options(options.database, options.comparator, options.as_json)
def command(database: Path, comparator: Comparator | None, json_wanted: bool) -> int:
    """Print tables and bytes by level, and what the logs hold. Read-only, takes no lock.

    \b
    Example:
      relevel stats ./chaindata
    """
    with opened(database, comparator, read_only=True) as db:
        print_report(db.stats(), stats_lines, json_wanted=json_wanted)
    return print_not_applied(db, json_wanted=json_wanted)
