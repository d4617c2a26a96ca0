"""relevel rescue."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, print_report, progress_bar
from relevel.format.comparator import Comparator
from relevel.recovery.rescue import rescue
from relevel.report.text import rescue_lines


@click.command("rescue")
@options.with_options(
    options.source,
    options.destination,
    click.option("--dry-run", is_flag=True, help="Decide and report; write nothing."),
    click.option("--strict", is_flag=True, help="Put back single flipped bits only, and save no parts of blocks."),
    click.option("--exclude-uncertain", is_flag=True, help="Leave out entries that may be older than what was lost."),
    click.option(
        "--include-uncertain",
        is_flag=True,
        help="Without a manifest, take also what nothing proves to be live.",
    ),
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    destination: Path,
    dry_run: bool,
    strict: bool,
    exclude_uncertain: bool,
    include_uncertain: bool,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Write a new, healthy database at DST with all that can be read of SRC, and name what is lost.

    SRC is not changed; DST must not exist, and appears when it is whole. Exits with 0 only if every live entry is known to be
    there, else with 1.

    \b
    Example:
      relevel rescue ./chaindata ./chaindata-rescued --dry-run
      relevel rescue ./chaindata ./chaindata-rescued
    """
    with progress_bar("rescue") as progress:
        report = rescue(
            source,
            destination,
            dry_run=dry_run,
            strict=strict,
            exclude_uncertain=exclude_uncertain,
            include_uncertain=include_uncertain,
            comparator=comparator,
            progress=progress,
        )
    print_report(report, rescue_lines, json_wanted=json_wanted)
    return CLEAN if report.is_complete else FINDINGS
