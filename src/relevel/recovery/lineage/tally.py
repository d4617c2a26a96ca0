"""Tally: whether every write that was ever made is there.

Sequence numbers are given out from 1 without a gap, one for each put and deletion. Where all of them are there, up to the last in
the newest log, no table and no log is missing, whoever says what there was. That is so as long as nothing that was overwritten
has been dropped by a compaction: in small databases, and in those that are written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from relevel import _kernel
from relevel.format.comparator import Comparator
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.lineage.kin import merge_inputs
from relevel.recovery.read.rows import Rows
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.held import HeldDirectory

_MOST: Final = 1 << 28
"""Sequence numbers that are ticked off, a bit each."""


def count_of_all_writes(
    tables: Sequence[TableSurvey], logs: Sequence[LogSurvey], storage: HeldDirectory, comparator: Comparator
) -> int | None:
    """The last sequence number, if it and all before it are there; None where one is not. Reads what can have them all.

    Raises:
        OSError: the system cannot read a file.
    """
    count, last = _count(tables, logs)
    if not 0 < last <= _MOST or count != last:
        return None
    repairer = Repairer(storage, comparator)
    cursor = _kernel.Cursor(merge_inputs(tables, logs, storage), comparator.kernel, mode="versions", repair=repairer)
    return last if _ticks_off(last, (version.sequence for version in Rows(cursor, repairer))) else None


def has_more_writes_than_numbers(tables: Sequence[TableSurvey], logs: Sequence[LogSurvey]) -> bool:
    """Whether files of which none was made from another have more writes than sequence numbers: some have one in common."""
    count, last = _count(tables, logs)
    return count > last


def _count(tables: Sequence[TableSurvey], logs: Sequence[LogSurvey]) -> tuple[int, int]:
    """How many writes there are, and the last sequence number."""
    scans = [scan for scan in (*(table.scan for table in tables), *(log.scan for log in logs)) if scan is not None]
    count = sum(scan.put_count + scan.deletion_count for scan in scans)
    return count, max((scan.max_sequence or 0 for scan in scans), default=0)


def _ticks_off(last: int, sequences: Iterable[int]) -> bool:
    """Whether every number from 1 to the last comes, each once."""
    seen = bytearray(last // 8 + 1)
    count = 0
    for sequence in sequences:
        place, bit = sequence // 8, 1 << sequence % 8
        if not 0 < sequence <= last or seen[place] & bit:
            return False
        seen[place] |= bit
        count += 1
    return count == last
