"""relevel history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.decoding import decoding_for
from relevel.cli.estimates import print_estimates
from relevel.cli.output import print_findings, print_lines, print_report, print_unproved
from relevel.exports.encoding import decode_argument
from relevel.exports.rows import format_rows
from relevel.format.comparator import Comparator
from relevel.recovery.history import History
from relevel.recovery.read.rows import Version
from relevel.report.past import DatedRun, horizon_lines, run_lines


@click.command("history")
@options.with_options(
    options.source,
    click.option("--key", metavar="K", help="This key alone."),
    options.prefix,
    click.option(
        "--from", "from_sequence", metavar="N", type=options.SEQUENCE, default=0, help="First sequence number."
    ),
    click.option("--to", "to_sequence", metavar="N", type=options.SEQUENCE, help="Last sequence number."),
    options.since,
    options.until,
    click.option("--deleted", is_flag=True, help="The keys that are gone now, each with its last value, in key order."),
    click.option(
        "--mass-deletions", is_flag=True, help="Where 100 keys or more were deleted one after another, numbered."
    ),
    click.option("--horizon", is_flag=True, help="From which sequence number on the past is complete, and why."),
    options.line_format,
    options.decode,
    options.encoding,
    options.comparator,
    options.lines_as_json,
)
def command(
    source: Path,
    key: str | None,
    prefix: str,
    from_sequence: int,
    to_sequence: int | None,
    since: datetime | None,
    until: datetime | None,
    deleted: bool,
    mass_deletions: bool,
    horizon: bool,
    format: str,
    decode: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Print every change that is still on disk in sequence order: logs and tables, deletions included.

    What compaction has dropped is gone and is not guessed: --horizon says how far back nothing is missing. Exits with 1 where
    something could not be read.

    \b
    Example:
      relevel history ./profile --prefix session/ --format text
      relevel history ./profile --deleted
      relevel history ./profile --mass-deletions
    """
    wanted_key = None if key is None else decode_argument(key, encoding)
    wanted_prefix = decode_argument(prefix, encoding)
    past = History(source, comparator=comparator)
    if horizon or mass_deletions:
        if horizon:
            print_report(past.horizon(key=wanted_key, prefix=wanted_prefix), horizon_lines, json_wanted=json_wanted)
        if mass_deletions:
            runs = [DatedRun.of(run, past) for run in past.mass_deletions()]
            print_report(runs, partial(run_lines, source=source), json_wanted=json_wanted)
        return print_findings(past.findings, json_wanted=json_wanted)
    decoding = decoding_for(source, decode, comparator, is_told=not json_wanted)
    if since is not None or until is not None:
        print_estimates(past, since, until, json_wanted=json_wanted)
    rows = past.changes(
        key=wanted_key,
        prefix=wanted_prefix,
        from_sequence=from_sequence,
        to_sequence=to_sequence,
        since=since,
        until=until,
        deleted=deleted,
    )
    states: Counter[str] = Counter()
    print_lines(format_rows(_counted(rows, states), "jsonl" if json_wanted else format, encoding, decode=decoding))
    if deleted and states["unknown"] and not json_wanted:
        told = f"{sum(states.values())} keys, of which {states['unknown']} have no deletion on disk: state unknown"
        click.echo(f"relevel: {told}", err=True)
    has_window = from_sequence > 0 or any(bound is not None for bound in (to_sequence, since, until))
    if wanted_key is not None and states and not deleted and not has_window:
        print_unproved(past.unproved(wanted_key), json_wanted=json_wanted)
    return print_findings(rows.findings, json_wanted=json_wanted)


def _counted(rows: Iterable[Version], states: Counter[str]) -> Iterator[Version]:
    """The rows, counted by state as they pass."""
    for version in rows:
        states[version.state] += 1
        yield version
