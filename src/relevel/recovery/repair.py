"""repair: rescue a database and put the result in its place, the original kept beside it.

::

    NAME              damaged    damaged   healthy         healthy
    NAME.repair-X        -       healthy   damaged            -
    NAME.damaged-1       -          -         -            damaged
                              rescue    exchange   rename

Where the system cannot exchange two names, the original is renamed first.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from relevel.errors import NotADatabaseError
from relevel.files.lock import DatabaseLock
from relevel.format.comparator import Comparator
from relevel.recovery.rescue import RescueReport, rescue
from relevel.storage.failure import storage_error
from relevel.storage.posix import sync_directory
from relevel.storage.read_only import LOCK_NAME
from relevel.storage.rename import exchange, rename_without_replacing


def repair(path: str | bytes | os.PathLike[str], *, comparator: Comparator | None = None) -> RescueReport:
    """Rescue a database and put the healthy copy in its place. The original stays beside it as ``NAME.damaged-N``.

    The two change places in one step where the system can do that; there is never a moment with neither. What is not LevelDB's in
    the directory stays with the original.

    Args:
        path: the database's directory; where it is a link, what it leads to is repaired and the link stays.
        comparator: the order of the keys, where the manifest does not name a known one.

    Raises:
        LockedError: it is open.
        RelevelError: as ``rescue``; nothing was changed.
    """
    place = Path(os.fsdecode(path)).resolve()
    if not place.is_dir():
        raise NotADatabaseError(f"{os.fsdecode(path)}: there is no such directory")
    healthy = place.parent / f"{place.name}.repair-{secrets.token_hex(6)}"
    with _locked(place):
        report = rescue(place, healthy, comparator=comparator)
        try:
            _swap(place, healthy)
        except OSError as error:
            raise storage_error("cannot replace", str(place), error) from error
    return report


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the database's lock. A LOCK that was not there does not stay, whatever becomes of the directory meanwhile."""
    lock_file = place / LOCK_NAME
    is_new = not os.path.lexists(lock_file)
    lock = DatabaseLock(str(lock_file))
    directory = os.open(place, os.O_RDONLY) if is_new and os.unlink in os.supports_dir_fd else None
    try:
        yield
    finally:
        if directory is not None:
            with contextlib.suppress(OSError):
                os.unlink(LOCK_NAME, dir_fd=directory)
            os.close(directory)
        lock.release()


def _swap(place: Path, healthy: Path) -> None:
    """Put the healthy copy in its place, or remove it and leave everything as it was.

    Raises:
        OSError: the file system refuses.
    """
    try:
        healthy.chmod(stat.S_IMODE(place.stat().st_mode))
        swapped = exchange(place, healthy)
    except OSError:
        shutil.rmtree(healthy, ignore_errors=True)
        raise
    if swapped:
        _finish_exchange(place, original=healthy)
    else:
        _rename_both(place, healthy)
    sync_directory(place.parent)


def _finish_exchange(place: Path, *, original: Path) -> None:
    """Give the original, which has the copy's name now, the name that it keeps; else exchange the two once more."""
    try:
        _keep(original, place)
    except OSError:
        if exchange(place, original):
            shutil.rmtree(original, ignore_errors=True)
        raise


def _rename_both(place: Path, healthy: Path) -> None:
    try:
        kept = _keep(place, place)
    except OSError:
        shutil.rmtree(healthy, ignore_errors=True)
        raise
    try:
        rename_without_replacing(healthy, place)
    except OSError:
        rename_without_replacing(kept, place)
        shutil.rmtree(healthy, ignore_errors=True)
        raise


def _keep(original: Path, place: Path) -> Path:
    """Give the original the first free name beside the place."""
    for number in itertools.count(1):
        kept = place.parent / f"{place.name}.damaged-{number}"
        with contextlib.suppress(FileExistsError):
            rename_without_replacing(original, kept)
            return kept
    raise AssertionError("counting does not end")
