"""Doubt: whether a manifest that looks whole has lost its last edits.

A manifest that was cut between two edits, or copied before the last ones, ends like a whole one. LevelDB takes the tables of the
lost edits for rubbish and deletes them. What gives it away are tables that are newer than the manifest and unknown to it,
together with one of these: a table or the log that it counts on is gone, or the oldest log that counts begins beyond the next
sequence number. A crash alone leaves unknown tables, and none of these.

What gives away a backup that was put back over a newer state is an unknown table with a newer change in it than the manifest
knows, and not from a log that counts: what a crash leaves was made from logs and tables that still count. Where the end of a log
that was not synced is lost with the power, the table that was just made of it looks the same. Not so one that has older changes as
well, which only a compaction makes, of tables that a manifest knew; nor one that a newer manifest counts on.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from relevel import _kernel
from relevel.files.manifest import ManifestScan, scan_manifest
from relevel.format.filename import FileKind, FileName, parse_filename
from relevel.storage.read_only import ReadOnlyDirectory

_ScanT = TypeVar("_ScanT", _kernel.TableScan, _kernel.LogScan)

_BATCH_HEADER_SIZE: Final = 12
"""Sequence number (8 bytes) and count (4) of a write batch. Part of the file format."""
_GAP: Final = "log.sequence.gap"
"""No damage: LevelDB leaves gaps itself."""
_LOST: Final = "its last edits are lost: there are newer tables that it does not know, and "
SLACK: Final = 1
"""goleveldb leaves out one sequence number where it replays a log."""


def doubt(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    """Say why the last edits of a whole manifest must be lost; None where nothing tells so.

    Reads nothing but where there are tables that the manifest does not know.
    """
    sign = _sign(storage, manifest, names)
    return None if sign is None else _LOST + sign


def certain_doubt(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    """The same where it is no crash that has left it so, nor a loss of power."""
    last, unknown = manifest.last_sequence or 0, _unknown(manifest, _tables(names))
    beyond = list(_beyond(storage, manifest, names, unknown))
    is_compacted = any(oldest <= last for _, oldest in beyond)
    if beyond and (is_compacted or _is_known_later(storage, manifest, names, unknown)):
        return _LOST + beyond[0][0]
    return None


def _sign(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    """What gives it away."""
    tables = _tables(names)
    unknown = _unknown(manifest, tables)
    if not unknown:
        return None
    missing = {metadata.number for _, metadata in manifest.tables()} - tables.keys()
    if missing and max(unknown) > max(missing):
        return f"table {max(missing)}, on which it counts, is gone"
    by_logs = _doubt_by_logs(storage, manifest, names)
    return by_logs or next(_beyond(storage, manifest, names, unknown), (None, 0))[0]


def _is_known_later(
    storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName], unknown: dict[int, str]
) -> bool:
    """Whether a newer manifest counts on one of these tables."""
    own_number = parse_filename(manifest.name).number or 0
    later = (name.name for name in names if name.kind is FileKind.MANIFEST and (name.number or 0) > own_number)
    return any(metadata.number in unknown for name in later for _, metadata in scan_manifest(storage, name).tables())


def _tables(names: Sequence[FileName]) -> dict[int, str]:
    return {name.number: name.name for name in names if name.kind is FileKind.TABLE and name.number is not None}


def _unknown(manifest: ManifestScan, tables: dict[int, str]) -> dict[int, str]:
    """The tables that are newer than the manifest and that it does not know."""
    own_number = parse_filename(manifest.name).number or 0
    known = {metadata.number for _, metadata in manifest.tables()} | set(manifest.deleted)
    return {number: name for number, name in tables.items() if number > own_number and number not in known}


def _beyond(
    storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName], unknown: dict[int, str]
) -> Iterator[tuple[str, int]]:
    """The unknown tables with a newer change than the manifest and the logs have: why they tell, and the oldest change in them.

    Reads them and, where one goes beyond the manifest, the logs. A damaged log may have held it all.
    """
    last = manifest.last_sequence or 0
    tables = {name: _scan(storage, name, _kernel.scan_table) for name in sorted(unknown.values())}
    beyond = {name: scan for name, scan in tables.items() if scan and (scan.max_sequence or 0) > last}
    if not beyond:
        return
    least = manifest.log_number or 0
    logs = [name.name for name in names if name.kind is FileKind.LOG and (name.number or 0) >= least]
    scans = [_scan(storage, name, _kernel.scan_log) for name in logs]
    if any(scan is None or any(fault.code != _GAP for fault in scan.faults) for scan in scans):
        return
    spans = [(scan.min_sequence or 0, scan.max_sequence or 0) for scan in scans if scan is not None]
    for name, table in beyond.items():
        newest = table.max_sequence or 0
        if not any(first <= newest <= end for first, end in spans):
            reason = f"{name} goes to sequence number {newest}, it ends with {last}, and no log has what is between"
            yield reason, table.min_sequence or 0


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
