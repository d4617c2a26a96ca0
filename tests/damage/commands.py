"""What reads a database and rescues from it, run one after another: none may end in anything but a result or our errors."""

import warnings
from collections.abc import Callable
from pathlib import Path

import relevel


def run_all(database: Path, place: Path) -> dict[str, relevel.RelevelError | None]:
    """Run these commands on ``database``, writing under ``place``: for each what it raised, or None.

    Only RelevelError is caught: anything else is a bug and ends the test.
    """
    commands: dict[str, Callable[[], object]] = {
        "info": lambda: relevel.info(database),
        "check": lambda: relevel.check(database),
        "dump": lambda: list(relevel.dump(database)),
        "dump of all": lambda: list(relevel.dump(database, all_versions=True)),
        "scan": lambda: list(relevel.scan(database)),
        "history": lambda: list(relevel.History(database).timeline()),
        "find": lambda: relevel.find(database, b"k00"),
        "dry rescue": lambda: relevel.rescue(database, place / "dry", dry_run=True),
        "rescue": lambda: relevel.rescue(database, place / "rescued"),
        "undelete": lambda: relevel.undelete(database, place / "undeleted", deleted=True),
    }
    return {name: _error_of(command) for name, command in commands.items()}


def open_with_engine(database: Path) -> relevel.RelevelError | None:
    """Read everything with the engine, both ways: what it raised, or None. It refuses more than the commands do."""
    return _error_of(lambda: _read_with_engine(database))


def _read_with_engine(database: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", relevel.LogDamagedWarning)
        db = relevel.DB(database, read_only=True)
    with db:
        db.get(b"k00")
        list(db.iterator(reverse=True))
        list(db)


def _error_of(command: Callable[[], object]) -> relevel.RelevelError | None:
    try:
        command()
    except relevel.RelevelError as error:
        return error
    return None
