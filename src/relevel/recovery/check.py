"""check: verify every byte that can be verified, and say what is wrong."""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass

from relevel.findings import Finding, Severity
from relevel.format.comparator import Comparator
from relevel.recovery.accounting import FileAccount, account
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.inventory.standing import Proof
from relevel.recovery.inventory.steady import refuse_outrun, steadily
from relevel.recovery.survey.survey import Progress, Survey, survey


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was verified and what is wrong.

    Attributes:
        path: the database's directory.
        comparator: name of the order of the keys.
        proof: how well it is known which files count.
        table_count: tables on disk.
        log_count: logs on disk.
        byte_count: bytes of tables and logs read and verified.
        block_count: data blocks that the indexes name.
        record_count: records of logs.
        put_count: puts in tables and logs.
        deletion_count: deletions in tables and logs.
        findings: what is wrong, worst first.
        files: what every byte of every file is, where that was asked for.
    """

    path: str
    comparator: str
    proof: Proof
    table_count: int
    log_count: int
    byte_count: int
    block_count: int
    record_count: int
    put_count: int
    deletion_count: int
    findings: tuple[Finding, ...]
    files: tuple[FileAccount, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing worse than a note."""
        return all(finding.severity is Severity.NOTE for finding in self.findings)


def check(
    path: str | os.PathLike[str],
    *,
    comparator: Comparator | None = None,
    accounting: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Verify a database without writing anything.

    Verified: every block trailer and record, decompression, key order inside and between blocks and tables, indexes against
    blocks, filters against keys, the manifest against the files.

    Args:
        path: the database's directory.
        comparator: the order of the keys, where the manifest does not name a known one.
        accounting: say what every byte of every file is, in ``files``; reads logs and manifests once more.
        executor: where files are read: threads, processes, or a cluster that sees the same files; one thread a core where none
            is given.
        progress: told of bytes read.

    Raises:
        NotADatabaseError, StorageError: there is nothing to read.
        NotSupportedError: the comparator is not known.
        DatabaseInUseError: another program changes it faster than it can be read.
    """

    def look(directory: Directory) -> CheckReport:
        order = choose_comparator(directory, comparator)
        found = survey(directory, order, executor=executor, progress=progress)
        files = account(found) if accounting else ()
        refuse_outrun(directory)
        return report_of(found, files)

    return steadily(path, look)


def report_of(found: Survey, files: tuple[FileAccount, ...] = ()) -> CheckReport:
    """Sum a survey up."""
    tables = [table.scan for table in found.tables if table.scan is not None]
    logs = [log.scan for log in found.logs if log.scan is not None]
    return CheckReport(
        path=str(found.directory.path),
        comparator=found.comparator.name,
        proof=found.directory.proof,
        table_count=len(found.tables),
        log_count=len(found.logs),
        byte_count=sum(table.file_size for table in tables) + sum(log.file_size for log in logs),
        block_count=sum(table.block_count for table in tables),
        record_count=sum(log.record_count for log in logs),
        put_count=sum(table.put_count for table in tables) + sum(log.put_count for log in logs),
        deletion_count=sum(table.deletion_count for table in tables) + sum(log.deletion_count for log in logs),
        findings=tuple(sorted(found.findings, key=lambda finding: -finding.severity)),
        files=files,
    )
