"""Databases that a command opens as a program does, and what they say of damaged logs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relevel.engine.database import DB
from relevel.errors import LogDamagedWarning, NotADatabaseError


@contextmanager
def opened(database: Path, *, create: bool | None = None, read_only: bool = False) -> Iterator[DB]:
    """Open a database for the block. Damage in its logs is for ``print_findings(db.recovery_findings)``.

    Args:
        database: its directory.
        create: make it where there is none; None where the command has no such option.
        read_only: write nothing and take no lock.

    Raises:
        RelevelError: as ``DB``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LogDamagedWarning)
            db = DB(database, create_if_missing=bool(create), read_only=read_only)
    except NotADatabaseError as error:
        raise _in_words_of_the_command_line(database, error, create=create) from error
    with db:
        yield db


def _in_words_of_the_command_line(
    database: Path, error: NotADatabaseError, *, create: bool | None
) -> NotADatabaseError:
    if database.exists() and not database.is_dir():
        return error
    advice = "give the directory that holds one" + ("" if create is None else ", or --create to make one")
    return NotADatabaseError(f"{database}: there is no database; {advice}")
