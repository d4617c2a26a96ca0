"""relevel carve."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, print_report, progress_bar
from relevel.recovery.carve import carve
from relevel.report.carve import carve_lines


@click.command("carve")
@options.with_options(
    options.image,
    options.destination,
    click.option("--thorough", is_flag=True, help="Look for pieces of tables at every byte; about 10 MB a second."),
    options.as_json,
)
def command(image: Path, destination: Path, thorough: bool, json_wanted: bool) -> int:
    """Find LevelDB's tables, logs and manifests in IMAGE, and write them to DST as a database to be rescued.

    IMAGE is an image, a partition or block device, a dump of memory, or a directory of nameless files, such as lost+found. It is
    not changed; DST must not exist, and appears when it is whole. Where more than one database is found, DST holds a directory for
    each. Exits with 0 only if one database was found with all that its manifest counts on, else with 1.

    \b
    Example:
      relevel carve ./disk.img ./carved
      relevel rescue ./carved ./rescued
    """
    with progress_bar("carve") as progress:
        report = carve(image, destination, thorough=thorough, progress=progress)
    print_report(report, carve_lines, json_wanted=json_wanted)
    return CLEAN if report.is_complete else FINDINGS
