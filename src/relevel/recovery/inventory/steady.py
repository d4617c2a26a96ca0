"""Steady: work on a database that does not change under the work, or the work once more.

Files that are held do not change. Where there are more files than can be held, the others are read by their paths, and another
program that has the database open may take one away: then everything begins again, with a new inventory.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from relevel.errors import RelevelError
from relevel.recovery.inventory.directory import ATTEMPTS, Directory, in_use, open_directory

_T = TypeVar("_T")


def steadily(path: str | os.PathLike[str], work: Callable[[Directory], _T]) -> _T:
    """Do work on the inventory of a database; again, a few times, where a file that it needed has changed or gone meanwhile.

    Args:
        path: the database's directory.
        work: what is done. It ends with ``refuse_outrun``, before anything of it is to be seen, and leaves nothing behind where
            it raises.

    Raises:
        NotADatabaseError, StorageError: there is nothing to read.
        DatabaseInUseError: files changed or went each time.
    """
    for _ in range(ATTEMPTS):
        directory = open_directory(path)
        try:
            return work(directory)
        except (RelevelError, OSError):
            if not directory.storage.is_outrun:
                raise
        del directory  # the next one needs the descriptors
    raise in_use(path)


def refuse_outrun(directory: Directory) -> None:
    """Go no further where a file that is not held has changed or gone.

    Raises:
        DatabaseInUseError: one has.
    """
    if directory.storage.is_outrun:
        raise in_use(directory.path)
