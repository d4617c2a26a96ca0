"""One open database: its state, its threads, and the order in which they touch it.

``lock`` guards everything here but the store, which guards itself. It is held while an edit is made durable, never while a table
is written or merged, nor while anybody waits. What a reader needs it takes from the store without this lock.

::

    writer    put -> store; a memtable that is full -> flusher.make_room -> wait
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
from collections.abc import Callable, Iterator
from typing import Any, Final

from relevel.engine import forking
from relevel.engine.changes import Changes, Outcome
from relevel.engine.compactor import Compactor
from relevel.engine.flusher import Flusher
from relevel.engine.held import HeldSequences
from relevel.engine.obsolete import ObsoleteFiles
from relevel.engine.opening import open_read_only, open_to_write
from relevel.engine.options import Options
from relevel.engine.properties import LevelWork
from relevel.engine.workers import Workers
from relevel.errors import InvalidArgumentError, RelevelError
from relevel.files.info_log import InfoLog
from relevel.format.version_edit import LEVEL_COUNT, VersionEdit
from relevel.storage.failure import refusals_named

CLOSED: Final = "Database is closed"
_FORKED: Final = "Database was opened in the parent process; open it anew in this one"


class Core:
    """An open database. ``DB`` is its face.

    Attributes:
        path: the directory, as it was given.
        options: how it is kept.
        store: reads and writes.
        versions: which tables are live; guarded by ``lock``.
        findings: what was wrong with the logs when it was opened, and is not in it.
        lock: guards the state.
        changes: told whenever the state changes.
        log_number: of the present log.
        work: what flushes and compactions into each level have cost.
        obsolete: files to be removed; guarded by ``lock``.
        flusher: makes tables of memtables.
        compactor: merges tables.
    """

    def __init__(self, path: str, options: Options) -> None:
        """Open.

        Raises:
            RelevelError: as ``relevel.engine.opening`` says; nothing was changed then.
        """
        with refusals_named(path):
            opened = open_read_only(path, options) if options.read_only else open_to_write(path, options)
        self.path = path
        self.options = opened.options
        self.comparator = opened.comparator
        self.store = opened.store
        self.versions = opened.versions
        self.findings = tuple(opened.findings)
        self.lock = threading.RLock()
        self.changes = Changes()
        self._database_lock = opened.lock
        self._info_log: InfoLog | None = opened.info_log
        self._snapshots = HeldSequences()
        self.log_number = opened.log_number
        self.work = [LevelWork() for _ in range(LEVEL_COUNT)]
        self._held = opened.held
        self._replayed_size = opened.replayed_size
        self.obsolete = ObsoleteFiles(opened.directory, self.versions, self.store, opened.obsolete, opened.info_log)
        self._error: BaseException | None = None
        self._closing = False
        self._closed = False
        self._ending = threading.RLock()
        self._ended = False
        self._workers = Workers()
        self.flusher = Flusher(self, opened.immutable)
        self.compactor = Compactor(self)
        forking.note(self)
        if options.read_only:
            self.store.on_full(self.require_writable)
            self.store.want_attention(True)
        else:
            self._begin()

    def _begin(self) -> None:
        try:
            self.store.on_full(self.flusher.make_room)
            self.store.on_seek_charge(self.compactor.charge)
            with self.lock:
                self.obsolete.remove()
                self.adjust()
                if self.flusher.immutable is not None:
                    self.flusher.start()
        except BaseException:
            self.close()
            raise

    # --- what is asked of it

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
        immutable = self.flusher.immutable
        immutable_size = self._replayed_size if immutable is None else immutable.memtable.size
        return self.store.memtable.size + immutable_size

    def live_logs(self) -> list[int]:
        """Numbers of the logs that hold what no table has yet, oldest first. With the lock held."""
        immutable = self.flusher.immutable
        return [*(() if immutable is None else immutable.logs), self.log_number]

    # --- what flusher and compactor share

    @property
    def closing(self) -> bool:
        """Whether long work should end."""
        return self._closing

    @property
    def is_broken(self) -> bool:
        """Whether nothing can be written any more."""
        return self._closed or self._error is not None

    def raise_error(self) -> None:
        """Raise what went wrong in the background, and where it is being closed, that.

        Raises:
            RelevelError, RuntimeError: these.
        """
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._closing:
            raise RuntimeError(CLOSED)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait, without the lock, until something is so. It is asked with the lock held, after every change; it may raise."""
        while True:
            with self.lock:
                if is_so():
                    return
                wait = self.changes.next()
            wait()

    def table_style(self) -> dict[str, Any]:
        """How the kernel is to write tables."""
        return self.options.table_style(self.comparator)

    @contextlib.contextmanager
    def unfinished(self, numbers: list[int]) -> Iterator[None]:
        """Remove the tables with these numbers again where the block raises: no edit names them."""
        try:
            yield
        except BaseException as error:
            is_taken = isinstance(error, OSError) and error.errno == errno.EEXIST  # the last is somebody else's
            self.obsolete.remove_tables(numbers[:-1] if is_taken else numbers)
            raise

    def apply(self, edit: VersionEdit, *, flushed: bool = False) -> None:
        """Make an edit durable and show its version to readers. With the lock held."""
        try:
            self.versions.append(edit)
        except BaseException as error:
            self._fail(error)
            raise
        if flushed:
            self.flusher.immutable = None
        immutable = self.flusher.immutable
        self.store.install(self.versions.current.handles(), [] if immutable is None else [immutable.memtable])
        self.adjust()

    def adjust(self) -> None:
        """Tell those whom the present version concerns. With the lock held."""
        with contextlib.suppress(RuntimeError):  # no thread can be had now: a write that waits tries again, and tells
            self.compactor.start_needed()
        slow = len(self.versions.current.levels[0]) >= self.options.level0_slowdown
        self.store.want_attention(slow or self._error is not None)
        self.changes.tell()

    def note_work(self, level: int, seconds: float, read_size: int, written_size: int) -> None:
        """Add to what a level has cost. With the lock held."""
        work = self.work[level]
        work.seconds += seconds
        work.read_size += read_size
        work.written_size += written_size

    def tell(self, *messages: str) -> None:
        """Write lines to LOG."""
        if self._info_log is not None:
            self._info_log.write(*messages)

    # --- threads

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Do work in the background, unless it is being done. With the lock held.

        Raises:
            RuntimeError: no thread can be had.
        """
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
            self.adjust()

    def do_apart(self, name: str, work: Callable[[], None]) -> None:
        """Do something in a thread of the database's own, and wait for it. Closing waits for it too.

        Raises:
            RuntimeError: the database is closed.
            BaseException: what the work raised.
        """
        self.store.refuse_within_comparator()
        outcome = Outcome()

        def run() -> None:
            error: BaseException | None = None
            try:
                work()
            except BaseException as raised:  # noqa: BLE001 - raised by whoever waits
                error = raised
            with self.lock:
                outcome.settle(error)
                self.changes.tell()

        with self.lock:
            if self._closing:
                raise RuntimeError(CLOSED)
            self._workers.run(name, run)
        self.wait_until(lambda: outcome.is_known)
        outcome.raise_error()

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
            self.changes.tell()
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
        self.changes = Changes()
        self._closing = self._closed = self._ended = True
        self.store.disown(_FORKED)
        if self._database_lock is not None:
            self._database_lock.forget()
