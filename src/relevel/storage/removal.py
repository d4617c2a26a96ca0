"""The removal of what was not finished."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from pathlib import Path


def remove_directory(directory: Path, names: Iterable[str]) -> None:
    """Remove a directory of relevel's own, as far as that can be done.

    Args:
        directory: may be gone already.
        names: the files that may be in it, for the process may have no descriptor left to list it with.
    """
    shutil.rmtree(directory, ignore_errors=True)
    with contextlib.suppress(OSError):
        for name in names if directory.exists() else ():
            (directory / name).unlink(missing_ok=True)
        directory.rmdir()
