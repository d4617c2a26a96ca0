"""One open database: its state, its threads, and the order in which they touch it.

``lock`` guards everything here but the store, which guards itself. It is held while an edit is made durable, never while a table
is written or merged. What a reader needs it takes from the store without this lock.

::

    writer    put -> store; a memtable that is full -> make_room -> wait
    flusher   rotate; immutable memtable -> table -> edit -> its log is obsolete
    compactor pick -> merge or move -> edit -> its inputs are obsolete

Only threads of the database's own change its state: between any two steps of the main thread a signal may raise
KeyboardInterrupt, and what is done by half there would lose what was acknowledged. Nor does anything that the garbage collector
may call wait for ``lock``: the collector runs in any thread, whatever that holds.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, Final

from relevel.engine import forking
from relevel.engine.compaction import Compaction, level_for_flush, pick, pressure
from relevel.engine.compaction_run import run_compaction
from relevel.engine.failure import refusals_named
from relevel.engine.held import HeldSequences
from relevel.engine.immutable import Immutable
from relevel.engine.obsolete import ObsoleteFiles
from relevel.engine.opening import open_read_only, open_to_write
from relevel.engine.options import Options
from relevel.engine.properties import LevelWork
from relevel.engine.workers import Workers
from relevel.errors import InvalidArgumentError, RelevelError
from relevel.files.info_log import InfoLog
from relevel.format.filename import log_name
from relevel.format.version_edit import LEVEL_COUNT, FileMetadata, VersionEdit

CLOSED: Final = "Database is closed"
_FORKED: Final = "Database was opened in the parent process; open it anew in this one"
_SLOWDOWN_SECONDS: Final = 0.001


class Core:
    """An open database. ``DB`` is its face.

    Attributes:
        path: the directory, as it was given.
        directory: the same, to work in.
        options: how it is kept.
        store: reads and writes.
        versions: which tables are live; guarded by ``lock``.
        findings: what was wrong with the logs when it was opened, and is not in it.
        lock: guards the state. Not a condition: one is not entered in a single step, and a signal may come between.
        changed: notified whenever the state changes.
        log_number: of the present log.
        work: what flushes and compactions into each level have cost.
        obsolete: files to be removed; guarded by ``lock``.
    """

    def __init__(self, path: str, options: Options) -> None:
        """Open.

        Raises:
            RelevelError: as ``relevel.engine.opening`` says; nothing was changed then.
        """
        with refusals_named(path):
            opened = open_read_only(path, options) if options.read_only else open_to_write(path, options)
        self.path = path
        self.directory = opened.directory
        self.options = opened.options
        self.comparator = opened.comparator
        self.store = opened.store
        self.versions = opened.versions
        self.findings = tuple(opened.findings)
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._compacting = threading.Lock()
        self._database_lock = opened.lock
        self._info_log: InfoLog | None = opened.info_log
        self._snapshots = HeldSequences()
        self._immutable = opened.immutable
        self.log_number = opened.log_number
        self.work = [LevelWork() for _ in range(LEVEL_COUNT)]
        self._held = opened.held
        self._replayed_size = opened.replayed_size
        self.obsolete = ObsoleteFiles(self.directory, self.versions, self.store, opened.obsolete)
        self._charged: int | None = None
        self._error: BaseException | None = None
        self._rotation: Future[None] | None = None
        self._closing = False
        self._closed = False
        self._ending = threading.RLock()
        self._ended = False
        self._workers = Workers()
        forking.note(self)
        if options.read_only:
            self.store.on_full(self.require_writable)
            self.store.want_attention(True)
        else:
            self._begin()

    def _begin(self) -> None:
        try:
            self.store.on_full(self._make_room)
            self.store.on_seek_charge(self._charge)
            with self.lock:
                self.obsolete.remove()
                self._adjust()
                if self._immutable is not None:
                    self._start("flusher", self._flush_forever)
        except BaseException:
            self.close()
            raise

    # --- snapshots

    def take_snapshot(self) -> int:
        """Keep all that is visible now until ``release_snapshot``. Gives its sequence number."""
        self.store.refuse_within_comparator()
        with self.lock:
            sequence = self.store.last_sequence
            self._snapshots.hold(sequence)
            return sequence

    def release_snapshot(self, sequence: int) -> None:
        """Let go of a snapshot. Waits for nothing: the garbage collector may call it."""
        self._snapshots.release(sequence)

    def smallest_snapshot(self) -> int:
        """The oldest sequence number that somebody may still look at. With the lock held."""
        return self._snapshots.smallest(self.store.last_sequence)

    @property
    def snapshot_count(self) -> int:
        """How many snapshots are open."""
        with self.lock:
            return self._snapshots.count()

    def memory_usage(self) -> int:
        """Bytes in memory that are in no table yet."""
        immutable = self._immutable
        immutable_size = self._replayed_size if immutable is None else immutable.memtable.size
        return self.store.memtable.size + immutable_size

    # --- writing

    def require_writable(self) -> None:
        """Refuse to change a database that was opened read-only.

        Raises:
            RuntimeError: it is closed.
            InvalidArgumentError: it is read-only.
        """
        if self._closed:
            raise RuntimeError(CLOSED)
        if self.options.read_only:
            raise InvalidArgumentError(f"{self.path}: was opened with read_only=True")

    def _make_room(self) -> None:
        """Called before a write that meets a full memtable, or too much left to compact."""
        may_wait = True
        with self.lock:
            while True:
                self._raise_error()
                level0_count = len(self.versions.current.levels[0])
                if may_wait and level0_count >= self.options.level0_slowdown:
                    may_wait = False
                    self.changed.wait(_SLOWDOWN_SECONDS)
                elif self.store.memtable.size < self.options.write_buffer_size:
                    return
                elif self._immutable is not None or level0_count >= self.options.level0_stop:
                    self._start_needed()
                    self.changed.wait()
                else:
                    self._have_rotated()

    def _have_rotated(self) -> None:
        """Have the flusher begin a new log and memtable, and wait for it. With the lock held.

        Raises:
            RelevelError: there can be no new log; all is as before.
        """
        rotation = self._rotation = self._rotation or Future()
        self._start("flusher", self._flush_forever)
        self.changed.notify_all()
        while not rotation.done():
            self._raise_error()
            self.changed.wait()
        rotation.result()

    def flush(self) -> None:
        """Write everything in memory to tables, and wait for it.

        Raises:
            RelevelError: what went wrong in the background.
        """
        self.store.refuse_within_comparator()
        with self.lock:
            self.wait_for_flush()
            if self.store.memtable.entry_count:
                self._have_rotated()
                self.wait_for_flush()

    def wait_for_flush(self) -> None:
        """Wait until what was full or found in the logs at opening is in a table."""
        with self.lock:
            while self._immutable is not None:
                self._raise_error()
                self.changed.wait()
            self._raise_error()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._closing:
            raise RuntimeError(CLOSED)

    # --- the flusher

    def _flush_forever(self) -> None:
        while True:
            with self.lock:
                while self._immutable is None and self._rotation is None and not self._closing:
                    self.changed.wait()
                if self._closed or self._error is not None or (self._immutable is None and self._closing):
                    return
                if self._immutable is None and self._rotation is not None:
                    self._rotate(self._rotation)
                immutable = self._immutable
            if immutable is not None:
                self._flush_immutable(immutable)

    def _rotate(self, rotation: Future[None]) -> None:
        """Make the memtable immutable and begin a new log. With the lock held, and no immutable memtable there.

        Args:
            rotation: for whom; all that wait for it are told how it ended.
        """
        self._rotation = None
        self.changed.notify_all()
        if self.store.memtable.entry_count:
            number = self.versions.new_file_number()
            try:
                memtable = self.store.rotate(self.versions.path(log_name(number)))
            except RelevelError as error:
                rotation.set_exception(error)
                return
            self._immutable = Immutable(memtable, (self.log_number,), number)
            self.log_number = number
        rotation.set_result(None)

    def _flush_immutable(self, immutable: Immutable) -> None:
        with self.lock:
            number = self.versions.new_file_number()
            path = self.versions.table_path(number)
        begun = time.monotonic()
        with refusals_named(path), self.unfinished([number]):
            meta = immutable.memtable.write_table(path, **self.table_style())
        metadata = FileMetadata(number, meta.file_size, meta.smallest, meta.largest)
        with self.lock:
            if self._immutable is not immutable:  # written by another flusher: see Workers.run
                self.obsolete.remove_tables([number])
                return
            level = 0
            if not self._compacting.locked():
                first, last = (self.versions.order.user(key[:-8]) for key in (meta.smallest, meta.largest))
                level = level_for_flush(self.versions.current, first, last, self.options)
            # Of what is in the tables and no newer: goleveldb takes batches of a log below the manifest's number for damage.
            last_sequence = max(self.versions.last_sequence, meta.max_sequence)
            edit = VersionEdit(
                log_number=immutable.next_log, last_sequence=last_sequence, new_files=((level, metadata),)
            )
            self.apply(edit, flushed=True)
            self.note_work(level, time.monotonic() - begun, 0, meta.file_size)
            self.obsolete.add(map(log_name, immutable.logs))
        self.tell(f"Level-{level} table #{number}: {meta.file_size} bytes, {meta.entry_count} entries")

    @contextlib.contextmanager
    def unfinished(self, numbers: list[int]) -> Iterator[None]:
        """Remove the tables with these numbers again where the block raises: no edit names them."""
        try:
            yield
        except BaseException as error:
            is_taken = isinstance(error, OSError) and error.errno == errno.EEXIST  # the last is somebody else's
            self.obsolete.remove_tables(numbers[:-1] if is_taken else numbers)
            raise

    def table_style(self) -> dict[str, Any]:
        """How the kernel is to write tables."""
        return self.options.table_style(self.comparator)

    # --- the compactor

    def _compact_forever(self) -> None:
        while True:
            with self.lock:
                while not self._closing and not self._needs_compaction():
                    self.changed.wait()
                if self._closing or self._error is not None:
                    return
            with self.exclusive_compaction():
                with self.lock:
                    compaction = self._pick()
                if compaction is not None:
                    run_compaction(self, compaction)

    def _needs_compaction(self) -> bool:
        return pressure(self.versions.current, self.options)[0] >= 1 or self._charged is not None

    def _pick(self) -> Compaction | None:
        charged, self._charged = self._charged, None
        table = next((table for _, table in self.versions.current.tables() if table.number == charged), None)
        return pick(self.versions.current, self.versions.compact_pointers, self.options, table)

    def _charge(self, number: int) -> None:
        """A table was searched in vain too often. Waits for nothing: a reader calls it. The next change sees to it, if not this."""
        self._charged = number
        if self.lock.acquire(blocking=False):
            try:
                self._adjust()
            finally:
                self.lock.release()

    @contextlib.contextmanager
    def exclusive_compaction(self) -> Iterator[None]:
        """One compaction at a time."""
        with self._compacting:
            yield

    # --- shared by all

    @property
    def closing(self) -> bool:
        """Whether long work should end."""
        return self._closing

    def apart(self, name: str, work: Callable[[], None]) -> Future[None]:
        """Do something in a thread of the database's own. Closing waits for it.

        Raises:
            RuntimeError: the database is closed.
            RelevelError: what went wrong in the background before.
        """
        self.store.refuse_within_comparator()
        future: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised by whoever waits
                future.set_exception(error)
            else:
                future.set_result(None)

        with self.lock:
            self._raise_error()
            self._workers.run(name, run)
        return future

    def apply(self, edit: VersionEdit, *, flushed: bool = False) -> None:
        """Make an edit durable and show its version to readers. With the lock held."""
        try:
            self.versions.append(edit)
        except BaseException as error:
            self._fail(error)
            raise
        if flushed:
            self._immutable = None
        immutables = [] if self._immutable is None else [self._immutable.memtable]
        self.store.install(self.versions.current.handles(), immutables)
        self._adjust()

    def _adjust(self) -> None:
        """Tell those whom the present version concerns. With the lock held."""
        with contextlib.suppress(RuntimeError):  # no thread can be had now: a write that waits tries again, and tells
            self._start_needed()
        slow = len(self.versions.current.levels[0]) >= self.options.level0_slowdown
        self.store.want_attention(slow or self._error is not None)
        self.changed.notify_all()

    def _start_needed(self) -> None:
        if self._needs_compaction():
            self._start("compactor", self._compact_forever)

    def note_work(self, level: int, seconds: float, read_size: int, written_size: int) -> None:
        """Add to what a level has cost. With the lock held."""
        work = self.work[level]
        work.seconds += seconds
        work.read_size += read_size
        work.written_size += written_size

    def live_logs(self) -> list[int]:
        """Numbers of the logs that hold what no table has yet, oldest first. With the lock held."""
        return [*(() if self._immutable is None else self._immutable.logs), self.log_number]

    def tell(self, message: str) -> None:
        """Write a line to LOG."""
        if self._info_log is not None:
            self._info_log.write(message)

    def _start(self, name: str, work: Callable[[], None]) -> None:
        if not self._closing and self._error is None and not self._workers.is_running(name):
            self._workers.run(name, lambda: self._guarded(work))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - kept, and raised by the next write
            if isinstance(error, InterruptedError) and self._closing:
                return
            self._fail(error)
            self.tell(f"Background error: {error}")

    def _fail(self, error: BaseException) -> None:
        """Let every later write raise this."""
        with self.lock:
            self._error = self._error or error
            self._adjust()

    # --- closing

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """End everything: wait for the flush under way, stop compactions, release the lock.

        What is in the memtable stays in the log, and is found there at the next opening. May be called again, also while or
        after another call was interrupted: when it returns the lock is free.

        Raises:
            RuntimeError: a comparator calls it.
        """
        self.store.refuse_within_comparator()
        with self.lock:
            self._closing = True
            self.changed.notify_all()
        with self._ending:
            self._end()

    def _end(self) -> None:
        if self._ended:
            return
        self._workers.join()
        with self.lock:
            self._closed = True
        try:
            self.store.close(CLOSED)
            self.obsolete.remove_at_end()
        finally:
            self.versions.let_go()
            if self._held is not None:
                self._held.let_go()
            if self._info_log is not None:
                self._info_log.close()
            if self._database_lock is not None:
                self._database_lock.release()
        self._ended = True

    def close_quietly(self) -> None:
        """Close a database that nobody has a hold of any more; its directory may be gone."""
        if (
            self._workers.is_here() or self.store.is_within_comparator()
        ):  # collected in a thread that would wait for itself
            with contextlib.suppress(RuntimeError):
                threading.Thread(target=self.close_quietly, name="closer", daemon=True).start()
            return
        with contextlib.suppress(RelevelError, OSError):
            self.close()

    def forget(self) -> None:
        """In a child process after a fork: refuse everything, wait for nobody, and touch nothing of the parent's."""
        self.lock, self._ending = threading.RLock(), threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._closing = self._closed = self._ended = True
        self.store.disown(_FORKED)
        if self._database_lock is not None:
            self._database_lock.forget()
