"""relevel put."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.living import opened, print_not_applied
from relevel.exports.encoding import decode_argument
from relevel.format.comparator import Comparator


@click.command("put")
@options.with_options(
    options.database,
    click.argument("key", metavar="KEY"),
    click.argument("value", metavar="VALUE"),
    options.create,
    options.encoding,
    options.comparator,
)
def command(database: Path, key: str, value: str, create: bool, encoding: str, comparator: Comparator | None) -> int:
    """Set KEY to VALUE, durably. Writes to the database, which nobody else may have open.

    \b
    Example:
      relevel put ./settings theme dark
      relevel put ./settings --create --encoding hex 6b6579 76616c7565
    """
    with opened(database, comparator, create=create) as db:
        db.put(decode_argument(key, encoding), decode_argument(value, encoding), sync=True)
    return print_not_applied(db, json_wanted=False)
