"""A rename that never replaces what is there, and one that exchanges two names.

``rename(2)`` replaces an empty directory in silence. Linux's ``renameat2`` with RENAME_NOREPLACE does not; where the
kernel or the file system lacks it, the place is looked at first, which leaves a moment for another process to make an
empty directory there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_RENAME_EXCHANGE: Final = 2
_NOT_AVAILABLE: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


def rename_without_replacing(source: Path, destination: Path) -> None:
    """Rename ``source``, unless something is at ``destination``.

    Raises:
        FileExistsError: something is there.
        OSError: the file system refuses.
    """
    if _rename(source, destination, _RENAME_NOREPLACE):
        return
    if os.path.lexists(destination):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(destination))
    source.rename(destination)


def exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step; false, and nothing done, where the system cannot.

    Raises:
        OSError: the file system refuses.
    """
    return _rename(one, other, _RENAME_EXCHANGE)


def _rename(source: Path, destination: Path, flag: int) -> bool:
    function = _renameat2()
    if function is None:
        return False
    if function(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(destination), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_AVAILABLE:
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(destination))


@cache
def _renameat2() -> Any:
    """The C library's ``renameat2``, or None where there is none."""
    if sys.platform != "linux":
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return function
