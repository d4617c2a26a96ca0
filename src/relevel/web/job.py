"""One piece of long work at a time, in a thread of its own, that can be watched and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from relevel.errors import InvalidArgumentError, RelevelError
from relevel.web.restore import RestoreReport
from relevel.web.stopping import StoppedError, Stopping


class Job:
    """The restore that is under way, or the last one."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stopping = Stopping()
        self._start = threading.Lock()
        self._done = 0
        self._report: RestoreReport | None = None
        self._error: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[Callable[[int], None]], RestoreReport]) -> None:
        """Begin; the work is given what it tells its progress.

        Raises:
            InvalidArgumentError: another one is under way.
        """
        with self._start:
            if self.is_running:
                raise InvalidArgumentError("a new database is being written already")
            self._done, self._report, self._error = 0, None, None
            self._thread = threading.Thread(target=self._run, args=(work,), name="relevel-restore", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the work and wait for it; what it had begun is taken away."""
        self._stopping.give()
        if self._thread is not None:
            self._thread.join()

    def wait(self) -> None:
        """Wait until it has come to its end."""
        if self._thread is not None:
            self._thread.join()

    def as_json(self) -> dict[str, Any] | None:
        """What is to be told of it; None where there was none."""
        if self._thread is None:
            return None
        return {
            "running": self.is_running,
            "done": self._done,
            "report": None if self._report is None else self._report.as_json(),
            "error": self._error,
        }

    def _run(self, work: Callable[[Callable[[int], None]], RestoreReport]) -> None:
        try:
            self._report = work(self._tell)
        except StoppedError:
            self._error = "stopped"
        except (RelevelError, OSError, MemoryError) as error:
            self._error = str(error) or type(error).__name__

    def _tell(self, done: int) -> None:
        self._stopping.heed()
        self._done = done
