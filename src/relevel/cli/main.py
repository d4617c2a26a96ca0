"""The ``relevel`` command: finds the command asked for, and turns errors into one line and an exit code.

Commands are imported when they are called, so that ``relevel --help`` starts fast.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from relevel.cli.streams import always_print, flushed_place
from relevel.errors import RelevelError, StorageError
from relevel.storage.limit import raise_file_limit

LOOKING: Final = {
    "info": "Tell what a database is and what each of its files counts for.",
    "check": "Verify every byte and name what is wrong.",
    "dump": "Print the live entries, or every version on disk.",
    "scan": "Print the live keys and values.",
    "get": "Print the value of one key.",
    "find": "Find every copy of one key: file, offset, level, sequence.",
    "history": "Print every change in sequence order, or the deleted keys.",
    "export": "Write every version to a new file: Parquet, Arrow, SQLite, DuckDB, CSV, JSON lines.",
    "sql": "Ask the history in SQL.",
    "undelete": "Write a new database with what was deleted, or as of a sequence number.",
    "explore": "Look at a database and its past on a page in the browser.",
    "carve": "Find lost tables and logs in an image of a disk or memory.",
    "survey": "Find every database under a tree, and tell what each is.",
    "rescue": "Write a new, healthy database from a damaged one.",
    "stats": "Print tables and bytes by level.",
}
WRITING: Final = {
    "put": "Set one key in a database.",
    "delete": "Delete one key from a database.",
    "load": "Write the entries of a file into a database.",
    "compact": "Merge a database's tables.",
}
COMMANDS: Final = {**LOOKING, **WRITING}
"""Every command with its one line of help."""

_INTERRUPTED: Final = 130


class Commands(click.Group):
    """The commands by name, each imported from the module of its name when it is first needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"relevel.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them, those that write to a database apart."""
        for title, commands in (("Look and rescue", LOOKING), ("Write", WRITING)):
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="relevel", message="relevel %(version)s")
def cli() -> None:
    """Read, check, rescue and look back into LevelDB databases, and write to them.

    What looks and rescues never writes to the database it is given, and works beside a program that has it open. What
    writes opens the database as a program does, alone, and refuses where that could lose data.

    \b
    Exit codes: 0 clean, 1 findings, 2 usage, 3 and up one for each kind of error:
      3 other, 4 corruption, 5 storage, 6 not a database, 7 destination exists,
      8 bad argument, 9 not supported, 10 key not found,
      11 database in use, 12 locked; 130 interrupted.

    \b
    Example:
      relevel check ./chaindata
      relevel rescue ./chaindata ./chaindata-rescued
    """


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    if sys.stderr is None:  # closed by whoever started us: nobody wants to be told
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (open as long as the process)
    if sys.stdout is None:
        click.echo(
            "relevel: standard output is closed: nothing was done; send it to /dev/null if nobody is to read it",
            err=True,
        )
        sys.exit(StorageError.exit_code)
    always_print()
    raise_file_limit()
    sys.exit(_run(args))


def _run(args: list[str] | None) -> int:
    try:
        result: Any = cli.main(args, prog_name="relevel", standalone_mode=False)
    except RelevelError as error:
        click.echo(f"relevel: {error}", err=True)
        return error.exit_code
    except OSError as error:
        place = error.filename or flushed_place()
        click.echo(f"relevel: {error.strerror or error}: {place}", err=True)
        return StorageError.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        outcome = "what was written before stays" if _writes(args) else "nothing half-made was left"
        click.echo(f"relevel: interrupted; {outcome}", err=True)
        return _INTERRUPTED
    return result if isinstance(result, int) else 0


def _writes(args: list[str] | None) -> bool:
    return any(word in WRITING for word in (sys.argv[1:] if args is None else args)[:1])
