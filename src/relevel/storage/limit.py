"""How many files a process may have open."""

from __future__ import annotations

import contextlib
import sys
from typing import Final

if sys.platform != "win32":
    import resource

_WITHOUT_LIMIT: Final = 16384
"""Files that may be open where the system names no limit."""
_MOST: Final = 1 << 20
"""Enough for a terabyte of tables of LevelDB's size."""


def open_file_limit() -> int:
    """How many files this process may have open."""
    if sys.platform == "win32":
        return _WITHOUT_LIMIT
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _WITHOUT_LIMIT if limit == resource.RLIM_INFINITY else limit


def raise_file_limit() -> None:
    """Let this process have as many files open as the system allows. For programs: a library leaves the limit alone."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):  # then the limit stays what it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
