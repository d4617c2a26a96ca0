"""Rows: the versions of keys as they come out of a merge, and what was found wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple, Protocol

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.recovery.heal.repair import Repairer

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


class RowCursor(Protocol):
    """What gives rows in batches: the kernel's cursors."""

    def read(self, count: int, row_type: type[Version]) -> list[Version]:
        """Up to ``count`` versions; an empty list at the end."""

    def take_faults(self) -> list[tuple[str, _kernel.Fault]]:
        """Faults met since the last call."""


class Rows(Iterable[Version]):
    """Versions, streaming. Iterate once.

    Where another program has taken away a file that could not be held open, the iteration ends with ``DatabaseInUseError``.

    Attributes:
        findings: what was found wrong; complete when the iteration has ended.
    """

    def __init__(
        self,
        cursor: RowCursor,
        repairer: Repairer,
        findings: Iterable[Finding] = (),
        *,
        keep: Callable[[Version], bool] | None = None,
        unverified: frozenset[tuple[str, int]] = frozenset(),
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._cursor = cursor
        self._repairer = repairer
        self._opening = list(findings)
        self._met: list[Finding] = []
        self._at_end = at_end
        versions: Iterator[Version] = chain.from_iterable(self._batches())
        if unverified:
            versions = (
                version._replace(integrity="unverified") if version.source in unverified else version
                for version in versions
            )
        self._versions = versions if keep is None else filter(keep, versions)

    def __iter__(self) -> Iterator[Version]:
        return self._versions

    @property
    def findings(self) -> list[Finding]:
        """Everything found wrong so far: while opening, healed, and passed over."""
        self._collect()
        return [*self._opening, *self._repairer.findings, *self._met]

    def _batches(self) -> Iterator[Iterable[Version]]:
        try:
            while batch := self._cursor.read(_BATCH, Version):
                yield batch
                self._collect()
        except OSError:
            self._at_end()
            raise
        self._at_end()
        self._collect()

    def _collect(self) -> None:
        self._met += [finding_of(file, fault) for file, fault in self._cursor.take_faults()]
