"""relevel check."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, print_report, progress_bar
from relevel.format.comparator import Comparator
from relevel.recovery.check import check
from relevel.report.text import check_lines


@click.command("check")
@options.with_options(options.source, options.comparator, options.as_json)
def command(source: Path, comparator: Comparator | None, json_wanted: bool) -> int:
    """Verify every block and record of a database and name what is wrong.

    Nothing is written. Exits with 0 where there is nothing worse than a note, else with 1.

    \b
    Example:
      relevel check ./chaindata
      relevel check --json ./chaindata | jq '.findings[].code'
    """
    with progress_bar("check") as progress:
        report = check(source, comparator=comparator, progress=progress)
    print_report(report, check_lines, json_wanted=json_wanted)
    return CLEAN if report.is_clean else FINDINGS
