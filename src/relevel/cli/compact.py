"""relevel compact."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.living import opened, print_not_applied
from relevel.cli.output import print_report
from relevel.exports.encoding import decode_argument
from relevel.format.comparator import Comparator
from relevel.report.living import stats_lines


@click.command("compact")
@options.with_options(
    options.database,
    click.option("--start", metavar="K", help="Only tables that hold keys at or after K."),
    click.option("--stop", metavar="K", help="Only tables that hold keys at or before K."),
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    database: Path,
    start: str | None,
    stop: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Merge all tables, so that what was replaced or deleted takes less room. Writes to the database.

    What the merge drops cannot be undeleted any more. Tables that lie alone on the deepest level are left as they are.

    \b
    Example:
      relevel compact ./chaindata
    """
    with opened(database, comparator) as db:
        db.compact_range(
            start=None if start is None else decode_argument(start, encoding),
            stop=None if stop is None else decode_argument(stop, encoding),
        )
        stats = db.stats()
    print_report(stats, stats_lines, json_wanted=json_wanted)
    return print_not_applied(db, json_wanted=json_wanted)
