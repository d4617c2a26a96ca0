"""Databases that a command opens as a program does, and what they say of damaged logs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from relevel.cli.output import print_findings
from relevel.engine.database import DB
from relevel.engine.not_applied import advice_on
from relevel.errors import InvalidArgumentError, LogDamagedWarning, NotADatabaseError, RelevelError
from relevel.files.current import scan_current
from relevel.files.manifest import scan_manifest
from relevel.format.comparator import Comparator, is_known
from relevel.storage.read_only import ReadOnlyDirectory


@contextmanager
def opened(
    database: Path, comparator: Comparator | None, *, create: bool | None = None, read_only: bool = False
) -> Iterator[DB]:
    """Open a database for the block. Damage in its logs is for ``print_not_applied``.

    Args:
        database: its directory.
        comparator: the order of the keys, where the database does not name a known one.
        create: make it where there is none; None where the command has no such option.
        read_only: write nothing and take no lock.

    Raises:
        RelevelError: as ``DB``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LogDamagedWarning)
            order = {} if comparator is None else _order(database, comparator, create=create)
            db = DB(database, create_if_missing=bool(create), read_only=read_only, **order)
    except NotADatabaseError as error:
        raise _in_words_of_the_command_line(database, error, create=create) from error
    with db:
        yield db


def print_not_applied(db: DB, *, json_wanted: bool) -> int:
    """Print to standard error what damaged logs kept from being applied, and give the exit code."""
    code = print_findings(db.recovery_findings, json_wanted=json_wanted)
    if db.recovery_findings and not json_wanted:
        click.echo(advice_on(db.core.path, db.recovery_findings, db.core.options), err=True)
    return code


def _order(database: Path, comparator: Comparator, *, create: bool | None) -> dict[str, Any]:
    """The order as ``DB`` takes it. One without a name is meant for the database's; one that the database names and relevel knows
    needs no other."""
    there = _name_in_manifest(database)
    if there is not None and is_known(there):
        return {}
    if not comparator.name and there is None and create:
        raise InvalidArgumentError(
            f"{database}: a new database names the order of its keys; give --comparator NAME=MODULE:FUNCTION"
        )
    is_renamed = isinstance(comparator.kernel, str) or not comparator.name
    name = there if is_renamed and there is not None else comparator.name
    return {"comparator": comparator.compare, "comparator_name": name}


def _name_in_manifest(database: Path) -> str | None:
    """The name of the order, as far as it can be read; what cannot, opening will say."""
    try:
        directory = ReadOnlyDirectory(database)
        manifest = scan_current(directory).manifest_name
    except RelevelError:
        return None
    return None if manifest is None else scan_manifest(directory, manifest).comparator


def _in_words_of_the_command_line(
    database: Path, error: NotADatabaseError, *, create: bool | None
) -> NotADatabaseError:
    if database.exists() and not database.is_dir():
        return error
    advice = "give the directory that holds one" + ("" if create is None else ", or --create to make one")
    return NotADatabaseError(f"{database}: there is no database; {advice}")
