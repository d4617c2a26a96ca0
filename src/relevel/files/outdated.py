"""Out of date: whether a manifest that looks whole has lost its last edits.

A manifest that was cut between two edits, or copied before the last ones, ends like a whole one. LevelDB takes the tables of the
lost edits for rubbish and deletes them. What gives it away are tables that are newer than the manifest and unknown to it,
together with one of these: a table or the log that it counts on is gone, or the oldest log that counts begins beyond the next
sequence number. A crash alone leaves unknown tables, and none of these.

What gives away a backup that was put back over a newer state is an unknown table with a newer change in it than the manifest
knows, and not from a log that counts: what a crash leaves was made from logs and tables that still count. Where the end of a log
that was not synced is lost with the power, the table that was just made of it looks the same. Not so one that has a change as old
as those in the manifest's tables, which only a compaction makes, of tables that a manifest knew; nor one on which a newer manifest
counts that was in use; nor one behind which the very log begins that the manifest names; nor, beside goleveldb's first manifest
while that names no log, any that was not made of a log that is there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from relevel import _kernel
from relevel.errors import StorageError
from relevel.files.log import TORN, has_only_zeroes
from relevel.files.manifest import ManifestScan, scan_manifest
from relevel.format.filename import FileKind, FileName, parse_filename
from relevel.storage.read_only import ReadOnlyDirectory

_ScanT = TypeVar("_ScanT", _kernel.TableScan, _kernel.LogScan)

_BATCH_HEADER_SIZE: Final = 12
"""Sequence number (8 bytes) and count (4) of a write batch. Part of the file format."""
_GAP: Final = "log.sequence.gap"
"""No damage: LevelDB leaves gaps itself."""
_LOST: Final = "its last edits are lost: there are newer tables that it does not know, and "
_EDITS_BEFORE_USE: Final = 2
"""Edits that LevelDB writes to a new manifest before CURRENT names it: a snapshot, and what opening changed."""
_FIRST_OF_GOLEVELDB: Final = 0
SLACK: Final = 1
"""goleveldb leaves out one sequence number where it replays a log."""


class _Span(NamedTuple):
    """What is in a log that counts.

    Attributes:
        first: the sequence number of its oldest change; 0 where none is there.
        last: that of its newest.
        is_cut: whether it may have gone on behind that.
        is_damaged: whether it may have had anything besides.
    """

    first: int
    last: int
    is_cut: bool = False
    is_damaged: bool = False


class _Newer(NamedTuple):
    """A table with a newer change than the manifest and its logs have.

    Attributes:
        reason: what it tells.
        oldest: the sequence number of its oldest change.
        newest: that of its newest.
    """

    reason: str
    oldest: int
    newest: int


def why_perhaps_outdated(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    """Say why the last edits of a whole manifest must be lost, or a loss of power has left it so; None where nothing tells so.

    Reads nothing but where there are tables that the manifest does not know.
    """
    tables = _tables(names)
    unknown = _unknown(manifest, tables)
    if not unknown:
        return None
    missing = {metadata.number for _, metadata in manifest.tables()} - tables.keys()
    if missing and max(unknown) > max(missing):
        return f"{_LOST}table {max(missing)}, on which it counts, is gone"
    reason = _why_by_logs(storage, manifest, names)
    reason = reason or next((table.reason for table in _newer_tables(storage, manifest, names, tables)), None)
    return None if reason is None else _LOST + reason


def why_surely_outdated(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    """Say why a whole manifest is older than the tables beside it, where no crash and no loss of power leaves it so; else None.

    Reads nothing but where there are tables that the manifest does not know.
    """
    tables = _tables(names)
    newer = list(_newer_tables(storage, manifest, names, tables))
    if newer and (
        _is_first_of_goleveldb(manifest)
        or _are_merged(storage, manifest, tables, newer)
        or _are_in_use(storage, manifest, names, _unknown(manifest, tables))
        or _are_committed(storage, manifest, names, newer)
    ):
        return _LOST + newer[0].reason
    return None


def has_newer_tables(manifest: ManifestScan, names: Sequence[FileName]) -> bool:
    """Say whether there are tables that are newer than a manifest and that it does not know, whatever is in them."""
    return bool(_unknown(manifest, _tables(names)))


def log_let_go(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> int | None:
    """Give the number of the log that a manifest counts on and that is not there, where nothing was in it; None else.

    goleveldb, asked to compact while nothing is in its memory, begins another log, removes the one it has, and leaves that one's
    number in the manifest. The last sequence number that it notes is that of the newest change in tables, and its opening has
    written it anew, with what a replay leaves out; so where something was in the log, the next one that is filled begins beyond
    that, or a table of it is there. Besides, goleveldb notes no previous log; others note that there is none.

    Reads nothing where the log is there; else the beginning of a log, unknown tables and, where one of these goes beyond the
    manifest, the logs.
    """
    number = manifest.log_number
    if not number or not manifest.complete or not manifest.is_goleveldbs:
        return None
    tables, counting = _tables(names), _counting_logs(manifest, names)
    if not counting or number in counting or not _goes_on(storage, manifest, tables, counting.values()):
        return None
    beyond = _beyond(storage, manifest, tables)
    spans = _spans_of_logs(storage, manifest, names) if beyond else []
    if any(span.is_damaged for span in spans):
        return None
    unexplained = {name: table for name, table in beyond.items() if not _begins_within(table, spans)}
    return None if _beyond_tables(storage, manifest, tables, unexplained) else number


def _goes_on(
    storage: ReadOnlyDirectory, manifest: ManifestScan, tables: Mapping[int, str], logs: Iterable[str]
) -> bool:
    """Whether the first log with anything in it begins where the tables end; also where nothing whole is in any."""
    try:
        filled = [log for log in logs if not has_only_zeroes(storage, log)]
    except StorageError:
        return False
    if not filled:
        return True
    first = first_sequence(storage, filled[0])
    if first is None:
        return all(is_torn_at_once(storage, log) for log in filled)
    if first <= manifest.newest + 1:
        return True
    newest = newest_in_tables(storage, _live(manifest, tables), first - 1)  # the manifest may note too low a number
    return first <= newest + 1


def is_torn_at_once(storage: ReadOnlyDirectory, log: str) -> bool:
    """Say whether the end of a log cuts its first record, as a crash does. So it is of an empty one."""
    if first_sequence(storage, log) is not None:
        return False
    scan = _scan(storage, log, _kernel.scan_log)
    return scan is not None and scan.max_sequence is None and all(fault.code == TORN for fault in scan.faults)


def _are_merged(
    storage: ReadOnlyDirectory, manifest: ManifestScan, tables: Mapping[int, str], newer: Iterable[_Newer]
) -> bool:
    """Whether one of these has a change as old as those in the manifest's tables, of which it was made.

    The manifest's last sequence number may be of a change that only a log has, from which LevelDB makes a table with older ones and
    newer ones. So the tables are read, the newest first, but where even that number is less.
    """
    oldest = min(table.oldest for table in newer)
    if oldest > manifest.newest:
        return False
    scans = (_scan(storage, name, _kernel.scan_table) for name in _live(manifest, tables))
    return any(scan is not None and (scan.max_sequence or 0) >= oldest for scan in scans)


def _is_first_of_goleveldb(manifest: ManifestScan) -> bool:
    """Whether it is goleveldb's, and no edit names a log yet, as one does before anything is written. LevelDB's has number 1."""
    return not manifest.log_number and parse_filename(manifest.name).number == _FIRST_OF_GOLEVELDB


def _are_committed(
    storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName], newer: Iterable[_Newer]
) -> bool:
    """Whether the very log that the manifest names begins behind one of these, so that an edit had counted on it."""
    log = _counting_logs(manifest, names).get(manifest.log_number or 0)
    first = None if log is None else first_sequence(storage, log)
    return first is not None and any(table.newest < first for table in newer)


def _live(manifest: ManifestScan, tables: Mapping[int, str]) -> list[str]:
    """The tables that count and are there, the newest first."""
    numbers = sorted((metadata.number for _, metadata in manifest.tables()), reverse=True)
    return [tables[number] for number in numbers if number in tables]


def _are_in_use(
    storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName], unknown: Mapping[int, str]
) -> bool:
    """Whether a newer manifest that CURRENT has named counts on one of these tables."""
    own_number = parse_filename(manifest.name).number or 0
    later = (name.name for name in names if name.kind is FileKind.MANIFEST and (name.number or 0) > own_number)
    scans = (scan_manifest(storage, name) for name in later)
    return any(
        metadata.number in unknown
        for scan in scans
        if scan.edit_count > _EDITS_BEFORE_USE
        for _, metadata in scan.tables()
    )


def _tables(names: Sequence[FileName]) -> dict[int, str]:
    return {name.number: name.name for name in names if name.kind is FileKind.TABLE and name.number is not None}


def _unknown(manifest: ManifestScan, tables: Mapping[int, str]) -> dict[int, str]:
    """The tables that are newer than the manifest and that it does not know."""
    own_number = parse_filename(manifest.name).number or 0
    known = {metadata.number for _, metadata in manifest.tables()} | set(manifest.deleted)
    return {number: name for number, name in tables.items() if number > own_number and number not in known}


def _newer_tables(
    storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName], tables: Mapping[int, str]
) -> Iterator[_Newer]:
    """The unknown tables with a newer change than the manifest and the logs have.

    Reads them and, where one goes beyond the manifest, the logs. A damaged log may have held it all, and so may one that is cut in
    its first record; one that is cut further on, what is newer than its first change. Of goleveldb's first manifest only tables
    that its recovery was making of logs were not known.
    """
    beyond = _beyond(storage, manifest, tables)
    spans = _spans_of_logs(storage, manifest, names) if beyond else []
    is_first = _is_first_of_goleveldb(manifest)
    if any(span.is_damaged for span in spans) and not is_first:
        return
    why = "names no log yet" if is_first else f"ends with {manifest.newest}, and no log has what is between"
    is_explained = _is_made_of if is_first else _ends_within
    unexplained = {name: table for name, table in beyond.items() if not is_explained(table, spans)}
    for name, table in _beyond_tables(storage, manifest, tables, unexplained).items():
        reason = f"{name} goes to sequence number {table.max_sequence}, and the manifest {why}"
        yield _Newer(reason, table.min_sequence or 0, table.max_sequence or 0)


def _beyond(
    storage: ReadOnlyDirectory, manifest: ManifestScan, tables: Mapping[int, str]
) -> dict[str, _kernel.TableScan]:
    """The unknown tables with a newer change than the manifest knows."""
    unknown = _unknown(manifest, tables)
    newest = manifest.newest if unknown else 0
    scans = {name: _scan(storage, name, _kernel.scan_table) for name in sorted(unknown.values())}
    return {name: scan for name, scan in scans.items() if scan and (scan.max_sequence or 0) > newest}


def _beyond_tables(
    storage: ReadOnlyDirectory,
    manifest: ManifestScan,
    tables: Mapping[int, str],
    beyond: Mapping[str, _kernel.TableScan],
) -> Mapping[str, _kernel.TableScan]:
    """Those of unknown tables with a newer change than the tables that count have too: the last number that goleveldb notes may be
    too low. Reads these tables, the newest first, until one has as new a change."""
    if not beyond or not manifest.is_goleveldbs:
        return beyond
    most = max(table.max_sequence or 0 for table in beyond.values())
    newest = newest_in_tables(storage, _live(manifest, tables), most)
    return {name: table for name, table in beyond.items() if (table.max_sequence or 0) > newest}


def _spans_of_logs(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> list[_Span]:
    """What is in each log that counts."""
    scans = [_scan(storage, log, _kernel.scan_log) for log in _counting_logs(manifest, names).values()]
    return [_Span(0, 0, is_damaged=True) if scan is None else _span_of(scan) for scan in scans]


def _span_of(scan: _kernel.LogScan) -> _Span:
    faults = {fault.code for fault in scan.faults} - {_GAP}
    return _Span(scan.min_sequence or 0, scan.max_sequence or 0, TORN in faults, bool(faults - {TORN}))


def _ends_within(table: _kernel.TableScan, spans: Iterable[_Span]) -> bool:
    """Whether a log has what a table ends with, or may have had it."""
    newest = table.max_sequence or 0
    return any(span.first <= newest and (newest <= span.last or span.is_cut) for span in spans)


def _begins_within(table: _kernel.TableScan, spans: Iterable[_Span]) -> bool:
    """Whether a log has what a table begins with; it may have lost its end with the power."""
    return any(span.first <= (table.min_sequence or 0) <= span.last for span in spans)


def _is_made_of(table: _kernel.TableScan, spans: Iterable[_Span]) -> bool:
    """Whether a log has all that is in a table, or has lost what it has not."""
    oldest, newest = table.min_sequence or 0, table.max_sequence or 0
    return any(0 < span.first <= oldest and (newest <= span.last or span.is_cut or span.is_damaged) for span in spans)


def _scan(storage: ReadOnlyDirectory, name: str, scan: Callable[[_kernel.Source], _ScanT]) -> _ScanT | None:
    """What reading a file found; None where the system cannot read it."""
    try:
        return scan(storage.source(name))
    except OSError:
        return None


def _why_by_logs(storage: ReadOnlyDirectory, manifest: ManifestScan, names: Sequence[FileName]) -> str | None:
    least, logs = manifest.log_number or 0, _counting_logs(manifest, names)
    has_logs = any(name.kind is FileKind.LOG for name in names)
    if least and has_logs and least not in logs and log_let_go(storage, manifest, names) is None:
        return f"log {least}, on which it counts, is gone"
    for log in logs.values():
        first = first_sequence(storage, log)
        if first is not None:
            last = manifest.newest
            beyond = first > last + 1 + SLACK
            return f"{log} begins with sequence number {first}, and it ends with {last}" if beyond else None
    return None


def _counting_logs(manifest: ManifestScan, names: Sequence[FileName]) -> dict[int, str]:
    """The logs that count, in order."""
    logs = sorted((name.number, name.name) for name in names if name.kind is FileKind.LOG and name.number is not None)
    return {number: name for number, name in logs if manifest.counts_on_log(number)}


def newest_in_tables(storage: ReadOnlyDirectory, names: Iterable[str], enough: int) -> int:
    """The highest sequence number in tables, which are read until one has ``enough``; of a damaged one, in what can be read."""
    newest = 0
    for name in names:
        scan = _scan(storage, name, _kernel.scan_table)
        newest = max(newest, (scan.max_sequence if scan is not None else None) or 0)
        if newest >= enough:
            break
    return newest


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
