"""relevel export."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, count_bar, print_report
from relevel.exports.encoding import decode_argument
from relevel.exports.export import WRITERS, export
from relevel.format.comparator import Comparator
from relevel.report.export import export_lines


@click.command("export")
@options.with_options(
    options.source,
    click.argument("destination", metavar="DST", type=click.Path(path_type=Path)),
    click.option("--format", "format", type=click.Choice(list(WRITERS)), help="By DST's suffix if not given."),
    click.option("--live", is_flag=True, help="What a read gives now, not every version on disk."),
    options.at,
    click.option("--deleted", is_flag=True, help="The keys that are gone now, each with its last value."),
    options.prefix,
    options.start,
    options.stop,
    options.decode,
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    destination: Path,
    format: str | None,
    live: bool,
    at: int | datetime | None,
    deleted: bool,
    prefix: str,
    start: str | None,
    stop: str | None,
    decode: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Write every version on disk, or the live ones, to the new file DST, for another tool.

    SRC is not changed; DST must not exist, and appears when it is whole. Formats: JSON lines, CSV, Parquet, Arrow, SQLite, DuckDB.
    Exits with 1 where damage may have cost rows, or compactions what was there at --at.

    \b
    Example:
      relevel export ./chaindata history.parquet
      relevel export ./chaindata now.sqlite --live --prefix account/
      relevel export ./profile history.duckdb --decode auto
    """
    if live + deleted + (at is not None) > 1:
        raise click.UsageError("choose one of --live, --at and --deleted")
    with count_bar("export", "rows") as progress:
        report = export(
            source,
            destination,
            format=format,
            versions="deleted" if deleted else "live" if live or at is not None else "all",
            at=at,
            prefix=decode_argument(prefix, encoding),
            start=None if start is None else decode_argument(start, encoding),
            stop=None if stop is None else decode_argument(stop, encoding),
            decode=decode,
            encoding=encoding,
            comparator=comparator,
            progress=progress,
        )
    print_report(report, export_lines, json_wanted=json_wanted)
    return CLEAN if report.is_complete and report.is_proved else FINDINGS
