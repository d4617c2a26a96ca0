"""undelete: a new database with what was there before."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from relevel import _kernel
from relevel.errors import InvalidArgumentError
from relevel.files.faults import finding_of
from relevel.findings import Finding, untold
from relevel.format.comparator import Comparator
from relevel.recovery.history import History
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.steady import refuse_outrun, steadily
from relevel.recovery.past.horizon import Horizon
from relevel.recovery.past.moments import SequenceEstimate
from relevel.recovery.past.patch import Patch
from relevel.recovery.past.runs import DeletionRun, run_around
from relevel.recovery.past.selection import Selection
from relevel.recovery.past.target import GoesBack, Target
from relevel.recovery.read.reader import Reader
from relevel.recovery.rebuild.new_database import NewDatabase, TableStyle, level_for
from relevel.recovery.survey.survey import Progress
from relevel.storage.posix import NewDirectory

_WHAT_TO_GIVE = (
    "give one of these: a sequence number or time to go back to (--at N), --deleted, or deletions to undo (--run, --since, "
    "--until); relevel history SRC --mass-deletions shows where many keys were deleted"
)


@dataclass(frozen=True, slots=True)
class UndeleteReport(GoesBack):
    """What was written, or with a dry run what would be.

    Attributes:
        source: the database looked back at.
        destination: the new database's directory; None where nothing was written.
        at: the sequence number gone back to; None where the deleted keys were brought back.
        entry_count: entries in the new database; None where nothing was written.
        restored_count: keys brought back that are gone now; None where a database was written as of a sequence number.
        unknown_count: those of them whose last value has the state ``unknown``: no deletion on disk proves that it was deleted.
        last_sequence: the new database's last sequence number; None where nothing was written.
        findings: what was found wrong on the way; damage may have cost entries.
        changed_count: keys that get another value; told by a dry run.
        removed_count: keys that go, because nothing on disk says that they were there at that sequence number; told by a dry run.
        estimate: where a time was given, the sequence number it stands for, and how sure that is.
        amid: where a time was given: the mass deletion that was under way then, by the estimate. Right before it was the change
            with the number ``amid.first_sequence - 1``.
        horizon: how far back the past of the keys looked at is complete; None where the deleted keys were brought back.
        patch: the file that the changes were written to, where they were. It removes no key that may have been there then.
    """

    source: str
    destination: str | None
    at: int | None
    entry_count: int | None
    restored_count: int | None
    unknown_count: int | None
    last_sequence: int | None
    findings: tuple[Finding, ...]
    changed_count: int | None = None
    removed_count: int | None = None
    estimate: SequenceEstimate | None = None
    amid: DeletionRun | None = None
    horizon: Horizon | None = None
    patch: str | None = None


def undelete(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str] | None = None,
    *,
    at: int | datetime | None = None,
    deleted: bool = False,
    prefix: bytes = b"",
    selection: Selection | None = None,
    dry_run: bool = False,
    comparator: Comparator | None = None,
    progress: Progress | None = None,
) -> UndeleteReport:
    """Write a new database: the state as of a sequence number or time, or the state now plus the deleted keys' last values.

    Args:
        source: the database's directory; it is not changed.
        destination: the new database's directory; must not exist. It appears when it is whole. Not needed for a dry run.
        at: go back to the state right after the change with this sequence number, or the last one before this time, which is an
            estimate.
        deleted: bring back every deleted key that still has a value on disk, with its last value.
        prefix: look back only at keys that start with this; the others stay as they are now.
        selection: look back at these keys only, and with ``deleted`` undo these deletions only.
        dry_run: write nothing, and say what would come back.
        comparator: the order of the keys, where the manifest does not name a known one.
        progress: told of entries written; the total is an upper bound.

    Raises:
        InvalidArgumentError: neither or both of ``at`` and ``deleted`` are given, or what is given cannot go together, or nothing
            tells which change was the last before a time.
        NotADatabaseError, StorageError: there is nothing to read, or the destination cannot be written.
        DestinationExistsError: the destination is taken.
        DatabaseInUseError: another program changes the database faster than it can be read.
    """
    if deleted is (at is not None):
        raise InvalidArgumentError(_WHAT_TO_GIVE)
    if destination is None and not dry_run:
        raise InvalidArgumentError("give a directory for the new database, or ask for a dry run (--dry-run)")
    chosen = _chosen(selection, prefix)

    def work(directory: Directory) -> UndeleteReport:
        reader = Reader(source, comparator, directory=directory)
        past = History.over(reader)
        past.refuse_beyond(chosen.first_sequence)
        target = past.target(at)
        patch = past.patch(at=target.sequence, selection=chosen)
        estimate = target.estimate
        amid = None if estimate is None else run_around(past.mass_deletions(), estimate.sequence)
        asked = _Asked(patch, target, None if target.sequence is None else patch.horizon, amid)
        if dry_run or destination is None:
            return _tried(reader, asked)
        return _written(reader, destination, asked, progress)

    return steadily(source, work)


class _Asked(NamedTuple):
    """What is to be done, where to go back to, and, where that is a sequence number, how far back the past is complete; and which
    mass deletion was under way then."""

    patch: Patch
    target: Target
    horizon: Horizon | None
    amid: DeletionRun | None


def _chosen(selection: Selection | None, prefix: bytes) -> Selection:
    if selection is None:
        return Selection(prefixes=(prefix,) if prefix else ())
    if prefix:
        raise InvalidArgumentError("give the prefix with the selection: Selection(prefixes=(...,))")
    return selection


def _tried(reader: Reader, asked: _Asked) -> UndeleteReport:
    patch, (at, estimate), horizon, amid = asked
    counts = patch.counts()
    refuse_outrun(reader.directory)
    return UndeleteReport(
        source=str(reader.directory.path),
        destination=None,
        at=at,
        entry_count=None,
        restored_count=counts.restored,
        unknown_count=counts.unknown if at is None else None,
        last_sequence=None,
        findings=tuple(patch.findings),
        changed_count=counts.changed,
        removed_count=counts.removed,
        estimate=estimate,
        amid=amid,
        horizon=horizon,
    )


def _written(
    reader: Reader, destination: str | os.PathLike[str], asked: _Asked, progress: Progress | None
) -> UndeleteReport:
    patch, (at, estimate), horizon, amid = asked
    repairer = reader.repairer()
    with NewDirectory(destination, source=reader.directory.path) as target:
        database = NewDatabase(target, reader.comparator, 2)
        size = sum(file.size for file in reader.directory.current_tables())
        total = max(size // 16, 1)
        cursor = patch.cursor(repairer)
        written = database.write(
            cursor,
            level_for(size),
            _style(reader),
            progress=None if progress is None else lambda done: progress(min(done, total), total),
        )
        outcome = database.finish(written, 0)
        refuse_outrun(reader.directory)
        target.publish()
    states = cursor.written_states
    met = untold((finding_of(file, fault) for file, fault in outcome.faults), reader.findings)
    return UndeleteReport(
        source=str(reader.directory.path),
        destination=str(Path(destination)),
        at=at,
        entry_count=outcome.entry_count,
        restored_count=states["deleted"] + states["unknown"] if at is None else None,
        unknown_count=states["unknown"] if at is None else None,
        last_sequence=outcome.last_sequence,
        findings=(*reader.findings, *repairer.findings, *met),
        estimate=estimate,
        amid=amid,
        horizon=horizon,
    )


def _style(reader: Reader) -> TableStyle:
    """Tables like the database's own: the largest of those that count tells."""
    tables = sorted(reader.directory.current_tables(), key=lambda file: -file.size)
    with contextlib.suppress(OSError):  # where it cannot be read, the findings say so
        paths = [reader.directory.storage.source(file.name) for file in tables[:1]]
        return TableStyle.of([_kernel.scan_table(path, reader.comparator.kernel) for path in paths])
    return TableStyle()
