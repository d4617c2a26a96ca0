"""Which moments of a database somebody still looks at."""

from __future__ import annotations

from collections import Counter, deque


class HeldSequences:
    """Sequence numbers that snapshots hold. All but ``release`` want the database's lock held."""

    __slots__ = ("_held", "_released")

    def __init__(self) -> None:
        self._held: Counter[int] = Counter()
        self._released: deque[int] = deque()

    def hold(self, sequence: int) -> None:
        """Keep what is visible at a sequence number until it is released."""
        self._held[sequence] += 1

    def release(self, sequence: int) -> None:
        """Let go of a sequence number. From any thread, at any time, without waiting."""
        self._released.append(sequence)

    def smallest(self, default: int) -> int:
        """The oldest one held; ``default`` where there is none."""
        self._settle()
        return min(self._held, default=default)

    def count(self) -> int:
        """How many are held, each as often as it is."""
        self._settle()
        return self._held.total()

    def _settle(self) -> None:
        while self._released:
            sequence = self._released.popleft()
            self._held[sequence] -= 1
            if self._held[sequence] <= 0:
                del self._held[sequence]
