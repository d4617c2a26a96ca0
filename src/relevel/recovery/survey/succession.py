"""Succession: which file must be newer than which, as LevelDB takes for granted when it looks for a key and stops at the first.

What is in a log that counts is newer than all tables; of two tables in level 0 that share keys the one with the higher number is
newer. Where a file was put there by hand, or LevelDB's own repair made the tables, sequence numbers may say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise

from relevel.files.log import commands_on
from relevel.files.manifest import newest_in_ends
from relevel.findings import Finding, KeyRange, Span
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.standing import Proof, Standing
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.table import TableSurvey


def verify_logs(directory: Directory, tables: Iterable[TableSurvey], logs: Iterable[LogSurvey]) -> Iterator[Finding]:
    """Hold the first sequence number of each live log against what is in the tables and in the logs before it.

    A log that begins before these end is of another time, or of another database. An oldest one that begins after the next number
    that was to be given out has lost its beginning, or a full disk has refused what should be there: else numbers are given out
    without a gap, and what is in no table was in the log. Where a log is missing, that is told already. And the last number that
    the manifest notes against the tables.
    """
    return _verify_begins(directory, newest_in(table for table in tables if table.file.standing is Standing.LIVE), logs)


def verify_logs_by_ends(directory: Directory, logs: Iterable[LogSurvey]) -> Iterator[Finding]:
    """As ``verify_logs``, where no table was read: of these only the end keys are known, by the manifest; they may go further."""
    manifest = directory.manifest
    newest = newest_in_ends(table for _, table in (manifest.tables() if manifest else ()))
    return _verify_begins(directory, newest, logs)


def _verify_begins(directory: Directory, newest: int, logs: Iterable[LogSurvey]) -> Iterator[Finding]:
    live = [
        log for log in logs if log.file.standing is Standing.LIVE and log.scan and log.scan.min_sequence is not None
    ]
    for log in live:
        if not _is_after(log, newest):
            yield _back(log, f"the tables already go to {newest}")
    for log, following in pairwise(sorted(live, key=lambda log: log.file.number or 0)):
        if _begin(following) <= _end(log):
            yield _back(following, f"{log.file.name} already goes to {_end(log)}")
    manifest = directory.manifest
    if manifest is None or directory.proof is not Proof.MANIFEST:
        return
    last = manifest.last_sequence or 0
    if newest > last:
        message = f"{manifest.name}: ends with sequence number {last}, and the tables that it counts on go to {newest}"
        yield Finding.of("manifest.sequence.short", Span(manifest.name), message)
    if live and not any(directory.of_kind(FileKind.LOG, Standing.MISSING)):
        given_out = max(newest, manifest.newest)
        oldest = min(live, key=_begin)
        if _begin(oldest) > given_out + 1 and not oldest.losses:  # what damage costs is told by the damage
            begins = f"{oldest.file.name}: begins with sequence number {_begin(oldest)}"
            ends = f"tables and manifest end with {given_out}"
            message = f"{begins}, and {ends}: what came between is lost, or a full disk refused it"
            yield Finding.of("log.sequence.late", Span(oldest.file.name), message, KeyRange())


def verify_log_ends(
    directory: Directory, logs: Iterable[LogSurvey], tables: Sequence[TableSurvey] = ()
) -> Iterator[Finding]:
    """Find live logs that end before the next one begins, or the last before the sequence number that the manifest knows.

    What a live log holds is newer than all tables; so what comes after it was in it or in a later one, and is not there. And what
    an old log holds is in tables that the manifest knows: one that goes further has the wrong number, or the manifest is too old.
    Where the oldest logs are empty, ``tables`` tell with what the next one begins; the manifest's number may be of a later change.
    """
    manifest = directory.manifest
    if manifest is None or directory.proof is not Proof.MANIFEST:
        return
    logs = list(logs)
    live = [log for log in logs if log.file.standing is Standing.LIVE and log.scan and log.scan.max_sequence]
    last = manifest.last_sequence or 0
    known = max([last, *map(_end, live)])
    for log in logs:
        if log.file.standing is Standing.SUPERSEDED and _end(log) > known:
            reach = f"goes to sequence number {_end(log)}, and all that counts ends with {known}"
            dump, load = commands_on(str(directory.path), log.file.name)
            advice = f"`{dump}` prints what it holds, for `{load}`"
            message = f"{manifest.name}: {log.file.name}, which it does not count on, {reach}; {advice}"
            yield Finding.of("manifest.partial", Span(manifest.name), message)
    ordered = sorted(live, key=lambda log: log.file.number or 0)
    for log, following in pairwise(ordered):
        if _begin(following) > _end(log) + 1 and not log.losses:
            yield _short(log, f"{following.file.name} begins with {_begin(following)}")
    yield from _emptied(ordered, logs, tables, manifest.newest if manifest.is_goleveldbs else 0)
    if ordered and max(map(_end, live)) < last and not ordered[-1].losses:
        yield _short(ordered[-1], f"the manifest knows {last}")


def _emptied(
    filled: Sequence[LogSurvey], logs: Iterable[LogSurvey], tables: Sequence[TableSurvey], left_out: int
) -> Iterator[Finding]:
    """Of an empty log that counts before ``filled`` ones, what was in it, if the tables end before these begin.

    Up to ``left_out`` there was nothing else: goleveldb leaves a number out where it replays a log, and notes it.
    """
    live = [table for table in tables if table.file.standing is Standing.LIVE]
    if not filled or not live or any(table.scan is None or table.losses for table in live):
        return
    number, newest = filled[0].file.number or 0, max(newest_in(live), left_out)
    empty = [log for log in logs if log.file.standing is Standing.LIVE and not log.losses]
    for log in empty:
        if (log.file.number or 0) < number and _begin(filled[0]) > newest + 1:
            yield _short(log, f"tables with {newest}, and {filled[0].file.name} begins with {_begin(filled[0])}")


def _short(log: LogSurvey, beyond: str) -> Finding:
    message = f"{log.file.name}: ends with sequence number {_end(log)}, and {beyond}"
    return Finding.of("log.sequence.short", Span(log.file.name, log.file.size), message, KeyRange())


def _end(log: LogSurvey) -> int:
    return (log.scan.max_sequence if log.scan is not None else None) or 0


def _begin(log: LogSurvey) -> int:
    return (log.scan.min_sequence if log.scan is not None else None) or 0


def _back(log: LogSurvey, against: str) -> Finding:
    message = f"{log.file.name}: begins with sequence number {_begin(log)}, and {against}"
    return Finding.of("log.sequence.back", Span(log.file.name, 0, log.file.size), message, KeyRange())


def logs_are_newest(tables: Iterable[TableSurvey], logs: Iterable[LogSurvey]) -> bool:
    """Whether every log begins after the tables end."""
    newest = newest_in(tables)
    return all(_is_after(log, newest) for log in logs)


def newer_by_number(tables: Iterable[TableSurvey], comparator: Comparator) -> bool:
    """Whether of tables that share keys the one with the higher number is the newer one. Looks at every pair."""
    read = [table for table in tables if table.scan is not None and table.scan.smallest is not None]
    ordered = sorted(read, key=lambda table: table.file.number or 0)
    return not any(
        newest_in([older]) > _oldest(newer) and _share_keys(older, newer, comparator)
        for older, newer in combinations(ordered, 2)
    )


def _is_after(log: LogSurvey, sequence: int) -> bool:
    return log.scan is None or log.scan.min_sequence is None or log.scan.min_sequence > sequence


def newest_in(tables: Iterable[TableSurvey]) -> int:
    """The highest sequence number in tables; 0 where there is none."""
    return max((table.scan.max_sequence or 0 for table in tables if table.scan is not None), default=0)


def _oldest(table: TableSurvey) -> int:
    return (table.scan.min_sequence if table.scan is not None else None) or 0


def _share_keys(a: TableSurvey, b: TableSurvey, comparator: Comparator) -> bool:
    a_first, a_last = _ends(a)
    b_first, b_last = _ends(b)
    return comparator.compare(a_first, b_last) <= 0 and comparator.compare(b_first, a_last) <= 0


def _ends(table: TableSurvey) -> tuple[bytes, bytes]:
    scan = table.scan
    assert scan is not None and scan.smallest is not None and scan.largest is not None
    return user_key_of(scan.smallest), user_key_of(scan.largest)
