"""Doubt: whether a manifest that looks whole has lost its last edits.

A manifest that was cut between two edits, or copied before the last ones, ends like a whole one. LevelDB takes the tables of the
lost edits for rubbish and deletes them. What gives it away are tables that are newer than the manifest and unknown to it,
together with one of these: a table or the log that it counts on is gone, or the oldest log that counts begins beyond the next
sequence number. A crash alone leaves unknown tables, and none of these.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from relevel import _kernel
from relevel.files.manifest import ManifestScan
from relevel.format.filename import FileKind, FileName, parse_filename
from relevel.storage.read_only import ReadOnlyDirectory

_BATCH_HEADER_SIZE: Final = 12
"""Sequence number (8 bytes) and count (4) of a write batch. Part of the file format."""
_SLACK: Final = 1
"""goleveldb leaves out one sequence number where it replays a log."""


def doubt(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    """Say why the last edits of a whole manifest must be lost; None where nothing tells so. Reads one record of a log."""
    own_number = parse_filename(manifest.name).number or 0
    tables = {name.number for name in names if name.kind is FileKind.TABLE and name.number is not None}
    live = {metadata.number for _, metadata in manifest.tables()}
    unknown = {number for number in tables - live if number > own_number and number not in manifest.deleted}
    if not unknown:
        return None
    missing = live - tables
    if missing and max(unknown) > max(missing):
        return f"table {max(missing)}, on which it counts, is gone"
    return _doubt_by_logs(storage, manifest, names)


def _doubt_by_logs(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    least = manifest.log_number or 0
    logs = {name.number: name.name for name in names if name.kind is FileKind.LOG and name.number is not None}
    if least and logs and least not in logs:
        return f"log {least}, on which it counts, is gone"
    for number in sorted(number for number in logs if number >= least):
        first = _first_sequence(storage, logs[number])
        if first is not None:
            last = manifest.last_sequence or 0
            beyond = first > last + 1 + _SLACK
            return f"{logs[number]} begins with sequence number {first}, and it ends with {last}" if beyond else None
    return None


def _first_sequence(storage: ReadOnlyDirectory, name: str) -> int | None:
    """The sequence number of a log's first batch; None where the log is empty or its first record damaged."""
    try:
        records = _kernel.LogReader(storage.path(name)).read(1)
    except OSError:
        return None
    if not records or records[0][0] != 0 or len(records[0][2]) < _BATCH_HEADER_SIZE:
        return None
    sequence: int = struct.unpack_from("<Q", records[0][2])[0]
    return sequence
