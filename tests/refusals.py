"""A file system that refuses."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any


def refusing(number: int = errno.EIO) -> Callable[..., Any]:
    """What takes the place of a function of the system, and refuses with an error number whatever it is asked."""

    def refuse(*_: object, **__: object) -> Any:
        raise OSError(number, os.strerror(number))

    return refuse
