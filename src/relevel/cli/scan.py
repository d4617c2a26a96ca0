"""relevel scan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import print_findings, print_lines
from relevel.exports.encoding import ENCODINGS, decode_argument
from relevel.format.comparator import Comparator
from relevel.recovery.scan import Pairs, scan


@click.command("scan")
@options.with_options(
    options.source,
    options.prefix,
    options.start,
    options.stop,
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    prefix: str,
    start: str | None,
    stop: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Print the live keys and values in key order, a pair a line with a tab between them.

    With --json each line is an array [key, value]. Exits with 1 where something could not be read.

    \b
    Example:
      relevel scan ./chaindata --prefix account/
    """
    pairs = scan(
        source,
        prefix=decode_argument(prefix, encoding),
        start=None if start is None else decode_argument(start, encoding),
        stop=None if stop is None else decode_argument(stop, encoding),
        comparator=comparator,
    )
    print_lines(_lines(pairs, encoding, json_wanted))
    return print_findings(pairs.findings, json_wanted=json_wanted)


def _lines(pairs: Pairs, encoding: str, json_wanted: bool) -> Iterator[str]:
    encode = ENCODINGS[encoding].encode
    if json_wanted:
        return (json.dumps([encode(key), encode(value)]) + "\n" for key, value in pairs)
    return (f"{encode(key)}\t{encode(value)}\n" for key, value in pairs)
