"""Restore: what the basket chooses, as a new database in the one place that was named when the page was opened.

The source is read only, and the new database appears when it is whole. Versions keep their sequence numbers. What was damaged on
the way, and where compactions may have dropped what was there, is in the report.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from relevel.findings import Finding, each_once
from relevel.format.internal_key import encode_internal_key
from relevel.recovery.inventory.steady import refuse_outrun
from relevel.recovery.past.horizon import Horizon
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version
from relevel.recovery.rebuild.new_database import NewDatabase, TableStyle, level_for
from relevel.storage.posix import NewDirectory
from relevel.web.basket import Basket, DeletionsOf, StateOf, chosen
from relevel.web.beside import Point
from relevel.web.shown import finding_json
from relevel.web.unseen import Unseen

_TELL_EVERY: Final = 4096
_MOST_FINDINGS: Final = 20
"""Findings, and doubts, that the page is sent; it is told how many there are."""


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was written.

    Attributes:
        destination: the new database's directory.
        entry_count: entries in it.
        byte_count: bytes of its tables.
        findings: what was found wrong on the way; damage may have cost entries.
        doubts: why, of what is gone back to, something may have been there that is not on disk any more; each once.
    """

    destination: str
    entry_count: int
    byte_count: int
    findings: tuple[Finding, ...]
    doubts: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether nothing that is on disk was passed over."""
        return not self.losses

    @property
    def is_proved(self) -> bool:
        """Whether nothing that was there at the moments gone back to may have been dropped by a compaction since."""
        return not self.doubts

    @property
    def losses(self) -> tuple[Finding, ...]:
        """The findings that may have cost entries."""
        return tuple(finding for finding in self.findings if finding.is_loss)

    def as_json(self) -> dict[str, Any]:
        """What the page shows: the first of what was found, losses before all else."""
        first = sorted(self.findings, key=lambda finding: (not finding.is_loss, -finding.severity))
        return {
            "destination": self.destination,
            "entry_count": self.entry_count,
            "byte_count": self.byte_count,
            "findings": [finding_json(finding) for finding in first[:_MOST_FINDINGS]],
            "finding_count": len(self.findings),
            "loss_count": len(self.losses),
            "is_complete": self.is_complete,
            "doubts": self.doubts[:_MOST_FINDINGS],
            "is_proved": self.is_proved,
        }


def restore(
    reader: Reader,
    basket: Basket,
    destination: str | os.PathLike[str],
    *,
    point_at: Callable[[int], Point],
    horizon_of: Callable[[bytes], Horizon],
    newest: int,
    unseen: Unseen,
    with_rest: bool,
    progress: Callable[[int], None],
) -> RestoreReport:
    """Write a new database with what the basket chooses.

    Args:
        reader: the database looked at.
        basket: what is wanted back.
        destination: must not exist.
        point_at: the point of a sequence number.
        horizon_of: how far back the past of the keys with a prefix is complete.
        newest: the newest sequence number that counts.
        unseen: what is not looked at, being too large. It must not be needed: see ``unseen_needed``.
        with_rest: the other keys come too, as they are now.
        progress: told of entries written; it may raise to stop.

    What else turns out to be too large counts as a loss.

    Raises:
        DestinationExistsError: the destination is taken.
        StorageError: it cannot be written.
        DatabaseInUseError: the source changed while it was read, where it could not be held.
    """
    doubts = tuple(dict.fromkeys(doubts_of(basket, horizon_of, progress)))
    rows = reader.rows("versions", past=True)
    versions = chosen(rows, basket, point_at, with_rest=with_rest)
    size = sum(file.size for file in reader.directory.current_tables())
    with NewDirectory(destination, source=reader.directory.path) as target:
        database = NewDatabase(target, reader.comparator, 2)
        written = database.write_entries(_entries(versions, progress), level_for(size), TableStyle())
        outcome = database.finish(written, newest)
        refuse_outrun(reader.directory)
        target.publish()
    found = tuple(finding for finding in each_once(rows.findings) if not unseen.tells_of(finding))
    return RestoreReport(os.fspath(destination), outcome.entry_count, outcome.byte_count, found, doubts)


def doubts_of(
    basket: Basket, horizon_of: Callable[[bytes], Horizon], progress: Callable[[int], None] = lambda done: None
) -> Iterator[str]:
    """Why a past that the basket goes back to is not proved to be all on disk; a single version needs no proof.

    Args:
        basket: what is wanted back.
        horizon_of: how far back the past of the keys with a prefix is complete.
        progress: told that nothing is written yet; it may raise to stop.
    """
    for item in basket:
        progress(0)
        match item:
            case StateOf(prefix, sequence):
                first = last = sequence
            case DeletionsOf(run_first, run_last):
                prefix, first, last = b"", max(run_first - 1, 0), run_last
            case _:
                continue
        if not _is_proved(horizon_of(b""), first, last):
            horizon = horizon_of(prefix)
            if not _is_proved(horizon, first, last):
                yield horizon.reason


def _is_proved(horizon: Horizon, first: int, last: int) -> bool:
    """Whether the past is complete at every sequence number from ``first`` to ``last``."""
    is_on_one_side = horizon.gap is None or last < horizon.gap or first >= horizon.gap
    return is_on_one_side and horizon.covers(first) and horizon.covers(last)


def _entries(versions: Iterable[Version], progress: Callable[[int], None]) -> Iterator[tuple[bytes, bytes]]:
    for done, version in enumerate(versions):
        if done % _TELL_EVERY == 0:
            progress(done)
        yield encode_internal_key(version.key, version.sequence), version.value or b""
