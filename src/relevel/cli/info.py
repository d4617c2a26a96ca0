"""relevel info."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import print_report, progress_bar
from relevel.format.comparator import Comparator
from relevel.recovery.info import info
from relevel.report.text import info_lines


@click.command("info")
@options.with_options(options.source, options.comparator, options.as_json)
def command(source: Path, comparator: Comparator | None, json_wanted: bool) -> None:
    """Tell what a database is: its producer, comparator, files, levels, codecs, key and sequence ranges.

    Nothing is written. What is wrong with it is counted here and named by `relevel check`.

    \b
    Example:
      relevel info ./chaindata
    """
    with progress_bar("info") as progress:
        report = info(source, comparator=comparator, progress=progress)
    print_report(report, info_lines, json_wanted=json_wanted)
