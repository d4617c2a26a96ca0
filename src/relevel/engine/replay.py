"""Logs into memory and tables, when a database is opened.

Batches come in the order they were written, their checksums always verified. A damaged log is taken as ``log_recovery`` says; a
log of which anything was not applied is never deleted, but for a record that the end of the last log cuts, as a crash leaves it.
That is the last log with anything whole in it: an opening that was killed leaves an empty one behind it, a loss of power one that
is cut in its first record. Or the next log begins
with the number that is due behind it: goleveldb goes on so after a write that a full disk has cut, or where a log is older than
the tables whose memtable it is.

What is in a log is newer than all tables and the logs before it, and begins where they end. One of another time or database does
not, nor one before which something is lost; that is damage as well. Within a log numbers may be left out: LevelDB gives one to a
batch that a full disk refuses.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from relevel._kernel import Fault, TableMeta
from relevel._kernel.engine import LogReplay, Memtable
from relevel.engine.options import Options
from relevel.engine.version_set import VersionSet
from relevel.errors import CorruptionError, StorageError
from relevel.files.faults import finding_of
from relevel.files.log import TORN, has_only_zeroes
from relevel.files.manifest import newest_in_ends
from relevel.files.outdated import first_sequence, is_torn_at_once, newest_in_tables
from relevel.findings import Finding, Severity, Span
from relevel.format.comparator import Comparator
from relevel.format.filename import log_name
from relevel.storage.read_only import ReadOnlyDirectory

_UNREAD: Final = "log.read-error"
_NO_DAMAGE: Final = frozenset({"log.sequence.gap", "log.sequence.back"})
"""Of batches in one log; that changes are lost before the log, or that it has older ones, is a fault of its own."""

Flush = Callable[[Memtable], TableMeta]


@dataclass(slots=True)
class Replayed:
    """What came out of the logs.

    Attributes:
        memtables: not yet written to a table, oldest first.
        max_sequence: the newest sequence number met; 0 where there was none.
        finished: numbers of the logs that were applied to their last whole record.
        findings: what was wrong with the others.
        tail: number of the last log, if everything up to its end is in the last memtable and it can be gone on in.
        is_whole: whether every byte of every log was applied.
    """

    memtables: list[Memtable] = field(default_factory=list)
    max_sequence: int = 0
    finished: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tail: int | None = None
    is_whole: bool = True


class Replayer:
    """Applies logs one after another."""

    def __init__(
        self,
        directory: ReadOnlyDirectory,
        comparator: Comparator,
        options: Options,
        flush: Flush | None,
        *,
        versions: VersionSet,
    ) -> None:
        """Prepare.

        Args:
            directory: where the logs are.
            comparator: the order of the user keys.
            options: how damage is taken, and how large a memtable may grow.
            flush: is given each memtable that is full; without it everything is kept in one.
            versions: the tables that count, and the last sequence number that the manifest knows.
        """
        self._directory = directory
        self._comparator = comparator
        self._options = options
        self._flush = flush
        self._versions = versions
        self._result = Replayed()

    def run(self, numbers: Sequence[int]) -> Replayed:
        """Apply the logs with these numbers, in order.

        Raises:
            CorruptionError: one is damaged and ``log_recovery`` is strict.
            StorageError: one is no file, or the file system refuses, or the disk cannot read one, unless what is damaged is to be
                skipped.
        """
        result = self._result
        filled = [number for number in numbers if not has_only_zeroes(self._directory, log_name(number))]
        last_whole = self._last_whole(filled)
        for position, number in enumerate(numbers):
            is_last = number >= last_whole
            replay = self._start(log_name(number), is_first=position == 0)
            self._apply(replay)
            faults = [fault for fault in replay.faults if fault.code not in _NO_DAMAGE]
            is_torn = bool(faults) and all(fault.code == TORN for fault in faults)
            goes_on = bool(faults) and not is_last and self._goes_on_in(filled, number)
            is_torn_by_crash = is_torn and (is_last or goes_on)
            result.is_whole &= not faults and replay.end_offset == replay.file_size
            if not faults or is_torn_by_crash:
                result.finished.append(number)
                if number == numbers[-1] and result.is_whole:
                    result.tail = number
                continue
            self._report(number, faults, replay)
            if self._options.log_recovery == "point_in_time" and not goes_on:
                later = numbers[position + 1 :]
                result.findings += [_not_applied(log) for log in later if log in filled]
                result.finished += [log for log in later if log not in filled]
                break
        return result

    def _last_whole(self, filled: Sequence[int]) -> int:
        """The last log with anything whole in it, or the first one; of those behind it a loss of power has left a beginning."""
        ends = list(filled)
        while len(ends) > 1 and is_torn_at_once(self._directory, log_name(ends[-1])):
            ends.pop()
        return ends[-1] if ends else 0

    def _goes_on_in(self, filled: Sequence[int], number: int) -> bool:
        """Whether the next log begins where tables and what was applied of one end, and nothing is missing before it.

        A full disk refused it, or it is older than the tables: so is a log of goleveldb's whose memtable becomes a table only after
        a transaction.
        """
        following = next(log_name(log) for log in filled if log > number)
        first = first_sequence(self._directory, following)
        return first is not None and self._newest < first <= self._due(following)

    def _start(self, name: str, *, is_first: bool) -> LogReplay:
        source = self._directory.whole_source(name)
        skips_damage = self._options.log_recovery == "skip_damaged"
        return LogReplay(
            self._directory.path(name),
            None if isinstance(source, str) else source,
            newest=self._newest,
            due=None if is_first or (skips_damage and self._result.findings) else self._due(name),
            stop_at_fault=not skips_damage,
        )

    @property
    def _newest(self) -> int:
        """What is in the next log is newer."""
        return max(self._newest_in_ends, self._result.max_sequence)

    @cached_property
    def _newest_in_ends(self) -> int:
        return newest_in_ends(table.metadata for _, table in self._versions.current.tables())

    def _due(self, name: str) -> int:
        """The sequence number with which a log that is not the first begins at the latest.

        Of the first one nothing is known: LevelDB gives numbers to a batch that a full disk refuses, and goes on behind them.

        LevelDB gives the manifest the last number that was given out, which may be of a change that only a later log has. So it
        tells nothing of what was between two logs. Where the earlier one is empty, the tables tell; only then are they read.
        goleveldb gives it that of the newest change in tables, or one that it left out where it replayed a log.
        """
        if self._result.max_sequence:
            return self._result.max_sequence + 1
        due = self._versions.last_sequence + 1
        first = first_sequence(self._directory, name)
        if self._versions.is_goleveldbs or first is None or first > due or first <= self._newest_in_ends + 1:
            return due
        numbers = sorted((table.metadata.number for _, table in self._versions.current.tables()), reverse=True)
        names = map(self._versions.table_file, numbers)
        return max(self._newest_in_ends, newest_in_tables(self._directory, names, first - 1)) + 1

    def _apply(self, replay: LogReplay) -> None:
        result = self._result
        if not result.memtables:
            result.memtables.append(Memtable(self._comparator.kernel))
        if self._flush is None:  # into one: the newest change of a key may be in a record before that of an older one
            replay.fill(result.memtables[-1], sys.maxsize)
        else:
            while replay.fill(result.memtables[-1], self._options.write_buffer_size):
                self._flush(result.memtables.pop())
                result.memtables.append(Memtable(self._comparator.kernel))
        result.max_sequence = max(result.max_sequence, replay.max_sequence)

    def _report(self, number: int, faults: Sequence[Fault], replay: LogReplay) -> None:
        findings = [finding_of(log_name(number), fault, replay.file_size) for fault in faults]
        if self._options.log_recovery != "skip_damaged":
            self._refuse_unread(findings)
        if self._options.log_recovery == "strict":
            raise CorruptionError(
                f"{self._directory.root}: {findings[0].message}. It was not opened and nothing was changed; "
                "open with log_recovery='point_in_time' for the state before the damage, or run `relevel rescue`",
                findings[0],
            )
        self._result.findings += findings

    def _refuse_unread(self, findings: Sequence[Finding]) -> None:
        """What cannot be read is not damaged: it may be read the next time, and what it holds would not count any more."""
        for finding in findings:
            if finding.code == _UNREAD:
                advice = "try again; if it stays so, copy what can be read with ddrescue or a similar tool, and run on the copy"
                error = StorageError(
                    f"{self._directory.root}: {finding.message}. It was not opened and nothing was changed: {advice}"
                )
                error.errno = errno.EIO
                raise error


def _not_applied(number: int) -> Finding:
    name = log_name(number)
    return Finding(
        "log.sequence.gap",
        Severity.DAMAGE,
        Span(name),
        f"{name}: not applied, because the log before it is damaged and what it holds comes later",
    )
