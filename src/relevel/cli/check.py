"""relevel check."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, print_report, progress_bar
from relevel.cli.page import Page
from relevel.format.comparator import Comparator
from relevel.recovery.check import check
from relevel.report.text import check_lines


@click.command("check")
@options.with_options(options.source, options.page, options.comparator, options.as_json)
def command(source: Path, page: Path | None, comparator: Comparator | None, json_wanted: bool) -> int:
    """Verify every block and record of a database and name what is wrong.

    Nothing is written but the report that is asked for. Exits with 0 where there is nothing worse than a note, else with 1.

    \b
    Example:
      relevel check ./chaindata
      relevel check ./chaindata --report damage.html
      relevel check --json ./chaindata | jq '.findings[].code'
    """
    html = Page(page, source)
    with progress_bar("check") as progress:
        report = check(source, comparator=comparator, accounting=html.is_wanted, progress=progress)
    print_report(report, check_lines, json_wanted=json_wanted)
    html.write(report, source)
    return CLEAN if report.is_clean else FINDINGS
