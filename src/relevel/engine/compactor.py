"""The compactor: merges what is too much, one compaction at a time."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

from relevel.engine.compaction import Compaction, pick, pressure
from relevel.engine.compaction_run import run_compaction

if TYPE_CHECKING:
    from relevel.engine.core import Core


class Compactor:
    """When to merge, and who may."""

    def __init__(self, core: Core) -> None:
        self._core: Core = weakref.proxy(core)  # no cycle: what is closed goes at once
        self._right = threading.Lock()
        self._charged: int | None = None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the right to compact for the block. The database's lock must not be held."""
        with self._right:
            yield

    @property
    def is_at_work(self) -> bool:
        """Whether somebody holds the right to compact."""
        return self._right.locked()

    def start_needed(self) -> None:
        """Have it work if there is any. With the database's lock held.

        Raises:
            RuntimeError: no thread can be had.
        """
        if self._is_needed():
            self._core.start("compactor", self._run)

    def charge(self, number: int) -> None:
        """A table was searched in vain too often. Waits for nothing: a reader calls it. The next change sees to it, if not this."""
        self._charged = number
        lock = self._core.lock
        if lock.acquire(blocking=False):
            try:
                self._core.adjust()
            finally:
                lock.release()

    def _run(self) -> None:
        core = self._core
        while True:
            core.wait_until(lambda: core.closing or self._is_needed())
            with core.lock:
                if core.closing or core.is_broken:
                    return
            with self.alone():
                with core.lock:
                    compaction = self._pick()
                if compaction is not None:
                    run_compaction(core, compaction)

    def _is_needed(self) -> bool:
        core = self._core
        return pressure(core.versions.current, core.options)[0] >= 1 or self._charged is not None

    def _pick(self) -> Compaction | None:
        charged, self._charged = self._charged, None
        versions = self._core.versions
        table = next((table for _, table in versions.current.tables() if table.number == charged), None)
        return pick(versions.current, versions.compact_pointers, self._core.options, table)
