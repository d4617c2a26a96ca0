"""relevel undelete."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, print_report, progress_bar
from relevel.exports.encoding import decode_argument
from relevel.format.comparator import Comparator
from relevel.format.internal_key import MAX_SEQUENCE
from relevel.recovery.undelete import undelete
from relevel.report.text import undelete_lines


@click.command("undelete")
@options.with_options(
    options.source,
    options.destination,
    click.option(
        "--at",
        metavar="N",
        type=click.IntRange(0, MAX_SEQUENCE),
        help="The state right after the change with this sequence number.",
    ),
    click.option("--deleted", is_flag=True, help="The state now, plus the deleted keys with their last values."),
    options.prefix,
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    destination: Path,
    at: int | None,
    deleted: bool,
    prefix: str,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Write a new database at DST with what SRC held before. SRC is not changed; DST must not exist.

    With --prefix only keys that start with P go back; the others stay as they are now. Exits with 1 where damage may have cost
    entries.

    \b
    Example:
      relevel history ./profile --deleted
      relevel undelete ./profile ./profile-restored --deleted
      relevel undelete ./profile ./profile-before --at 394060
    """
    wanted = decode_argument(prefix, encoding)
    with progress_bar("undelete", "entries") as progress:
        report = undelete(
            source, destination, at=at, deleted=deleted, prefix=wanted, comparator=comparator, progress=progress
        )
    print_report(report, undelete_lines, json_wanted=json_wanted)
    return CLEAN if report.is_complete else FINDINGS
