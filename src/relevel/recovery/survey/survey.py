"""Survey: what state it is in. Every block and record of every file read and verified, in parallel.

What one flipped bit explains is put back (in memory), so that the findings say what is lost and what is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.recovery.heal.checksum import Trust
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.survey.levels import verify_levels
from relevel.recovery.survey.log import LogSurvey, survey_log
from relevel.recovery.survey.succession import verify_log_ends, verify_logs
from relevel.recovery.survey.table import TableSurvey, survey_table
from relevel.storage.read_only import ReadOnlyDirectory

_MOST_KEPT: Final = 32 << 20
"""What is kept of all tables' mended blocks: bytes."""
_MOST_AT_ONCE: Final = 16
"""How many files a process is given at once, so that a database of many files is not slowed down by handing them out."""
_LEAST_TASKS: Final = 64
"""Tasks into which files are cut before any of them is given two, so that every worker has some."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told of work done and of all the work there is: in bytes, or in entries where the caller says so."""
_Look: TypeAlias = TableSurvey | LogSurvey


@dataclass(frozen=True)
class Survey:
    """The state of every file.

    Attributes:
        directory: the inventory.
        comparator: the order of the keys.
        tables: every table on disk, in order of number.
        logs: every log on disk, in order of number.
        findings: everything that is wrong, the inventory's findings first.
        trust: how far healing went.
    """

    directory: Directory
    comparator: Comparator
    tables: tuple[TableSurvey, ...]
    logs: tuple[LogSurvey, ...]
    findings: tuple[Finding, ...]
    trust: int = Trust.TESTED


def core_count() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def survey(
    directory: Directory,
    comparator: Comparator,
    *,
    trust: int = Trust.TESTED,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Survey:
    """Read and verify every table and log of a directory.

    Args:
        directory: the inventory.
        comparator: the order of the keys.
        trust: how far healing goes, one of ``Trust``.
        executor: where the files are read; one thread a core where none is given. What it runs can be pickled, so processes
            and clusters that see the same files will do (not so a comparator that is a lambda or a nested function).
        progress: told of bytes read.
    """
    files = [*directory.of_kind(FileKind.TABLE), *directory.of_kind(FileKind.LOG)]
    look = partial(_look, directory.storage, comparator, trust)
    at_once = 1 if executor is None else max(1, min(_MOST_AT_ONCE, len(files) // _LEAST_TASKS))
    with ThreadPoolExecutor(core_count()) if executor is None else nullcontext(executor) as workers:
        try:
            looked = _watch(workers.map(look, files, chunksize=at_once), files, progress)
        except BaseException:
            directory.storage.stop()  # so that an interrupt does not wait for the files that are being read
            raise
    tables = tuple(result for result in looked if isinstance(result, TableSurvey))
    logs = tuple(result for result in looked if isinstance(result, LogSurvey))
    findings = (
        *directory.findings,
        *(finding for table in tables for finding in table.findings),
        *verify_levels(tables, comparator),
        *(finding for log in logs for finding in log.findings),
        *verify_logs(directory, tables, logs),
        *verify_log_ends(directory, logs, tables),
    )
    return Survey(directory, comparator, tables, logs, findings, trust)


def _look(storage: ReadOnlyDirectory, comparator: Comparator, trust: int, file: DatabaseFile) -> _Look:
    look: Callable[..., _Look] = survey_table if file.kind is FileKind.TABLE else survey_log
    return look(storage, comparator, file, trust)


def _watch(results: Iterable[_Look], files: list[DatabaseFile], progress: Progress | None) -> list[_Look]:
    """Collect results, telling how many bytes are done."""
    total, done, room = sum(file.size for file in files), 0, _MOST_KEPT
    collected: list[_Look] = []
    for file, result in zip(files, results, strict=True):
        room -= result.mended_size if isinstance(result, TableSurvey) else 0
        if room < 0 and isinstance(result, TableSurvey):
            result = replace(result, mended={})  # noqa: PLW2901 - the same result with less kept
        collected.append(result)
        done += file.size
        if progress is not None:
            progress(done, total)
    return collected
