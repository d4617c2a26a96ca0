"""History: every version still on disk, and the database as it was at any sequence number.

An LSM tree never overwrites: what compaction has not dropped is still there, in live, superseded and orphan tables and in the
logs. What compaction dropped is gone and is not guessed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from itertools import takewhile
from typing import Any, Final

from relevel._kernel.past import LookBack
from relevel.errors import InvalidArgumentError
from relevel.findings import Finding, each_once
from relevel.format.comparator import Comparator
from relevel.recovery.past.clock import Clock
from relevel.recovery.past.difference import Change, differences
from relevel.recovery.past.evidence import read_clock
from relevel.recovery.past.extents import Extents
from relevel.recovery.past.horizon import Completeness, Horizon
from relevel.recovery.past.moments import Moment, SequenceEstimate
from relevel.recovery.past.patch import Patch
from relevel.recovery.past.runs import DeletionRun, find_runs
from relevel.recovery.past.selection import Selection
from relevel.recovery.past.stretches import Stretches
from relevel.recovery.past.target import Target
from relevel.recovery.past.view import DatabaseView
from relevel.recovery.read.newest import newest
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Rows, Version

LEAST_DELETIONS: Final = 100
"""Deletions that make a run."""


class History:
    """Every version of every key that is still on disk. Read-only; nothing in the directory changes.

    Logs are read once and kept sorted in memory up to a bound, past which they are spilled to temporary files. Not
    thread-safe; make one for each thread.
    """

    def __init__(self, path: str | os.PathLike[str], *, comparator: Comparator | None = None) -> None:
        """Open the history of the database at ``path``.

        Args:
            path: the database's directory.
            comparator: the order of the keys, where the manifest does not name a known one.

        Raises:
            NotADatabaseError, StorageError: there is nothing to read.
            NotSupportedError: the comparator is not known.
        """
        self._begin(Reader(path, comparator))

    @classmethod
    def over(cls, reader: Reader) -> History:
        """The history of a database that is being read already."""
        past = cls.__new__(cls)
        past._begin(reader)
        return past

    def _begin(self, reader: Reader) -> None:
        self._reader = reader
        self._stretches = Stretches(reader)
        self._extents = Extents(reader)
        self._completeness = Completeness(reader, self._extents)
        self._met: list[Finding] = []

    @property
    def findings(self) -> list[Finding]:
        """What was found wrong while opening, and by ``horizon`` and ``mass_deletions``. ``Rows`` have what they met themselves."""
        return each_once((*self._reader.findings, *self._completeness.met, *self._met))

    @property
    def comparator(self) -> Comparator:
        """The order of the keys."""
        return self._reader.comparator

    @property
    def oldest(self) -> int | None:
        """The lowest sequence number on disk; None where nothing is. Reads everything when first asked."""
        return self._completeness.oldest

    @property
    def newest(self) -> int | None:
        """The highest sequence number; None where there is none. Reads everything where no manifest tells."""
        return self._reader.newest_sequence or self._completeness.newest

    def timeline(
        self,
        *,
        key: bytes | None = None,
        prefix: bytes = b"",
        from_sequence: int = 0,
        to_sequence: int | None = None,
    ) -> Rows:
        """Stream every change in sequence order, deletions included, each version once.

        Sorted outside memory (in temporary files) where that is needed.

        Args:
            key: this key alone.
            prefix: only keys that start with this.
            from_sequence: the first sequence number wanted.
            to_sequence: the last sequence number wanted.
        """
        return self._reader.rows(
            "versions",
            past=True,
            key=key,
            prefix=prefix,
            by_sequence=True,
            from_sequence=from_sequence,
            to_sequence=to_sequence,
        )

    def at(self, sequence: int) -> DatabaseView:
        """The database as it was right after the change with this sequence number; ``horizon`` says how complete that is."""
        return DatabaseView(self._reader, self._stretches, sequence)

    def horizon(
        self,
        *,
        key: bytes | None = None,
        prefix: bytes = b"",
        start: bytes | None = None,
        stop: bytes | None = None,
    ) -> Horizon:
        """From which sequence number on the past of some keys is complete, and why. Reads everything when first asked.

        Args:
            key: this key alone.
            prefix: the keys that start with this; of an order that is not bytewise, all keys.
            start: none before this one.
            stop: none at or after this one.
        """
        return self._completeness.horizon(self._reader.span(prefix, start, stop, key))

    def diff(
        self,
        first: int,
        second: int,
        *,
        prefix: bytes = b"",
        start: bytes | None = None,
        stop: bytes | None = None,
    ) -> Iterator[Change]:
        """Stream what changed between two sequence numbers, in key order: the keys whose value was not the same.

        Args:
            first: the sequence number of ``Change.before``.
            second: the sequence number of ``Change.after``; it may be the lower one.
            prefix: only keys that start with this.
            start: the first key.
            stop: the key before which to stop.
        """
        before = self.at(first).rows(prefix=prefix, start=start, stop=stop)
        after = self.at(second).rows(prefix=prefix, start=start, stop=stop)
        return differences(before, after, self._reader.comparator)

    def patch(self, *, at: int | None = None, selection: Selection | None = None) -> Patch:
        """What would change in the database as it is now, to bring back what was there before.

        Args:
            at: go back to the state right after the change with this sequence number; without it, deleted keys come back with
                their last values.
            selection: look back at these keys only, and undo these deletions only.

        Raises:
            InvalidArgumentError: ``at`` together with a window of deletions.
        """
        chosen = selection or Selection()
        if at is not None and chosen.has_window:
            raise InvalidArgumentError(
                "give either a sequence number to go back to, or the deletions to undo (a run, a window, a time), and not both"
            )
        options: dict[str, Any] = {"look_back": chosen.look_back(chosen.window(self.before))}
        mode = "undelete" if at is None else "rewind"
        options |= {} if at is None else {"sequence": at}
        return Patch(self._reader, self._completeness, mode, options, chosen.span(self._reader))

    def mass_deletions(self, min_count: int = LEAST_DELETIONS) -> list[DeletionRun]:
        """Find where at least ``min_count`` keys were deleted one after another, oldest first.

        Raises:
            InvalidArgumentError: ``min_count`` is not positive.
        """
        if min_count < 1:
            raise InvalidArgumentError(f"a run has at least one deletion, not {min_count}")
        deletions = self._reader.rows("versions", past=True, by_sequence=True, deletions_only=True)
        runs = list(find_runs(deletions, self._reader.comparator, min_count))
        self._met += deletions.findings
        return runs

    def when(self, sequence: int) -> Moment:
        """When the change with this sequence number was made: an estimate, and what speaks for it.

        LevelDB stores no clock; times of files and of LOG's lines bound it. Reads everything when first asked.
        """
        return self._clock.when(sequence)

    def before(self, time: datetime) -> SequenceEstimate:
        """Which change was the last before ``time``: an estimate, how sure it is, and what speaks for it.

        Args:
            time: without an offset from UTC it is this machine's local time.

        Raises:
            InvalidArgumentError: no calendar has this time everywhere.
        """
        try:
            return self._clock.before(time.astimezone(), self.newest or 0)
        except (ValueError, OverflowError) as error:
            raise InvalidArgumentError(f"{time} is no time that can be compared with others: {error}") from error

    def target(self, at: int | datetime | None) -> Target:
        """Where to go back to, given a sequence number, or a time: the last change before it, which is an estimate.

        Raises:
            InvalidArgumentError: there is no change with that number, or nothing tells which was the last before that time.
        """
        if isinstance(at, datetime):
            estimate = self.before(at)
            return Target(estimate.gone_back_to(), estimate)
        self.refuse_beyond(at)
        return Target(at)

    def refuse_beyond(self, sequence: int | None) -> None:
        """Refuse a sequence number that was never given out: it is of another database, or of an example.

        Raises:
            InvalidArgumentError: the manifest says that it was not.
        """
        newest = self._reader.newest_sequence
        if sequence is not None and newest is not None and sequence > newest:
            raise InvalidArgumentError(
                f"{self._reader.directory.path}: there is no change number {sequence}: the last one that counts is {newest}; "
                "relevel history shows them"
            )

    @cached_property
    def _clock(self) -> Clock:
        return read_clock(self._reader, self._extents)

    def versions(self, key: bytes) -> list[Version]:
        """Every version of one key, newest first."""
        return list(takewhile(lambda version: version.key == key, self._reader.rows("versions", past=True, start=key)))

    def unproved(self, key: bytes) -> tuple[Finding, ...]:
        """What is lost, or may be, and may have held a newer version of a key than the newest that is on disk.

        Where there is such, a version with the state ``live`` is the newest that can be read.

        Raises:
            DatabaseInUseError: another program changes the database faster than it can be read.
        """
        return newest(self._reader, key).doubts

    def deleted(
        self,
        *,
        prefix: bytes = b"",
        key: bytes | None = None,
        since: int | datetime | None = None,
        until: int | datetime | None = None,
    ) -> Rows:
        """Stream the keys that are gone now and still have a value on disk: that last value, in key order.

        Its state is ``deleted`` where a newer deletion is on disk, and ``unknown`` where none is (compaction has dropped it, or
        the file was never part of this database), or where the value stands in a table alone that no manifest knows.

        Args:
            prefix: only keys that start with this.
            key: this key alone.
            since: only keys that a deletion with this sequence number or a later one made go; or one made at this time or later,
                by an estimate.
            until: with this sequence number or an earlier one; or before this time.
        """
        first = self.before(since).believed() + 1 if isinstance(since, datetime) else since or 0
        last = self.before(until).believed() if isinstance(until, datetime) else until
        look_back = LookBack(gone_from=first, gone_to=last)
        return self._reader.rows("deleted", past=True, prefix=prefix, key=key, look_back=look_back)

    def changes(
        self,
        *,
        key: bytes | None = None,
        prefix: bytes = b"",
        from_sequence: int = 0,
        to_sequence: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        deleted: bool = False,
    ) -> Rows:
        """Stream what ``history`` streams, of the state that this ``History`` reads.

        Raises:
            InvalidArgumentError: the window ends before it begins, or nothing tells of its times.
        """
        window = Selection(first_sequence=from_sequence, last_sequence=to_sequence, since=since, until=until)
        first, last = window.window(self.before)
        if deleted:
            return self.deleted(prefix=prefix, key=key, since=first, until=last)
        return self.timeline(key=key, prefix=prefix, from_sequence=first, to_sequence=last)


def history(
    path: str | os.PathLike[str],
    *,
    key: bytes | None = None,
    prefix: bytes = b"",
    from_sequence: int = 0,
    to_sequence: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    deleted: bool = False,
    comparator: Comparator | None = None,
) -> Rows:
    """Stream every change on disk in sequence order, or with ``deleted`` the keys that are gone and their last values.

    See ``History.timeline`` and ``History.deleted``; with ``deleted``, sequence numbers and times are those of the deletions.
    """
    return History(path, comparator=comparator).changes(
        key=key,
        prefix=prefix,
        from_sequence=from_sequence,
        to_sequence=to_sequence,
        since=since,
        until=until,
        deleted=deleted,
    )
