"""Doing a compaction: the kernel merges, the edit is made durable, the inputs become obsolete."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from relevel._kernel import TableMeta
from relevel.engine.compaction import Compaction, grandparent_limit, make_compaction
from relevel.engine.version import LAST_LEVEL, key_range, total_size
from relevel.format.version_edit import LEVEL_COUNT, FileMetadata
from relevel.storage.failure import refusals_named

if TYPE_CHECKING:
    from relevel.engine.core import Core

_MOST_TABLES: Final = 32
"""Tables of one level that are merged at once by hand."""
_NEVER: Final = Event()


def run_compaction(core: Core, compaction: Compaction, *, may_move: bool = True, stop: Event = _NEVER) -> None:
    """Do one compaction, in a thread of the database's own. The caller holds the right to compact.

    Raises:
        InterruptedError: the database is being closed, or ``stop`` is set; nothing has changed.
        RelevelError: an input is damaged or the file system refuses; nothing has changed.
    """
    if may_move and compaction.is_trivial_move(core.options):
        _move(core, compaction)
    else:
        _merge(core, compaction, stop)


def _move(core: Core, compaction: Compaction) -> None:
    (table,) = compaction.upper
    with core.lock:
        core.apply(compaction.edit()._replace(new_files=((compaction.output_level, table.metadata),)))
        core.tell(f"Moved #{table.number} to level-{compaction.output_level} {table.size} bytes OK: {_summary(core)}")


def _merge(core: Core, compaction: Compaction, stop: Event) -> None:
    numbers: list[int] = []

    def next_path() -> str:
        with core.lock:
            numbers.append(core.versions.new_file_number())
            return core.versions.table_path(numbers[-1])

    with core.lock:
        smallest_snapshot = core.smallest_snapshot()
    inputs = [*compaction.upper, *compaction.lower]
    names = f"{len(compaction.upper)}@{compaction.level} + {len(compaction.lower)}@{compaction.output_level} files"
    core.tell(f"Compacting {names}")
    begun = time.monotonic()
    with refusals_named(core.path), core.unfinished(numbers):
        metas = core.store.compact(
            compaction.runs(),
            next_path,
            smallest_snapshot=smallest_snapshot,
            deeper=compaction.deeper(),
            grandparents=[table.handle for table in compaction.grandparents],
            grandparent_limit=grandparent_limit(core.options),
            target_file_size=core.options.max_file_size,
            should_stop=lambda: core.closing or stop.is_set(),
            **core.table_style(),
        )
    written = sum(meta.file_size for meta in metas)
    core.tell(
        *(
            f"Generated table #{number}@{compaction.level}: {meta.entry_count} keys, {meta.file_size} bytes"
            for number, meta in zip(numbers, metas, strict=True)
        ),
        f"Compacted {names} => {written} bytes",
    )
    with core.lock:  # where this fails the edit may be durable all the same: no table is removed
        core.apply(compaction.edit()._replace(new_files=_new_files(compaction, numbers, metas)))
        core.tell(f"compacted to: {_summary(core)}")
        core.obsolete.supersede(table.number for table in inputs)
        core.note_work(compaction.output_level, time.monotonic() - begun, total_size(inputs), written)


def _summary(core: Core) -> str:
    """How many tables each level has, in LevelDB's words. With the lock held, so that LOG tells of changes in their order."""
    return f"files[ {' '.join(str(len(level)) for level in core.versions.current.levels)} ]"


def _new_files(
    compaction: Compaction, numbers: Sequence[int], metas: Sequence[TableMeta]
) -> tuple[tuple[int, FileMetadata], ...]:
    return tuple(
        (compaction.output_level, FileMetadata(number, meta.file_size, meta.smallest, meta.largest))
        for number, meta in zip(numbers, metas, strict=True)
    )


def compact_range(core: Core, first: Any, last: Any) -> None:
    """Merge everything between two user keys, as the key order's values, down to the deepest level that has any of it.

    Raises:
        RelevelError: as ``run_compaction``.
    """
    stop = Event()
    try:
        core.do_apart("compact_range", lambda: _compact_range(core, first, last, stop))
    except BaseException:
        stop.set()  # nobody waits for it any more
        raise


def _compact_range(core: Core, first: Any, last: Any, stop: Event) -> None:
    core.flusher.flush()
    with core.lock:
        version = core.versions.current
        deepest = max((level for level in range(LEVEL_COUNT) if version.overlaps(level, first, last)), default=0)
    for level in range(min(max(deepest, 1), LAST_LEVEL)):
        _compact_level(core, level, first, last, stop)


def _compact_level(core: Core, level: int, first: Any, last: Any, stop: Event) -> None:
    """Merge what a level holds of a range into the next level, some tables at a time, in key order."""
    while not stop.is_set():
        with core.compactor.alone():
            with core.lock:
                version = core.versions.current
                chosen = version.overlapping(level, first, last)
                if not chosen:
                    return
                room = _MOST_TABLES if level > 0 else len(chosen)
                compaction = make_compaction(version, level, chosen[:room], core.options)
            run_compaction(core, compaction, may_move=False, stop=stop)
        if level == 0:
            return
        first = key_range(compaction.upper)[1]
