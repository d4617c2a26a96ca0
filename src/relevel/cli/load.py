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
from relevel.cli.living import opened, print_not_applied
from relevel.cli.output import CLEAN, FINDINGS, count_bar, print_report
from relevel.engine.load import load
from relevel.errors import InvalidArgumentError
from relevel.exports.operations import INPUT_FORMATS, Operation, Operations
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
    click.option(
        "--changes",
        is_flag=True,
        help="Take each line for a change, whatever its state: of each key the one with the highest sequence number counts.",
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
    changes: bool,
    create: bool,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Write the entries of FILE, or of standard input, into a database: what dump and scan print, read back.

    Of a `dump --all` or a `history` the lines count that say what a key is now. Of one file, which `dump --file`
    prints, no line says that: --changes takes them, and writes over what the database has of these keys. Writes to the
    database, which nobody else may have open.

    \b
    Example:
      relevel dump ./old | relevel load ./new --create
      relevel load ./settings --format csv entries.csv
      relevel dump ./chaindata --file 000033.log | relevel load ./chaindata --changes
    """
    with _lines_of(file) as lines:
        parsed = Operations(lines, format, encoding, as_changes=changes)
        operations = _named(parsed, getattr(file, "name", "<stdin>"))
        first = list(islice(operations, 1))  # what is no such file at all is refused before the database is touched
        with opened(database, comparator, create=create) as db, count_bar("load", "entries") as progress:
            report = load(db, chain(first, operations), progress)
    print_report(report, load_lines, json_wanted=json_wanted)
    if parsed.unknown_count:
        click.echo(
            f"relevel: {parsed.unknown_count} lines were left out: their state is unknown, so nothing says that they are what a "
            "key is now. --changes takes them",
            err=True,
        )
    return max(print_not_applied(db, json_wanted=json_wanted), FINDINGS if parsed.unknown_count else CLEAN)


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
