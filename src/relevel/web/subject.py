"""Subject: the database that is looked at, held as it was when it was opened, and what has been learned of it so far.

::

    opened    the inventory                     before the page is served
    surveyed  the state of every file           in the background, each file read once
    indexed   rows by number, counts by time    in the background, one merge of everything

The page can be used from the first moment on; what is not known yet comes when it is.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from relevel.decoders.choice import AUTO, choose_decoding
from relevel.decoders.decoding import Decoding
from relevel.errors import InvalidArgumentError, RelevelError
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.format.internal_key import MAX_SEQUENCE
from relevel.recovery.history import History
from relevel.recovery.inventory.directory import Directory, open_directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.inventory.standing import Standing
from relevel.recovery.past.horizon import Horizon
from relevel.recovery.past.runs import DeletionRun
from relevel.recovery.read.inputs import memory_of_a_log
from relevel.recovery.read.reader import Reader
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.survey import Survey, survey
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.read_only import DirectoryEntry, ReadOnlyDirectory
from relevel.strenum import StrEnum
from relevel.web.beside import Point
from relevel.web.key_index import KeyIndex
from relevel.web.sequence_counts import SequenceCounts
from relevel.web.stopping import Stopping
from relevel.web.unseen import Unseen

BLOCK_LIMIT: Final = 16 << 20
"""Bytes of a block or record up to which it is looked at where nothing else is said: several are in memory at once, some twice."""
_BLOCKS_IN_ALL: Final = 128 << 20
"""What the present blocks of all files that are merged may take together: bytes."""
_LEAST_LIMIT: Final = 256 << 10
_LOOK_AGAIN: Final = 2.0
"""Seconds between two looks at whether the directory has changed."""
_TELL_EVERY: Final = 8192


class Phase(StrEnum):
    """How far the background has come."""

    SURVEYING = "surveying"
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"


class Subject:
    """One database. Safe for threads: whoever reads takes turns.

    Attributes:
        directory: the inventory; its files are held open.
        comparator: the order of the keys.
        phase: how far the background has come.
        progress: what of this phase is done, and all of it: bytes, then entries.
        error: why the background failed.
        survey: the state of every file, once it is known.
        unseen: what is larger than what is looked at, once every file is known.
        counts: changes by sequence number, once all are counted.
        keys: a sparse index of the keys, once it is whole.
        runs: the mass deletions, the largest first, once they are known.
        decoding: what keys and values are decoded with, once it is chosen; for use within ``reading``.
        horizon: from where on the past is complete, once that is known.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        comparator: Comparator | None = None,
        decoder: str = AUTO,
        block_limit: int | None = None,
    ) -> None:
        """Take the inventory.

        Args:
            path: the database's directory.
            comparator: the order of the keys, where the manifest does not name a known one.
            decoder: what keys and values are decoded with, by name.
            block_limit: bytes of a block or record up to which it is looked at; by the number of files if not given.

        Raises:
            NotADatabaseError, StorageError: there is nothing to read.
            NotSupportedError: the comparator is not known, or what a decoder needs is not installed.
            InvalidArgumentError: there is no decoder of that name.
        """
        self.directory = open_directory(path, block_limit=block_limit or BLOCK_LIMIT)
        if block_limit is None:
            self.directory.storage.lower_block_limit(_affordable(self.directory))
        self.comparator = choose_comparator(self.directory, comparator)
        self.phase = Phase.SURVEYING
        self.progress = (0, 0)
        self.error: str | None = None
        self.survey: Survey | None = None
        self.unseen = Unseen((), self.directory, self.comparator)
        self.counts: SequenceCounts | None = None
        self.keys: KeyIndex | None = None
        self.runs: list[DeletionRun] | None = None
        self.horizon: Horizon | None = None
        self.decoding: Decoding | None = None
        self._past: History | None = None
        self._past_turn = threading.Lock()
        self._reader: Reader | None = None
        current = (*self.directory.current_tables(), *self.directory.current_logs())
        self._current_files = frozenset(file.name for file in current)
        self._current_from = 0
        self._turn = threading.Lock()
        self._stopping = Stopping()
        self._thread = threading.Thread(target=self._learn, name="relevel-explore", daemon=True)
        self._looked_at = 0.0
        self._has_changed = False

        if decoder != AUTO:
            self.decoding = choose_decoding(decoder, self.new_reader())

    def start(self) -> None:
        """Begin to learn, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End the background's work and wait for it."""
        self._stopping.give()
        with self._turn:  # whoever reads comes to an end first
            self.directory.storage.stop()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_stopped(self) -> bool:
        """Whether the background's work was ended."""
        return self._stopping.is_given and not self._thread.is_alive()

    def wait(self) -> None:
        """Wait until the background has come to its end."""
        self._thread.join()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Take a turn at reading, and at ``decoding``: a reader and a decoder are for one thread at a time."""
        with self._turn:
            if self._reader is None:
                self._reader = self.new_reader()
            yield self._reader

    def new_reader(self) -> Reader:
        """A reader of one's own, for work that takes long."""
        return Reader(self.directory.path, self.comparator, directory=self.directory)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, as far as it is known."""
        return self.directory.findings if self.survey is None else self.survey.findings

    @property
    def block_limit(self) -> int:
        """Bytes of a block or record up to which it is looked at."""
        return self.directory.storage.block_limit

    @property
    def oldest(self) -> int:
        """The oldest sequence number on disk; 0 until it is known."""
        return 0 if self.counts is None else self.counts.first

    @property
    def newest(self) -> int:
        """The newest sequence number that counts, or is on disk; 0 until it is known."""
        return 0 if self.counts is None else self.counts.last

    @contextmanager
    def looking_back(self) -> Iterator[History]:
        """Take a turn at the history.

        Raises:
            InvalidArgumentError: it is not read yet.
        """
        if self._past is None:
            raise InvalidArgumentError("the database is still being read")
        with self._past_turn:
            yield self._past

    def horizon_of(self, prefix: bytes) -> Horizon:
        """From where on the past of the keys with a prefix is complete.

        Raises:
            InvalidArgumentError: it is not read yet.
        """
        if not prefix and self.horizon is not None:
            return self.horizon
        with self.looking_back() as past:
            return past.horizon(prefix=prefix)

    def point(self, sequence: int | None) -> Point:
        """The point of a sequence number; now where there is none."""
        if sequence is None:
            return Point(MAX_SEQUENCE, 0, self._current_files)
        return Point(sequence, self._current_from, self._current_files)

    def has_changed(self) -> bool:
        """Whether the directory is not what it was when it was opened, as it was seen a moment ago."""
        now = time.monotonic()
        if now - self._looked_at > _LOOK_AGAIN:
            self._looked_at = now
            self._has_changed = self._is_changed()
        return self._has_changed

    def _is_changed(self) -> bool:
        try:
            listed = ReadOnlyDirectory(self.directory.path).entries()
        except RelevelError:
            return True
        return _as_seen(listed) != _as_seen(self.directory.storage.entries())

    def _learn(self) -> None:
        try:
            found = survey(self.directory, self.comparator, progress=self._tell)
            self.survey, self.unseen = found, Unseen(found.findings, self.directory, self.comparator)
            if self.decoding is None:
                self.decoding = choose_decoding(AUTO, self.new_reader())
            self.phase, self.progress = Phase.INDEXING, (0, 0)
            self._index(found)
            self.phase = Phase.READY
        except Exception as error:
            # Who is stopped meets an error of ours, or of a file that is not to be read any more.
            is_stopped = self._stopping.is_given and isinstance(error, RuntimeError)
            self.error = None if is_stopped else str(error) or type(error).__name__
            self.phase = Phase.FAILED
            if not is_stopped and not isinstance(error, (RelevelError, OSError, MemoryError)):
                raise  # a bug of our own: the page must not wait for ever

    def _index(self, found: Survey) -> None:
        """One pass over every version on disk, in key order, with a reader of its own."""
        items: list[TableSurvey | LogSurvey] = [*found.tables, *found.logs]
        scans = [item.scan for item in items if item.scan is not None]
        ranges = [(scan.min_sequence, scan.max_sequence) for scan in scans if scan.min_sequence is not None]
        total = sum(scan.put_count + scan.deletion_count for scan in scans)
        counts = SequenceCounts(
            min((low for low, _ in ranges), default=0), max((high or 0 for _, high in ranges), default=0)
        )
        keys, key = KeyIndex(), None
        reader = self.new_reader()
        counting = [item.scan for item in items if item.scan is not None and item.file.name in self._current_files]
        newest = max((scan.max_sequence or 0 for scan in counting), default=0)
        self._current_from = newest if reader.current_from is None else reader.current_from
        for done, version in enumerate(reader.rows("versions", past=True)):
            if version.key != key:
                key = version.key
                keys.add(key)
            counts.add(version.sequence, is_put=version.value is not None)
            if done % _TELL_EVERY == 0:
                self._tell(done, total)
        past = History.over(reader)
        self.runs = sorted(past.mass_deletions(), key=lambda run: -run.count)
        self.horizon = past.horizon()
        past.when(newest)  # so that asking for others takes no time
        self._past = past
        self.counts, self.keys = counts, keys

    def _tell(self, done: int, total: int) -> None:
        self._stopping.heed()
        self.progress = (done, total)


def _affordable(directory: Directory) -> int:
    """What a block or record may have where one of each input of a merge is in memory.

    Inputs are tables that are read by themselves, of a level one at a time, and the pieces in which large logs are sorted, of which
    a record may be there twice.
    """
    tables = directory.of_kind(FileKind.TABLE)
    alone = sum(1 for table in tables if not (table.standing is Standing.LIVE and table.level))
    in_memory = memory_of_a_log(directory)
    pieces = sum(log.size // in_memory for log in directory.of_kind(FileKind.LOG))
    return max(_BLOCKS_IN_ALL // max(1, alone + 2 * pieces), _LEAST_LIMIT)


def _as_seen(entries: tuple[DirectoryEntry, ...]) -> set[tuple[str, int, int]]:
    return {
        (entry.name, entry.size, entry.mtime_ns) for entry in entries if entry.name not in ("LOCK", "LOG", "LOG.old")
    }
