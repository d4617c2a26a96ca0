"""Columns: the versions of keys as columns, many at a time, and what was found wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from relevel import _kernel
from relevel._kernel.columns import Columns, file_names, read_columns
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.recovery.heal.repair import Repairer

_COUNT: Final = 1 << 16


class ColumnBatches(Iterable[Columns]):
    """Versions, streaming, as columns. Iterate once.

    A batch has 65,536 versions at most, and no more than some 8 MiB of keys and values, unless one alone has more.

    Where another program has taken away a file that could not be held open, the iteration ends with ``DatabaseInUseError``.

    Attributes:
        files: names of files, by the numbers in ``file``.
        prefix: of these versions only those are wanted whose key starts with it; empty where all are.
        findings: what was found wrong; complete when the iteration has ended.
    """

    def __init__(
        self,
        cursor: _kernel.Cursor,
        repairer: Repairer,
        findings: Iterable[Finding],
        *,
        prefix: bytes,
        unverified: frozenset[tuple[str, int]],
        at_end: Callable[[], None],
    ) -> None:
        self._cursor = cursor
        self._repairer = repairer
        self._found = list(findings)
        self._unverified = unverified
        self._at_end = at_end
        self.files = file_names(cursor)
        self.prefix = prefix
        self._batches = self._read()

    def __iter__(self) -> Iterator[Columns]:
        return self._batches

    @property
    def findings(self) -> list[Finding]:
        """Everything found wrong so far: while opening, healed, and passed over."""
        self._found += [finding_of(file, fault) for file, fault in self._cursor.take_faults()]
        return [*self._found, *self._repairer.findings]

    def _read(self) -> Iterator[Columns]:
        try:
            while (columns := read_columns(self._cursor, _COUNT, self._unverified)) is not None:
                yield columns
        except OSError:
            self._at_end()
            raise
        self._at_end()
