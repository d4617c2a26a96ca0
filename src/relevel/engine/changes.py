"""Waiting for a change of what a lock guards, without holding the lock.

Not a condition: that lets go of the lock and takes it again inside a ``with`` block, and a signal handler that raises between
these steps leaves the block to release what is not held: ``RuntimeError`` instead of ``KeyboardInterrupt``. Here the block is
left before anybody waits, and waiting is one step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


class Changes:
    """Who waits for the next change. Both methods want the lock held."""

    __slots__ = ("_gates",)

    def __init__(self) -> None:
        self._gates: list[threading.Lock] = []

    def next(self) -> Callable[[], object]:
        """Give a function that waits for the next change, to be called without the lock, once."""
        gate = threading.Lock()
        gate.acquire()
        self._gates.append(gate)
        return gate.acquire

    def tell(self) -> None:
        """Wake all who wait."""
        gates, self._gates = self._gates, []
        for gate in gates:
            gate.release()


@dataclass(slots=True)
class Outcome:
    """How something that another thread does has ended. Guarded by the lock.

    Attributes:
        is_known: whether it has.
        error: what it raised.
    """

    is_known: bool = False
    error: BaseException | None = None

    def settle(self, error: BaseException | None = None) -> None:
        """Note the end."""
        self.error, self.is_known = error, True

    def raise_error(self) -> None:
        """Raise what it raised, if anything."""
        if self.error is not None:
            raise self.error
