"""Stopping: how long work is told that nobody waits for it any more."""

from __future__ import annotations

import threading


class StoppedError(Exception):
    """The work was told to stop; no error that anybody is shown."""


class Stopping:
    """A sign that one thread gives and another one looks at."""

    def __init__(self) -> None:
        self._sign = threading.Event()

    def give(self) -> None:
        """Tell the work to stop."""
        self._sign.set()

    def heed(self) -> None:
        """Stop here if that was told.

        Raises:
            StoppedError: it was.
        """
        if self._sign.is_set():
            raise StoppedError
