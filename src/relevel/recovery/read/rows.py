"""Rows: the versions of keys as they come out of a merge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Final, NamedTuple, Protocol

from relevel.findings import Finding
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.read.stream import AtEnd, FaultSource, Stream, ignore_end

_BATCH: Final = 4096


class Source(NamedTuple):
    """Where a version lies.

    Attributes:
        file: name within the database's directory.
        offset: in a table, the offset of the data block; in a log, that of the batch's first physical record; bytes.
    """

    file: str
    offset: int


class Version(NamedTuple):
    """One version of one key: a put or a deletion that is on disk.

    Attributes:
        sequence: its sequence number; later changes have higher ones.
        type: ``"put"`` or ``"delete"``.
        key: the user key.
        value: the value; None for a deletion.
        state: ``"live"`` (what a read gives now), ``"shadowed"`` (overwritten by a newer put), ``"deleted"`` (deleted by a newer
            deletion, or the deletion itself), ``"unknown"`` (nothing on disk proves what became of it).
        file: name of the file it was read from.
        offset: where in the file; see ``Source``.
        integrity: ``"intact"`` where a checksum vouches for every byte, else ``"unverified"`` (healed).
    """

    sequence: int
    type: str
    key: bytes
    value: bytes | None
    state: str
    file: str
    offset: int
    integrity: str

    @property
    def source(self) -> Source:
        """Where it lies."""
        return Source(self.file, self.offset)


class RowCursor(FaultSource, Protocol):
    """What gives rows in batches: the kernel's cursors."""

    def read(self, count: int, row_type: type[Version]) -> list[Version]:
        """Up to ``count`` versions; an empty list at the end."""


class Rows(Stream, Iterable[Version]):
    """Versions, streaming."""

    def __init__(
        self,
        cursor: RowCursor,
        repairer: Repairer,
        findings: Iterable[Finding] = (),
        *,
        keep: Callable[[Version], bool] | None = None,
        unverified: frozenset[tuple[str, int]] = frozenset(),
        at_end: AtEnd = ignore_end,
    ) -> None:
        super().__init__(cursor, repairer, findings, at_end)
        versions: Iterator[Version] = chain.from_iterable(self._batches(partial(cursor.read, _BATCH, Version)))
        if unverified:
            versions = (
                version._replace(integrity="unverified") if version.source in unverified else version
                for version in versions
            )
        self._versions: Iterator[Version] = versions if keep is None else filter(keep, versions)

    def __iter__(self) -> Iterator[Version]:
        return self._versions
