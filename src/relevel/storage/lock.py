"""Whether another program has a database open: what the system tells of a lock without opening it.

Source: proc(5), ``/proc/locks``; one line for each lock::

    3: POSIX  ADVISORY  WRITE 11683 fe:00:10141965 0 EOF
                                    major:minor:inode of the file, the first two in hexadecimal
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_LOCKS: Final = Path("/proc/locks")
_DESCRIPTORS: Final = "/proc/self/fd"
_FEW: Final = 1000
"""Descriptors that are looked at one by one: about two microseconds each."""
_PLACE: Final = 5
"""Which word of a line names the file; waiting lines have one word more before it, and do not count."""


def is_locked(path: str, locks: Path = _LOCKS) -> bool:
    """Say whether a program holds a lock on a file, without opening the file.

    False also where the system does not tell: other systems than Linux, programs in other containers, file systems whose device
    numbers differ from those of their files.
    """
    try:
        status = Path(path).stat()
        words = [line.split() for line in locks.read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError:
        return False
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    return any(len(line) > _PLACE and line[_PLACE] == place for line in words)


def may_be_open_here(path: str, descriptors: str = _DESCRIPTORS) -> bool:
    """Say whether this process may have a file open; False only where the system tells that it has not.

    Cheaper than ``is_locked``: for the list of all locks the system may wait some milliseconds until no processor changes one.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - at every opening
        names = os.listdir(descriptors)  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return True
    if len(names) > _FEW:
        return True
    return any(_is_of(f"{descriptors}/{name}", status) for name in names)


def _is_of(descriptor: str, status: os.stat_result) -> bool:
    try:
        other = os.stat(descriptor)  # noqa: PTH116 - a thousand times
    except OSError:
        return False  # closed meanwhile, such as the one that lists them
    return os.path.samestat(other, status)
