"""Stream: what a merge gives, batch by batch, and what was found wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias, TypeVar

from relevel import _kernel
from relevel.errors import RelevelError
from relevel.files.faults import finding_of
from relevel.findings import Finding, untold
from relevel.recovery.heal.repair import Repairer
from relevel.storage.failure import named_error

Batch = TypeVar("Batch")
AtEnd: TypeAlias = Callable[[bool], None]


def ignore_end(broke_off: bool) -> None:
    """What is to be done at the end of an iteration where nothing is."""


class FaultSource(Protocol):
    """What meets faults while it is read: the kernel's cursors."""

    def take_faults(self) -> list[tuple[str, _kernel.Fault]]:
        """Faults met since the last call."""


class Stream:
    """What a cursor gives. Iterate once.

    Where another program has taken away a file that could not be held open, the iteration ends with ``DatabaseInUseError``.
    """

    def __init__(
        self,
        cursor: FaultSource,
        repairer: Repairer,
        findings: Iterable[Finding] = (),
        at_end: AtEnd = ignore_end,
    ) -> None:
        """Read from a cursor.

        Args:
            cursor: what is read.
            repairer: what answers it when it meets a damaged block.
            findings: what was found wrong while opening.
            at_end: told when the iteration ends, and whether it cannot go on; raises where what was read cannot be trusted.
        """
        self._repairer = repairer
        self._opening = list(findings)
        self._reading = _Reading(cursor, at_end)

    @property
    def findings(self) -> list[Finding]:
        """Everything found wrong so far: while opening, healed, and passed over. Complete when the iteration has ended."""
        self._reading.collect()
        return [*self._opening, *self._repairer.findings, *untold(self._reading.met, self._opening)]

    def _batches(self, read: Callable[[], Batch | None]) -> Iterator[Batch]:
        """Call ``read`` until there is nothing more."""
        return self._reading.batches(read)


class _Reading:
    """What is read, and what was met on the way.

    The iteration holds this and not the stream, which holds the iteration: so a stream that is given up is gone at once, and its
    open files with it.
    """

    def __init__(self, cursor: FaultSource, at_end: AtEnd) -> None:
        self.met: list[Finding] = []
        self._cursor = cursor
        self._at_end = at_end

    def batches(self, read: Callable[[], Batch | None]) -> Iterator[Batch]:
        try:
            while batch := read():
                yield batch
                del batch  # a very large value is not held while the next one is read
                self.collect()
            self._at_end(False)
        except OSError as error:
            self._at_end(True)
            if isinstance(error, RelevelError):
                raise
            raise named_error("cannot read", "the database", error) from error
        self.collect()

    def collect(self) -> None:
        self.met += [finding_of(file, fault) for file, fault in self._cursor.take_faults()]
