"""The threads of a database's own."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Workers:
    """Threads that end by themselves, and that closing waits for. ``run`` and ``is_running`` want the database's lock held."""

    __slots__ = ("_threads",)

    def __init__(self) -> None:
        self._threads: tuple[threading.Thread, ...] = ()

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Do something in a new thread.

        Raises:
            RuntimeError: the system has no more threads.
        """
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads = (*[other for other in self._threads if other.is_alive()], thread)

    def is_running(self, name: str) -> bool:
        """Whether a thread of this name has not ended."""
        return bool([thread for thread in self._threads if thread.name == name and thread.is_alive()])

    def is_here(self) -> bool:
        """Whether one of them is the calling thread."""
        return threading.current_thread() in self._threads

    def join(self) -> None:
        """Wait until all have ended, but for the calling thread."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
