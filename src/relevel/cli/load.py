"""relevel load."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO

import click

from relevel.cli import options
from relevel.cli.living import opened
from relevel.cli.output import count_bar, print_findings, print_report
from relevel.engine.load import load
from relevel.errors import InvalidArgumentError
from relevel.exports.operations import INPUT_FORMATS, Operation, parse_operations
from relevel.format.comparator import Comparator
from relevel.report.living import load_lines


@click.command("load")
@options.with_options(
    options.database,
    click.argument("file", metavar="[FILE]", type=click.File("rb"), default="-"),
    click.option(
        "--format",
        type=click.Choice(INPUT_FORMATS),
        default="jsonl",
        show_default=True,
        help="How the lines are written.",
    ),
    options.create,
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    database: Path,
    file: BinaryIO,
    format: str,
    create: bool,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Write the entries of FILE, or of standard input, into a database: what dump and scan print, read back.

    Of a `dump --all` or a `history` the lines count that say what a key is now. Writes to the database, which nobody
    else may have open.

    \b
    Example:
      relevel dump ./old | relevel load ./new --create
      relevel load ./settings --format csv entries.csv
    """
    with _lines_of(file) as lines:
        operations = _named(parse_operations(lines, format, encoding), getattr(file, "name", "<stdin>"))
        first = list(islice(operations, 1))  # what is no such file at all is refused before the database is touched
        with opened(database, comparator, create=create) as db, count_bar("load", "entries") as progress:
            report = load(db, chain(first, operations), progress)
    print_report(report, load_lines, json_wanted=json_wanted)
    return print_findings(db.recovery_findings, json_wanted=json_wanted)


def _named(operations: Iterable[Operation], name: str) -> Iterator[Operation]:
    """The operations; a line that is none is told with the name of its file."""
    try:
        yield from operations
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{name}: {error}") from error


@contextmanager
def _lines_of(file: BinaryIO) -> Iterator[TextIO]:
    """The file as text, line ends as they are: a value in CSV may hold some. A spreadsheet's byte order mark is left out."""
    lines = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield lines
    finally:
        lines.detach()
