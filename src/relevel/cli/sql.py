"""relevel sql."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import print_findings, print_lines
from relevel.exports.answers import ANSWER_FORMATS, answer_lines
from relevel.exports.sql import MEMORY_LIMIT, sql
from relevel.format.comparator import Comparator


@click.command("sql")
@options.with_options(
    options.source,
    click.argument("question", metavar="QUESTION"),
    click.option(
        "--format",
        "format",
        type=click.Choice(ANSWER_FORMATS),
        default="table",
        show_default=True,
        help="Output format.",
    ),
    options.decode,
    click.option(
        "--memory",
        metavar="SIZE",
        default=MEMORY_LIMIT,
        show_default=True,
        help="What DuckDB may hold in memory before it uses temporary files.",
    ),
    options.encoding,
    options.comparator,
    options.lines_as_json,
)
def command(
    source: Path,
    question: str,
    format: str,
    decode: str | None,
    memory: str,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Ask a database's history in SQL: tables history, live, findings and files. Needs relevel[export].

    Nothing is written, and the question can open no file of yours. Findings go to standard error. Exits with 1 where something
    that the question needed could not be read.

    \b
    Example:
      relevel sql ./chaindata "select state, count(*), sum(octet_length(value)) from history group by state"
      relevel sql ./profile "select decoded_key, decoded_value from live" --decode auto --format csv
    """
    with sql(source, question, decode=decode, memory_limit=memory, comparator=comparator) as answer:
        if answer.guess and not json_wanted:
            click.echo(f"relevel: decoded with {answer.decoder} ({answer.guess})", err=True)
        print_lines(answer_lines(answer.columns, answer, "jsonl" if json_wanted else format, encoding))
        return print_findings(answer.findings, json_wanted=json_wanted)
