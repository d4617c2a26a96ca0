"""relevel get."""

from __future__ import annotations

import json
from pathlib import Path

import click

from relevel.cli import options
from relevel.export.encoding import ENCODINGS, decode_argument
from relevel.format.comparator import Comparator
from relevel.recovery.get import get


@click.command("get")
@options.with_options(
    options.source,
    click.argument("key", metavar="KEY"),
    click.option("--raw", is_flag=True, help="The value's bytes as they are, with no line end."),
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(source: Path, key: str, raw: bool, encoding: str, comparator: Comparator | None, json_wanted: bool) -> None:
    """Print the value that KEY has now.

    Exits with 10 where the key is not there, with 4 where damage may hide it or a newer value of it.

    \b
    Example:
      relevel get ./chaindata account/alice
      relevel get ./chaindata --encoding hex 6b6579 --raw > value.bin
    """
    wanted = decode_argument(key, encoding)
    value = get(source, wanted, comparator=comparator)
    encode = ENCODINGS[encoding].encode
    if json_wanted:
        click.echo(json.dumps({"key": encode(wanted), "value": encode(value)}))
    else:
        click.echo(value if raw else encode(value), nl=not raw)
