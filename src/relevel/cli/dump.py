"""relevel dump."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.decoding import decoding_for
from relevel.cli.output import print_findings, print_lines
from relevel.exports.encoding import decode_argument
from relevel.exports.rows import format_rows
from relevel.format.comparator import Comparator
from relevel.recovery.dump import dump


@click.command("dump")
@options.with_options(
    options.source,
    click.option("--all", "all_versions", is_flag=True, help="Every version on disk, not just the live ones."),
    click.option("--file", metavar="F", help="One table or log of the directory alone."),
    options.prefix,
    options.start,
    options.stop,
    options.line_format,
    options.decode,
    options.encoding,
    options.comparator,
    options.lines_as_json,
)
def command(
    source: Path,
    all_versions: bool,
    file: str | None,
    prefix: str,
    start: str | None,
    stop: str | None,
    format: str,
    decode: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Print the live entries in key order, or with --all every version on disk.

    Rows go to standard output, findings to standard error. Exits with 1 where something could not be read.

    \b
    Example:
      relevel dump ./chaindata --prefix account/ --format csv
      relevel dump ./chaindata --all --encoding hex
    """
    decoding = decoding_for(source, decode, comparator, is_told=not json_wanted)
    rows = dump(
        source,
        all_versions=all_versions,
        file=file,
        prefix=decode_argument(prefix, encoding),
        start=None if start is None else decode_argument(start, encoding),
        stop=None if stop is None else decode_argument(stop, encoding),
        comparator=comparator,
    )
    print_lines(format_rows(rows, "jsonl" if json_wanted else format, encoding, decode=decoding))
    return print_findings(rows.findings, json_wanted=json_wanted)
