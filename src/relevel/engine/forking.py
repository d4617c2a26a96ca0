"""What a child process forgets after a fork: the databases that are open are its parent's."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Final

from relevel import _kernel

_forgetting: Final[set[weakref.WeakMethod[Callable[[], None]]]] = set()


def note(forget: Callable[[], None]) -> None:
    """Have a method called in every child process, as long as its object lives."""
    _forgetting.add(weakref.WeakMethod(forget, _forgetting.discard))


def _forget_all() -> None:
    _kernel.forget_waiting()
    for reference in tuple(_forgetting):
        forget = reference()
        if forget is not None:
            forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
