"""The flusher: from a memtable that is full to a table of the present version.

::

    make_room, flush -> rotation asked for -> new log and memtable; the old one is immutable -> table -> edit -> its log goes

There is one immutable memtable at most. Rotations are the flusher's, in a thread of its own, so that no signal ends one by half.
"""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Final

from relevel.engine.changes import Outcome
from relevel.engine.compaction import level_for_flush
from relevel.engine.immutable import Immutable
from relevel.errors import RelevelError
from relevel.format.filename import log_name
from relevel.format.version_edit import FileMetadata, VersionEdit
from relevel.storage.failure import refusals_named

if TYPE_CHECKING:
    from relevel.engine.core import Core

_SLOWDOWN_SECONDS: Final = 0.001


class Flusher:
    """What becomes of full memtables. Its state is guarded by the database's lock.

    Attributes:
        immutable: what waits to become a table.
    """

    def __init__(self, core: Core, immutable: Immutable | None) -> None:
        """Prepare; ``immutable`` is what opening has left to be written."""
        self.immutable = immutable
        self._core: Core = weakref.proxy(core)  # no cycle: what is closed goes at once
        self._rotation: Outcome | None = None

    # --- for writers

    def make_room(self) -> None:
        """Called before a write that meets a full memtable, or too much left to compact.

        Raises:
            RelevelError: what went wrong in the background, or why there can be no new log.
        """
        core = self._core
        may_pause = True
        while True:
            rotation: Outcome | None = None
            with core.lock:
                core.raise_error()
                level0_count = len(core.versions.current.levels[0])
                is_slow = may_pause and level0_count >= core.options.level0_slowdown
                if not is_slow:
                    if core.store.memtable.size < core.options.write_buffer_size:
                        return
                    if self.immutable is None and level0_count < core.options.level0_stop:
                        rotation = self._ask()
                    else:
                        core.compactor.start_needed()
                    wait = core.changes.next()
            if is_slow:
                may_pause = False
                time.sleep(_SLOWDOWN_SECONDS)
            elif rotation is None:
                wait()
            else:
                self._await(rotation)

    def flush(self) -> None:
        """Write everything in memory to tables, and wait for it.

        Raises:
            RelevelError: what went wrong in the background.
        """
        core = self._core
        core.store.refuse_within_comparator()
        self.wait()
        with core.lock:
            core.raise_error()
            rotation = self._ask() if core.store.memtable.entry_count else None
        if rotation is not None:
            self._await(rotation)
            self.wait()

    def wait(self) -> None:
        """Wait until what was full or found in the logs at opening is in a table.

        Raises:
            RelevelError: what went wrong in the background.
        """

        def is_done() -> bool:
            self._core.raise_error()
            return self.immutable is None

        self._core.wait_until(is_done)

    def _ask(self) -> Outcome:
        """Ask for a new log and memtable, together with all who have asked already. With the lock held."""
        rotation = self._rotation = self._rotation or Outcome()
        self.start()
        self._core.changes.tell()
        return rotation

    def _await(self, rotation: Outcome) -> None:
        """Wait for a rotation.

        Raises:
            RelevelError: there can be no new log; all is as before.
        """

        def is_done() -> bool:
            if not rotation.is_known:
                self._core.raise_error()
            return rotation.is_known

        self._core.wait_until(is_done)
        rotation.raise_error()

    # --- in a thread of its own

    def start(self) -> None:
        """Have it work, unless it does. With the lock held."""
        self._core.start("flusher", self._run)

    def _run(self) -> None:
        core = self._core
        while True:
            core.wait_until(lambda: bool(self.immutable or self._rotation or core.closing))
            with core.lock:
                if core.is_broken or (self.immutable is None and core.closing):
                    return
                if self.immutable is None and self._rotation is not None:
                    self._rotate(self._rotation)
                immutable = self.immutable
            if immutable is not None:
                self._write(immutable)

    def _rotate(self, rotation: Outcome) -> None:
        """Make the memtable immutable and begin a new log. With the lock held, and no immutable memtable there.

        Args:
            rotation: for whom; all that wait for it are told how it ended.
        """
        core = self._core
        self._rotation = None
        core.changes.tell()
        if core.store.memtable.entry_count:
            number = core.versions.new_file_number()
            try:
                memtable = core.store.rotate(core.versions.path(log_name(number)))
            except RelevelError as error:
                rotation.settle(error)
                return
            self.immutable = Immutable(memtable, (core.log_number,), number)
            core.log_number = number
        rotation.settle()

    def _write(self, immutable: Immutable) -> None:
        """Make a table of an immutable memtable."""
        core = self._core
        with core.lock:
            number = core.versions.new_file_number()
            path = core.versions.table_path(number)
        core.tell(f"Level-0 table #{number}: started")
        begun = time.monotonic()
        with refusals_named(path), core.unfinished([number]):
            meta = immutable.memtable.write_table(path, **core.table_style())
        metadata = FileMetadata(number, meta.file_size, meta.smallest, meta.largest)
        with core.lock:
            if self.immutable is not immutable:  # written by another flusher: see Workers.run
                core.obsolete.remove_tables([number])
                return
            level = self._level_for(metadata)
            # Of what is in the tables and no newer: goleveldb takes batches of a log below the manifest's number for damage.
            last_sequence = max(core.versions.last_sequence, meta.max_sequence)
            edit = VersionEdit(
                log_number=immutable.next_log, last_sequence=last_sequence, new_files=((level, metadata),)
            )
            core.apply(edit, flushed=True)
            core.note_work(level, time.monotonic() - begun, 0, meta.file_size)
            core.tell(f"Level-{level} table #{number}: {meta.file_size} bytes OK")
            core.obsolete.add(map(log_name, immutable.logs))

    def _level_for(self, metadata: FileMetadata) -> int:
        core = self._core
        if core.compactor.is_at_work:
            return 0
        first, last = (core.versions.order.user(key[:-8]) for key in (metadata.smallest, metadata.largest))
        return level_for_flush(core.versions.current, first, last, core.options)
