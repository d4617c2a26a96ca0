"""The threads of a database's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final


class Workers:
    """Threads that end by themselves, and that closing waits for. ``run`` and ``is_running`` want the database's lock held."""

    __slots__ = ("_guard", "_threads")

    def __init__(self) -> None:
        self._threads: tuple[threading.Thread, ...] = ()
        self._guard: Final = threading.Lock()

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Do something in a new thread.

        A signal handler may raise out of here when the thread has begun already. So it makes itself known too; where closing, or
        a second thread of this name, is faster than that, the work has to find out.

        Raises:
            RuntimeError: the system has no more threads.
        """

        def run() -> None:
            self._note(threading.current_thread())
            work()

        thread = threading.Thread(target=run, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if error.__context__ is None:
                raise
            # What a signal handler raises while the new thread is waited for comes out as a lock that is not held.
            raise error.__context__ from None
        self._note(thread)

    def _note(self, thread: threading.Thread) -> None:
        with self._guard:
            others = [other for other in self._threads if other.is_alive() and other is not thread]
            self._threads = (*others, thread)

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
