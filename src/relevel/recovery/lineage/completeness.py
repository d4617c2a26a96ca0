"""Completeness: whether it is proved, without a manifest, that no table and no log is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from relevel.files.outdated import SLACK
from relevel.recovery.inventory.standing import Proof
from relevel.recovery.lineage.chronicle import Chronicle
from relevel.recovery.lineage.tally import count_of_all_writes
from relevel.recovery.lineage.traced import Traced
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.succession import newest_in
from relevel.recovery.survey.survey import Survey
from relevel.recovery.survey.table import TableSurvey


@dataclass(frozen=True, slots=True)
class Proved:
    """That nothing is missing, though no manifest says so.

    Attributes:
        proof: by what that is known.
        reason: how, in words.
    """

    proof: Proof
    reason: str


def prove(found: Survey, traced: Traced, chronicle: Chronicle) -> Proved | None:
    """Say how it is proved; None where it is not.

    Raises:
        OSError: the system cannot read a file.
    """
    return _proved_by_log_file(traced, chronicle) or _proved_by_writes(found, traced, chronicle)


def _proved_by_log_file(traced: Traced, chronicle: Chronicle) -> Proved | None:
    """That LOG proves that no table and no log is missing; None where it does not."""
    numbers = {table.file.number for table in traced.live}
    told = chronicle.created.keys() - chronicle.removed_tables
    is_all = (
        chronicle.table_count == len(numbers)
        and told - traced.superseded_numbers <= numbers <= chronicle.created.keys()
    )
    if (
        not is_all
        or not all(_is_as_told(table, chronicle) for table in traced.live)
        or not _ends_with_a_log(traced, chronicle)
        or not _follow_one_another(traced, chronicle)
    ):
        return None
    return Proved(Proof.INFERRED, f"LOG says that {len(numbers)} tables counted last, and just these are there")


def _proved_by_writes(found: Survey, traced: Traced, chronicle: Chronicle) -> Proved | None:
    """That the writes themselves prove that none is missing; None where they do not, or LOG tells of later ones."""
    newest_log = max(traced.logs, key=lambda log: log.file.number or 0, default=None)
    is_flushing = any(table.file.name in traced.orphans for table in found.tables)
    if newest_log is None or _is_empty(newest_log) or len(traced.logs) < (2 if is_flushing else 1):
        return None
    if _is_outlived(found, traced, newest_log, chronicle):
        return None
    last = count_of_all_writes(traced.live, traced.logs, found.directory.storage, found.comparator)
    return None if last is None else Proved(Proof.COUNTED, f"each of the {last} writes that were ever made is there")


def _is_outlived(found: Survey, traced: Traced, newest_log: LogSurvey, chronicle: Chronicle) -> bool:
    """Whether LOG tells of a log that came after the newest one, or of a table that counts, was made of others and is gone."""
    there = {table.file.number for table in found.tables}
    merged = chronicle.created.keys() - chronicle.flushed - chronicle.removed_tables
    return bool(merged - traced.superseded_numbers - there) or (newest_log.file.number or 0) < max(
        chronicle.removed_logs, default=0
    )


def _is_empty(log: LogSurvey) -> bool:
    return log.scan is None or log.scan.max_sequence is None


def _is_as_told(table: TableSurvey, chronicle: Chronicle) -> bool:
    """Whether a table is the one that LOG tells of under its number."""
    if table.scan is None or table.file.number is None:
        return False
    size, entry_count = chronicle.created[table.file.number]
    entries = table.scan.put_count + table.scan.deletion_count
    return size in (None, table.file.size) and (_is_hurt(table) or entry_count in (None, entries))


def _follow_one_another(traced: Traced, chronicle: Chronicle) -> bool:
    """Whether before each memtable that was written out, and is as it was, stands what was written last before it.

    LOG tells of a table no more than bytes and entries, and an older one may have as many: what is newer in the true one is missing
    then. Where that write was a deletion that a compaction has dropped since, nothing is missing, and this does not prove it.
    """
    flushed = [table for table in traced.live if table.file.number in chronicle.flushed and not _is_hurt(table)]
    return all(_begin(table) <= _newest_before(_begin(table), traced.live) + 1 + SLACK for table in flushed)


def _newest_before(sequence: int, tables: Iterable[TableSurvey]) -> int:
    """The highest sequence number below one that tables may have, by their lowest and highest; 0 where there is none."""
    scans = [table.scan for table in tables if table.scan is not None]
    before = [scan for scan in scans if scan.min_sequence is not None and scan.min_sequence < sequence]
    return max((min(scan.max_sequence or 0, sequence - 1) for scan in before), default=0)


def _begin(table: TableSurvey) -> int:
    return (table.scan.min_sequence if table.scan is not None else None) or 0


def _is_hurt(table: TableSurvey) -> bool:
    return any(finding.is_loss for finding in table.findings)


def _ends_with_a_log(traced: Traced, chronicle: Chronicle) -> bool:
    """Whether the newest log is there and goes on where the tables end: an empty one does not tell, for it may have been cut.

    While a memtable becomes a table there are two logs.
    """
    begins = [
        log.scan.min_sequence for log in traced.logs if log.scan is not None and log.scan.min_sequence is not None
    ]
    if len(begins) < (2 if chronicle.is_flushing else 1) or any(log.losses for log in traced.logs):
        return False
    last = max(log.file.number or 0 for log in traced.logs)
    is_newest_told = all(log.scan and log.scan.max_sequence for log in traced.logs if log.file.number == last)
    return (
        is_newest_told
        and last > max(chronicle.removed_logs, default=0)
        and min(begins) <= newest_in(traced.live) + 1 + SLACK
    )
