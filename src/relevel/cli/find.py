"""relevel find."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import print_findings, print_report, print_unproved
from relevel.exports.encoding import decode_argument
from relevel.format.comparator import Comparator
from relevel.recovery.find import find
from relevel.report.text import find_lines


@click.command("find")
@options.with_options(
    options.source, click.argument("key", metavar="KEY"), options.encoding, options.comparator, options.as_json
)
def command(source: Path, key: str, encoding: str, comparator: Comparator | None, json_wanted: bool) -> int:
    """Find every copy of KEY: in which file, at which offset and level, with which sequence number.

    Superseded and orphan files are searched too. Exits with 1 where something could not be read.

    \b
    Example:
      relevel find ./chaindata account/alice
    """
    report = find(source, decode_argument(key, encoding), comparator=comparator)
    print_report(report, find_lines, json_wanted=json_wanted)
    if report.copies and not json_wanted:  # the report as JSON has them
        print_unproved(report.unproved)
    return print_findings(report.findings, json_wanted=json_wanted)
