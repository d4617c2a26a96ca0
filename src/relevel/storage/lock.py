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
