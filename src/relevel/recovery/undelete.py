"""undelete: a new database with what was there before."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relevel import _kernel
from relevel.errors import InvalidArgumentError
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.steady import refuse_outrun, steadily
from relevel.recovery.read.reader import Reader
from relevel.recovery.rebuild.new_database import NewDatabase, TableStyle, level_for
from relevel.recovery.survey.survey import Progress
from relevel.storage.posix import NewDirectory


@dataclass(frozen=True, slots=True)
class UndeleteReport:
    """What was written.

    Attributes:
        source: the database looked back at.
        destination: the new database's directory.
        at: the sequence number gone back to; None where the deleted keys were brought back.
        entry_count: entries in the new database.
        restored_count: keys brought back that are gone now; None where the state of a sequence number was asked for.
        unknown_count: those of them whose last value has the state ``unknown``: no deletion on disk proves that it was deleted.
        last_sequence: the new database's last sequence number.
        findings: what was found wrong on the way; damage may have cost entries.
    """

    source: str
    destination: str
    at: int | None
    entry_count: int
    restored_count: int | None
    unknown_count: int | None
    last_sequence: int
    findings: tuple[Finding, ...]

    @property
    def is_complete(self) -> bool:
        """Whether nothing that is on disk was passed over."""
        return not any(finding.is_loss for finding in self.findings)


def undelete(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    at: int | None = None,
    deleted: bool = False,
    prefix: bytes = b"",
    comparator: Comparator | None = None,
    progress: Progress | None = None,
) -> UndeleteReport:
    """Write a new database: the state as of a sequence number, or the state now plus the deleted keys' last values.

    Args:
        source: the database's directory; it is not changed.
        destination: the new database's directory; must not exist. It appears when it is whole.
        at: go back to the state right after the change with this sequence number.
        deleted: bring back every deleted key that still has a value on disk, with its last value.
        prefix: look back only at keys that start with this; the others stay as they are now.
        comparator: the order of the keys, where the manifest does not name a known one.
        progress: told of entries written; the total is an upper bound.

    Raises:
        InvalidArgumentError: neither or both of ``at`` and ``deleted`` are given.
        NotADatabaseError, StorageError: there is nothing to read, or the destination cannot be written.
        DestinationExistsError: the destination is taken.
        DatabaseInUseError: another program changes the database faster than it can be read.
    """
    if deleted is (at is not None):
        raise InvalidArgumentError("give either a sequence number to go back to (--at N) or --deleted, and not both")

    def work(directory: Directory) -> UndeleteReport:
        reader = Reader(source, comparator, directory=directory)
        return _undelete(reader, destination, at=at, prefix=prefix, progress=progress)

    return steadily(source, work)


def _undelete(
    reader: Reader,
    destination: str | os.PathLike[str],
    *,
    at: int | None,
    prefix: bytes,
    progress: Progress | None,
) -> UndeleteReport:
    deleted = at is None
    mode = "undelete" if deleted else "rewind"
    options: dict[str, Any] = {"look_back": _kernel.LookBack(prefixes=[prefix])}
    options |= {} if deleted else {"sequence": at}
    repairer = reader.repairer()
    with NewDirectory(destination, source=reader.directory.path) as target:
        database = NewDatabase(target, reader.comparator, 2)
        size = sum(file.size for file in reader.directory.current_tables())
        total = max(size // 16, 1)
        cursor = reader.cursor(mode, past=True, repair=repairer, **options)
        database.write(
            cursor,
            level_for(size),
            _style(reader),
            progress=None if progress is None else lambda done: progress(min(done, total), total),
        )
        outcome = database.finish(0)
        refuse_outrun(reader.directory)
        target.publish()
    states = cursor.written_states
    met = [finding_of(file, fault) for file, fault in outcome.faults]
    return UndeleteReport(
        source=str(reader.directory.path),
        destination=str(Path(destination)),
        at=at,
        entry_count=outcome.entry_count,
        restored_count=states["deleted"] + states["unknown"] if deleted else None,
        unknown_count=states["unknown"] if deleted else None,
        last_sequence=outcome.last_sequence,
        findings=(*reader.findings, *repairer.findings, *met),
    )


def _style(reader: Reader) -> TableStyle:
    """Tables like the database's own: the largest of those that count tells."""
    tables = sorted(reader.directory.current_tables(), key=lambda file: -file.size)
    with contextlib.suppress(OSError):  # where it cannot be read, the findings say so
        paths = [reader.directory.storage.source(file.name) for file in tables[:1]]
        return TableStyle.of([_kernel.scan_table(path, reader.comparator.kernel) for path in paths])
    return TableStyle()
