"""Stopping: how long work is told that nobody waits for it any more."""

from __future__ import annotations

import threading


class StoppedError(RuntimeError):
    """The work was told to stop; no error that anybody is shown."""


class Stopping:
    """A sign that one thread gives and another one looks at."""

    def __init__(self) -> None:
        self._sign = threading.Event()

    def give(self) -> None:
        """Tell the work to stop."""
        self._sign.set()

    @property
    def is_given(self) -> bool:
        """Whether the work was told to stop."""
        return self._sign.is_set()

    def heed(self) -> None:
        """Stop here if that was told.

        Raises:
            StoppedError: it was.
        """
        if self.is_given:
            raise StoppedError
