"""The ``relevel`` command: finds the command asked for, and turns errors into one line and an exit code.

Commands are imported when they are called, so that ``relevel --help`` starts fast.
"""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any, Final, NoReturn

import click

from relevel.errors import RelevelError, StorageError

COMMANDS: Final = {
    "info": "Tell what a database is and what each of its files counts for.",
    "check": "Verify every byte and name what is wrong.",
    "dump": "Print the live entries, or every version on disk.",
    "scan": "Print the live keys and values.",
    "get": "Print the value of one key.",
    "find": "Find every copy of one key: file, offset, level, sequence.",
    "history": "Print every change in sequence order, or the deleted keys.",
    "undelete": "Write a new database with what was deleted, or as of a sequence number.",
    "rescue": "Write a new, healthy database from a damaged one.",
}
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
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="relevel", message="relevel %(version)s")
def cli() -> None:
    """Read, check, rescue and look back into LevelDB databases. The source is never written to.

    \b
    Exit codes: 0 clean, 1 findings, 2 usage, 3 and up one for each kind of error:
      3 other, 4 corruption, 5 storage, 6 not a database, 7 destination exists,
      8 bad argument, 9 not supported, 10 key not found; 130 interrupted.

    \b
    Example:
      relevel check ./chaindata
      relevel rescue ./chaindata ./chaindata-rescued
    """


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # bytes that are not text come out as they went in
    sys.exit(_run(args))


def _run(args: list[str] | None) -> int:
    try:
        result: Any = cli.main(args, prog_name="relevel", standalone_mode=False)
    except RelevelError as error:
        click.echo(f"relevel: {error}", err=True)
        return error.exit_code
    except OSError as error:
        click.echo(f"relevel: {error.strerror or error}: {error.filename or 'a file'}", err=True)
        return StorageError.exit_code
    except click.exceptions.Exit as exit_request:
        return exit_request.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("relevel: interrupted; nothing half-made was left", err=True)
        return _INTERRUPTED
    return result if isinstance(result, int) else 0
