"""Columns: the versions of keys as columns, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from relevel import _kernel
from relevel._kernel.columns import Columns, file_names, read_columns
from relevel.findings import Finding
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.read.stream import AtEnd, Stream

_COUNT: Final = 1 << 16


class ColumnBatches(Stream, Iterable[Columns]):
    """Versions, streaming, as columns.

    A batch has 65,536 versions at most, and no more than some 8 MiB of keys and values, unless one alone has more.

    Attributes:
        files: names of files, by the numbers in ``file``.
        prefix: of these versions only those are wanted whose key starts with it; empty where all are.
    """

    def __init__(
        self,
        cursor: _kernel.Cursor,
        repairer: Repairer,
        findings: Iterable[Finding],
        *,
        prefix: bytes,
        unverified: frozenset[tuple[str, int]],
        at_end: AtEnd,
    ) -> None:
        super().__init__(cursor, repairer, findings, at_end)
        self.files = file_names(cursor)
        self.prefix = prefix
        self._columns = self._batches(partial(read_columns, cursor, _COUNT, unverified))

    def __iter__(self) -> Iterator[Columns]:
        return self._columns
