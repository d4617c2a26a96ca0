"""relevel history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.decoding import decoding_for
from relevel.cli.output import print_findings, print_lines
from relevel.exports.encoding import decode_argument
from relevel.exports.rows import format_rows
from relevel.format.comparator import Comparator
from relevel.format.internal_key import MAX_SEQUENCE
from relevel.recovery.history import history
from relevel.recovery.read.rows import Version


@click.command("history")
@options.with_options(
    options.source,
    click.option("--key", metavar="K", help="This key alone."),
    options.prefix,
    click.option(
        "--from",
        "from_sequence",
        metavar="N",
        type=click.IntRange(0, MAX_SEQUENCE),
        default=0,
        help="First sequence number.",
    ),
    click.option(
        "--to", "to_sequence", metavar="N", type=click.IntRange(0, MAX_SEQUENCE), help="Last sequence number."
    ),
    click.option("--deleted", is_flag=True, help="The keys that are gone now, each with its last value, in key order."),
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
    deleted: bool,
    format: str,
    decode: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Print every change that is still on disk in sequence order: logs and tables, deletions included.

    What compaction has dropped is gone and is not guessed. Exits with 1 where something could not be read.

    \b
    Example:
      relevel history ./profile --prefix session/ --format text
      relevel history ./profile --deleted
    """
    decoding = decoding_for(source, decode, comparator, is_told=not json_wanted)
    rows = history(
        source,
        key=None if key is None else decode_argument(key, encoding),
        prefix=decode_argument(prefix, encoding),
        from_sequence=from_sequence,
        to_sequence=to_sequence,
        deleted=deleted,
        comparator=comparator,
    )
    states: Counter[str] = Counter()
    print_lines(format_rows(_counted(rows, states), "jsonl" if json_wanted else format, encoding, decode=decoding))
    if deleted and states["unknown"] and not json_wanted:
        told = f"{sum(states.values())} keys, of which {states['unknown']} have no deletion on disk: state unknown"
        click.echo(f"relevel: {told}", err=True)
    return print_findings(rows.findings, json_wanted=json_wanted)


def _counted(rows: Iterable[Version], states: Counter[str]) -> Iterator[Version]:
    """The rows, counted by state as they pass."""
    for version in rows:
        states[version.state] += 1
        yield version
