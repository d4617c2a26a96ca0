"""relevel delete."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.living import opened, print_not_applied
from relevel.exports.encoding import decode_argument
from relevel.format.comparator import Comparator


@click.command("delete")
@options.with_options(options.database, click.argument("key", metavar="KEY"), options.encoding, options.comparator)
def command(database: Path, key: str, encoding: str, comparator: Comparator | None) -> int:
    """Delete KEY, durably; nothing where it is not there. Writes to the database, which nobody else may have open.

    The value stays on disk until compaction drops it: `relevel history` shows it, `relevel undelete` brings it back.

    \b
    Example:
      relevel delete ./settings theme
    """
    with opened(database, comparator) as db:
        db.delete(decode_argument(key, encoding), sync=True)
    return print_not_applied(db, json_wanted=False)
