"""Doubt: whether a manifest that looks whole has lost its last edits.

A manifest that was cut between two edits, or copied before the last ones, ends like a whole one. LevelDB takes the tables of the
lost edits for rubbish and deletes them. What gives it away are tables that are newer than the manifest and unknown to it,
together with one of these: a table or the log that it counts on is gone, or the oldest log that counts begins beyond the next
sequence number. A crash alone leaves unknown tables, and none of these.

What gives away a backup that was put back over a newer state is an unknown table with a newer change in it than the manifest
knows, and not from a log that counts: what a crash leaves was made from logs and tables that still count.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from relevel import _kernel
from relevel.files.manifest import ManifestScan
from relevel.format.filename import FileKind, FileName, parse_filename
from relevel.storage.read_only import ReadOnlyDirectory

_ScanT = TypeVar("_ScanT", _kernel.TableScan, _kernel.LogScan)

_BATCH_HEADER_SIZE: Final = 12
"""Sequence number (8 bytes) and count (4) of a write batch. Part of the file format."""
_GAP: Final = "log.sequence.gap"
"""No damage: LevelDB leaves gaps itself."""
SLACK: Final = 1
"""goleveldb leaves out one sequence number where it replays a log."""


def doubt(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    """Say why the last edits of a whole manifest must be lost; None where nothing tells so.

    Reads nothing but where there are tables that the manifest does not know.
    """
    own_number = parse_filename(manifest.name).number or 0
    tables = {name.number: name.name for name in names if name.kind is FileKind.TABLE and name.number is not None}
    live = {metadata.number for _, metadata in manifest.tables()}
    unknown = {number for number in tables.keys() - live if number > own_number and number not in manifest.deleted}
    if not unknown:
        return None
    missing = live - tables.keys()
    if missing and max(unknown) > max(missing):
        return f"table {max(missing)}, on which it counts, is gone"
    by_logs = _doubt_by_logs(storage, manifest, names)
    return by_logs or _doubt_by_tables(storage, manifest, names, sorted(tables[number] for number in unknown))


def _doubt_by_tables(
    storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName], unknown: Sequence[str]
) -> str | None:
    """Reads the unknown tables and, where these go beyond the manifest, the logs that count. A damaged log may have held it all."""
    last = manifest.last_sequence or 0
    tables = {name: _scan(storage, name, _kernel.scan_table) for name in unknown}
    beyond = {name: scan.max_sequence for name, scan in tables.items() if scan and (scan.max_sequence or 0) > last}
    if not beyond:
        return None
    least = manifest.log_number or 0
    logs = [name.name for name in names if name.kind is FileKind.LOG and (name.number or 0) >= least]
    scans = [_scan(storage, name, _kernel.scan_log) for name in logs]
    if any(scan is None or any(fault.code != _GAP for fault in scan.faults) for scan in scans):
        return None
    spans = [(scan.min_sequence or 0, scan.max_sequence or 0) for scan in scans if scan is not None]
    for name, newest in beyond.items():
        if not any(first <= (newest or 0) <= end for first, end in spans):
            return f"{name} goes to sequence number {newest}, it ends with {last}, and no log has what is between"
    return None


def _scan(storage: ReadOnlyDirectory, name: str, scan: Callable[[_kernel.Source], _ScanT]) -> _ScanT | None:
    """What reading a file found; None where the system cannot read it."""
    try:
        return scan(storage.source(name))
    except OSError:
        return None


def _doubt_by_logs(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    least = manifest.log_number or 0
    logs = {name.number: name.name for name in names if name.kind is FileKind.LOG and name.number is not None}
    if least and logs and least not in logs:
        return f"log {least}, on which it counts, is gone"
    for number in sorted(number for number in logs if number >= least):
        first = first_sequence(storage, logs[number])
        if first is not None:
            last = manifest.last_sequence or 0
            beyond = first > last + 1 + SLACK
            return f"{logs[number]} begins with sequence number {first}, and it ends with {last}" if beyond else None
    return None


def first_sequence(storage: ReadOnlyDirectory, name: str) -> int | None:
    """The sequence number of a log's first batch; None where the log is empty or its first record damaged."""
    try:
        records = _kernel.LogReader(storage.source(name)).read(1)
    except OSError:
        return None
    if not records or records[0][0] != 0 or len(records[0][2]) < _BATCH_HEADER_SIZE:
        return None
    sequence: int = struct.unpack_from("<Q", records[0][2])[0]
    return sequence
