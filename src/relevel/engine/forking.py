"""What a child process forgets after a fork: the databases that are open are its parent's."""

from __future__ import annotations

import os
import weakref
from typing import Final, Protocol

from relevel import _kernel


class _Open(Protocol):
    def forget(self) -> None: ...


_open: Final[weakref.WeakSet[_Open]] = weakref.WeakSet()


def note(database: _Open) -> None:
    """Have a database forget what it is in every child process, as long as it lives."""
    _open.add(database)


def _forget_all() -> None:
    _kernel.forget_waiting()
    for database in tuple(_open):
        database.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
