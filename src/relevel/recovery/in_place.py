"""rescue in place: for the operator whose program does not start. The original stays beside it, under a name with a date.

::

    NAME                                     the database; then the rescued one
    NAME.rescued-20261121T170000Z            the rescued one, until it is verified
    NAME.before-rescue-20261121T170000Z      the original, as it was

Everything is refused that can be before any work is done; nothing of the original is touched before the rescued database is whole,
on the disk and verified; and then one step puts it in its place.
"""

from __future__ import annotations

import glob
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from relevel.errors import CorruptionError, LockedError, NotADatabaseError, StorageError
from relevel.findings import Severity
from relevel.format.comparator import Comparator
from relevel.recovery.check import check
from relevel.recovery.rebuild.plan import Plan
from relevel.recovery.replacement import locked, move_command, replace_directory
from relevel.recovery.rescue import RescueReport, rescue
from relevel.recovery.strangers import adopt, copy_strangers, refuse_folders
from relevel.recovery.survey.survey import Progress
from relevel.storage.lock import is_locked
from relevel.storage.read_only import LOCK_NAME

_BACKUP: Final = "before-rescue"
_RESCUED: Final = "rescued"


@dataclass(frozen=True, slots=True)
class InPlaceReport:
    """What was done to a database in its place.

    Attributes:
        path: the database's directory.
        is_moved: whether the rescued database is there now.
        is_healthy: whether nothing was wrong with it that is worse than a note.
        backup: where the original is; None where it is in its place.
        undo: the shell's command that puts it back; None where there is nothing to undo.
        not_taken_over: what is not LevelDB's and stayed with the original.
        leftovers: what interrupted runs left beside it.
        rescue: what was rescued and what was not, or would be.
    """

    path: str
    is_moved: bool
    is_healthy: bool
    backup: str | None
    undo: str | None
    not_taken_over: tuple[str, ...]
    leftovers: tuple[str, ...]
    rescue: RescueReport

    @property
    def is_complete(self) -> bool:
        """Whether every live entry is known to be in its place."""
        return self.is_healthy or self.rescue.is_complete


def rescue_in_place(
    path: str | bytes | os.PathLike[str],
    *,
    dry_run: bool = False,
    force: bool = False,
    strict: bool = False,
    include_uncertain: bool = False,
    exclude_uncertain: bool = False,
    comparator: Comparator | None = None,
    accounting: bool = False,
    progress: Progress | None = None,
) -> InPlaceReport:
    """Rescue a database, verify the result, and put it in the original's place; that stays beside it, as it was.

    A database that nothing is wrong with is left alone. What is lost stays lost, and the report names it: the original is kept.

    Args:
        path: the database's directory; where it is a link, what it leads to is rescued and the link stays.
        dry_run: decide and report, and write nothing.
        force: rescue also a database that nothing is wrong with.
        strict: as ``rescue``.
        include_uncertain: as ``rescue``.
        exclude_uncertain: as ``rescue``.
        comparator: as ``rescue``.
        accounting: as ``rescue``.
        progress: told of the work done.

    Raises:
        LockedError: a program has it open.
        NotADatabaseError: nothing is there; the message says what to do where a rescue in place was interrupted.
        NotSupportedError: it holds folders that are not LevelDB's.
        CorruptionError: the result does not verify.
        StorageError: there is no room, or the file system refuses. Unless the message says otherwise, the original is in its place,
            as it was.
        RelevelError: as ``rescue``; nothing was changed.
    """
    place = Path(os.fsdecode(path)).resolve()
    _refuse(place, os.fsdecode(path))
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    new = next(name for name in _names(place, _RESCUED, stamp) if not os.path.lexists(name))
    leftovers = tuple(str(found) for found in _left_beside(place))
    healthy: list[bool] = []

    def is_wanted(plan: Plan) -> bool:
        healthy.append(all(finding.severity is Severity.NOTE for finding in plan.survey.findings) and not plan.losses)
        if dry_run or (healthy[-1] and not force):
            return False
        _refuse_without_room(place, plan)
        return True

    with nullcontext() if dry_run else locked(place):
        report = rescue(
            place,
            new,
            strict=strict,
            include_uncertain=include_uncertain,
            exclude_uncertain=exclude_uncertain,
            comparator=comparator,
            accounting=accounting,
            is_wanted=is_wanted,
            progress=progress,
        )
        if report.dry_run:
            unmoved = replace(report, destination=str(place))
            return InPlaceReport(str(place), False, healthy[-1], None, None, (), leftovers, unmoved)
        left_behind = _prepare(place, new, report, comparator)
        kept = replace_directory(place, new, lambda number: _name(place, _BACKUP, stamp, number))
    return InPlaceReport(
        path=str(place),
        is_moved=True,
        is_healthy=healthy[-1],
        backup=str(kept),
        undo=move_command(place, new, kept, place),
        not_taken_over=left_behind,
        leftovers=leftovers,
        rescue=replace(report, source=str(kept), destination=str(place)),
    )


def _refuse(place: Path, given: str) -> None:
    """Refuse what can be refused without looking at a byte of it."""
    if not place.is_dir():
        raise NotADatabaseError(_what_became_of(place) or f"{given}: there is no such directory")
    if place.is_mount() or place.stat().st_dev != place.parent.stat().st_dev:
        raise StorageError(
            f"{str(place)!r} is a file system of its own, so nothing can be put in its place. "
            "Use `relevel rescue SRC DST`, stop the program, and move the files yourself."
        )
    if is_locked(str(place / LOCK_NAME)):
        raise LockedError(
            f"{str(place)!r} is locked: a program has it open; stop that program first. Nothing was changed"
        )
    refuse_folders(place)


def _what_became_of(place: Path) -> str | None:
    """What to do where a rescue in place was killed between two renames: both databases are there, under names with one date."""
    for backup in sorted(place.parent.glob(f"{glob.escape(place.name)}.{_BACKUP}-*"), reverse=True):
        new = place.parent / backup.name.replace(f".{_BACKUP}-", f".{_RESCUED}-")
        if new.is_dir():
            return (
                f"{str(place)!r} is not there: a rescue in place was interrupted. The original is at {str(backup)!r}, whole; "
                f"the rescued database is at {str(new)!r}, whole and verified. Finish with: {move_command(new, place)}; "
                f"or put the original back with: {move_command(backup, place)}"
            )
    return None


def _left_beside(place: Path) -> list[Path]:
    name = glob.escape(place.name)
    patterns = (f"{name}.{_RESCUED}-*", f".{name}.{_RESCUED}-*.relevel-*")
    return sorted(found for pattern in patterns for found in place.parent.glob(pattern))


def _names(place: Path, what: str, stamp: str) -> Iterator[Path]:
    return (_name(place, what, stamp, number) for number in itertools.count(1))


def _name(place: Path, what: str, stamp: str, number: int) -> Path:
    return place.parent / f"{place.name}.{what}-{stamp}{'' if number == 1 else f'-{number}'}"


def _refuse_without_room(place: Path, plan: Plan) -> None:
    directory = plan.survey.directory
    needed = sum(file.size for file in (*directory.current_tables(), *directory.current_logs()))
    free = shutil.disk_usage(place.parent).free
    if free < needed:
        raise StorageError(
            f"no room beside {str(place)!r}: {needed} bytes are needed and {free} are free; nothing was changed. "
            "Make room, or use `relevel rescue SRC DST` with a destination on another disk."
        )


def _prepare(place: Path, new: Path, report: RescueReport, comparator: Comparator | None) -> tuple[str, ...]:
    """Verify the rescued database and give it what the original has: its owner, its mode, what is not LevelDB's.

    Raises:
        CorruptionError, StorageError: that cannot be; the rescued database is removed.
    """
    try:
        _verify(new, report, comparator)
        left_behind = copy_strangers(place, new)
        adopt(place, new)
        return left_behind
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _verify(new: Path, report: RescueReport, comparator: Comparator | None) -> None:
    checked = check(new, comparator=comparator)
    count = checked.put_count + checked.deletion_count
    if checked.is_clean and count == report.entry_count:
        return
    finding = checked.findings[0] if checked.findings else None
    reason = f"{count} entries where {report.entry_count} were written" if finding is None else finding.message
    raise CorruptionError(
        f"the rescued database does not verify: {reason}. Nothing was changed; check the disk.", finding
    )
