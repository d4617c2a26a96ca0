"""Newest log: whether LOG tells of one that is not there, which no manifest names.

When a memtable is full, a new log is begun and then the memtable becomes a table, of which LOG tells at once. Until the manifest
knows that table it names the log before, so that only LOG tells that there was a later one.

Source: google/leveldb, db/db_impl.cc (MakeRoomForWrite, WriteLevel0Table). While a database is opened tables are made too, and no
log is begun before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from relevel.files.info_log import info_log_lines
from relevel.files.manifest import ManifestScan
from relevel.findings import Finding, KeyRange, Span
from relevel.format.filename import FileKind, FileName, log_name, parse_filename
from relevel.storage.read_only import ReadOnlyDirectory

_STARTED: Final = re.compile(r"Level-\d+ table #(\d{1,18}): started$")
_ENDED: Final = re.compile(r"Level-\d+ table #(\d{1,18}): (?:[1-9]\d* bytes|0 bytes OK)")
_RECOVERING: Final = "Recovering log #"
_OPENED: Final = re.compile(r"Delete type=|Reusing old log |Writing to log #")
"""What stands in a line only when an opening makes no table any more; the last is relevel's."""


def verify_newest_log(
    storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]
) -> Iterator[Finding]:
    """Tell of a log that was newer than the one that a whole manifest names, and is not there. Reads LOG where none is newer."""
    first = manifest.log_number
    if not first or any(name.kind is FileKind.LOG and (name.number or 0) > first for name in names):
        return
    table = _table_begun(info_log_lines(storage, "LOG"))
    if table is None:
        return
    known = {metadata.number for _, metadata in manifest.tables()} | set(manifest.deleted)
    if table in known:
        return
    there = known | {name.number for name in names}
    number = next((number for number in range(table - 1, first, -1) if number not in there), None)
    if number is not None and not _is_begun_since(storage, first):
        gone = f"{log_name(number)} or thereabouts: a log newer than {log_name(first)} is gone"
        message = (
            f"{gone}: LOG tells that table #{table} was begun while the database was in use, and a log goes before that"
        )
        yield Finding.of("log.newest.missing", Span(log_name(number)), message, KeyRange())


def _is_begun_since(storage: ReadOnlyDirectory, first: int) -> bool:
    """Whether there is a newer log by now: LOG, which is not held open, may tell of what came after the others were."""
    now = (parse_filename(entry.name) for entry in ReadOnlyDirectory(storage.root).entries())
    return any(name.kind is FileKind.LOG and (name.number or 0) > first for name in now)


def _table_begun(lines: Sequence[str]) -> int | None:
    """The number of the table that a memtable was becoming when LOG ended, if that was after the opening; else None.

    Looks from the end: it is told there, or nowhere.
    """
    begun = None
    for line in reversed(lines):
        if begun is None:
            started = _STARTED.search(line)
            begun = None if started is None else int(started[1])
            if _ENDED.search(line) is not None:
                return None
        elif _OPENED.search(line) is not None:
            break
        if _RECOVERING in line:
            return None
    return begun
