"""Patch: what a restoration changes, for the database as it is now.

What an operator applies to the database of the running application, instead of putting another one in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from relevel import _kernel
from relevel.findings import Finding, each_once
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.past.difference import Change, differences
from relevel.recovery.past.horizon import Completeness, Horizon
from relevel.recovery.read.reader import KeySpan, Reader
from relevel.recovery.read.rows import Rows


class Batch(Protocol):
    """What takes puts and deletions: a write batch of relevel or plyvel, or a database itself."""

    def put(self, key: bytes, value: bytes, /) -> object:
        """Set a key to a value."""

    def delete(self, key: bytes, /) -> object:
        """Remove a key."""


@dataclass(frozen=True, slots=True)
class PatchCounts:
    """What a patch would do.

    Attributes:
        restored: keys that are gone now and come back.
        unknown: those of them of which no deletion on disk proves that they were deleted.
        changed: keys that get another value.
        removed: keys that go, because nothing on disk says that they were there at the moment gone back to.
    """

    restored: int
    unknown: int
    changed: int
    removed: int


class Patch:
    """The changes that make the database, as it is now, what was asked for. Reads the database whenever it is iterated.

    Attributes:
        findings: what was found wrong in the last iteration.
    """

    def __init__(
        self, reader: Reader, completeness: Completeness, mode: str, options: dict[str, Any], span: KeySpan
    ) -> None:
        """Compare the database now with what a mode of the merge gives."""
        self._reader = reader
        self._completeness = completeness
        self._mode = mode
        self._options = options
        self._span = span
        self.findings: list[Finding] = list(reader.findings)

    def __iter__(self) -> Iterator[Change]:
        now, then = self._rows("visible", {}), self._rows(self._mode, self._options)
        yield from differences(now, then, self._reader.comparator)
        self.findings = each_once((*then.findings, *now.findings))

    def proved(self) -> Iterator[Change]:
        """Stream the changes, but for keys that would go though compactions may have dropped what they had at that moment."""
        sequence = self._options.get("sequence")
        return iter(self) if sequence is None or self.horizon.covers(sequence) else self.without_removals()

    def without_removals(self) -> Iterator[Change]:
        """Stream the changes, but for keys that would go."""
        return (change for change in self if change.after is not None)

    def operations(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Stream ``(key, value)`` of what is proved, in key order; the value is None where the key goes."""
        return ((change.key, None if change.after is None else change.after.value or b"") for change in self.proved())

    def apply(self, batch: Batch) -> int:
        """Put every proved change into a batch, and give how many there are."""
        count = 0
        for key, value in self.operations():
            batch.delete(key) if value is None else batch.put(key, value)
            count += 1
        return count

    def counts(self) -> PatchCounts:
        """Count the changes, without keeping them."""
        restored = unknown = changed = removed = 0
        for change in self:
            restored += change.before is None
            unknown += change.before is None and change.after is not None and change.after.state == "unknown"
            changed += change.kind == "changed"
            removed += change.after is None
        return PatchCounts(restored, unknown, changed, removed)

    @property
    def horizon(self) -> Horizon:
        """How far back the past of the keys looked at is complete. Reads everything when first asked."""
        return self._completeness.horizon(self._span)

    def cursor(self, repairer: Repairer) -> _kernel.Cursor:
        """A cursor over the whole database as it is with the patch."""
        return self._reader.cursor(self._mode, past=True, repair=repairer, **self._options)

    def _rows(self, mode: str, options: dict[str, Any]) -> Rows:
        start, stop, _ = self._span
        return self._reader.rows(mode, past=True, start=start, stop=stop, **options)
