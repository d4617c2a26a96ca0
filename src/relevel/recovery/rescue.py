"""rescue: a new, healthy database from a damaged one, and the truth about what is missing from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from relevel.files.faults import finding_of
from relevel.findings import Finding, untold
from relevel.format.comparator import Comparator
from relevel.recovery.accounting import FileAccount, account
from relevel.recovery.heal.checksum import Trust
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.inventory.standing import Proof
from relevel.recovery.inventory.steady import refuse_outrun, steadily
from relevel.recovery.lineage.lineage import trace
from relevel.recovery.lost import LostPiece, lost_pieces
from relevel.recovery.rebuild.new_database import Outcome
from relevel.recovery.rebuild.plan import Plan, Treatment, make_plan
from relevel.recovery.rebuild.rebuild import rebuild
from relevel.recovery.rebuild.stale import CertainVersions, StaleRange, possibly_stale
from relevel.recovery.survey.survey import Progress, Survey, core_count, survey
from relevel.storage.posix import NewDirectory


@dataclass(frozen=True, slots=True)
class TableTreatment:
    """What became of one table.

    Attributes:
        file: its name in the source.
        level: its level, where the manifest says.
        treatment: ``carry``, ``rewrite``, ``sort``, ``merge`` or ``none``.
        entry_count: entries that could be read of it.
    """

    file: str
    level: int | None
    treatment: Treatment
    entry_count: int


@dataclass(frozen=True, slots=True)
class RescueReport:
    """What was rescued and what was not.

    Attributes:
        source: the damaged database's directory.
        destination: the new database's directory.
        dry_run: whether nothing was written.
        comparator: name of the order of the keys.
        proof: how well it was known which files count.
        keeps_shape: whether levels and file numbers stayed.
        tables: what became of each table.
        entry_count: entries in the new database, older versions and deletions included (0 in a dry run).
        byte_count: bytes of its tables (0 in a dry run).
        last_sequence: its last sequence number; the next write has a higher one.
        healed: what was put back as it had been.
        healed_byte_count: bytes of the blocks and records put back.
        lost_byte_count: bytes that could not be used; of missing tables, as the manifest says.
        lost_entry_estimate: about how many entries these held, older versions included, judging by the rest.
        losses: what could not be read, or cannot be proved; their ``keys`` are the ranges at risk.
        possibly_stale: entries of the new database that may be older than something lost.
        left_out: entries that are not in the new database because they may be older than something lost, where that was asked.
        findings: everything that was found wrong.
        files: what every byte of every file of the source is, where that was asked for.
    """

    source: str
    destination: str
    dry_run: bool
    comparator: str
    proof: Proof
    keeps_shape: bool
    tables: tuple[TableTreatment, ...]
    entry_count: int
    byte_count: int
    last_sequence: int
    healed: tuple[Finding, ...]
    healed_byte_count: int
    lost_byte_count: int
    lost_entry_estimate: int
    losses: tuple[Finding, ...]
    possibly_stale: tuple[StaleRange, ...]
    left_out: tuple[StaleRange, ...]
    findings: tuple[Finding, ...]
    files: tuple[FileAccount, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every live entry is known to be in the new database."""
        return not self.losses

    @property
    def lost(self) -> tuple[LostPiece, ...]:
        """What was not brought over, or not for certain, piece by piece with its keys: what to look for in a backup."""
        return tuple(lost_pieces(self.losses, self.possibly_stale, self.left_out))


def rescue(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    strict: bool = False,
    include_uncertain: bool = False,
    exclude_uncertain: bool = False,
    comparator: Comparator | None = None,
    accounting: bool = False,
    is_wanted: Callable[[Plan], bool] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> RescueReport:
    """Write a new, healthy database with all that can be read of a damaged one. The source is not changed.

    Args:
        source: the damaged database's directory.
        destination: the new database's directory; must not exist. It appears when it is whole.
        dry_run: decide and report, and write nothing.
        strict: put back single flipped bits only, and take nothing out of blocks that are not whole then.
        include_uncertain: where no manifest could be read, take also what nothing proves to be live.
        exclude_uncertain: leave out entries that may be older than what was lost. Levels and file numbers do not stay then.
        comparator: the order of the keys, where the manifest does not name a known one.
        accounting: say what every byte of the source is, in ``files``; reads logs and manifests once more.
        is_wanted: asked before anything is written, with what will be; where it says no, nothing is, as in a dry run.
        executor: where files are verified: threads, processes, or a cluster that sees the same files. Then one thread writes; where
            none is given there is one a core, for both.
        progress: told of the work done.

    Raises:
        NotADatabaseError, StorageError: there is nothing to read, or the destination cannot be written.
        DestinationExistsError: the destination is taken, and this is no dry run.
        NotSupportedError: the comparator is not known.
        DatabaseInUseError: another program changes it faster than it can be read.
    """

    def work(directory: Directory) -> RescueReport:
        size = sum(file.size for file in directory.current_tables())
        target = NewDirectory(destination, source=source, space_needed=size, may_be_taken=dry_run)
        order, trust = choose_comparator(directory, comparator), Trust.ONE_BIT if strict else Trust.TESTED
        found = survey(directory, order, trust=trust, executor=executor, progress=progress)
        plan = make_plan(trace(found, include_uncertain=include_uncertain))
        files = account(plan.survey) if accounting else ()
        refuse_outrun(directory)
        certain = CertainVersions(plan) if exclude_uncertain and plan.losses else None
        if dry_run or not (is_wanted is None or is_wanted(plan)):
            return _report(plan, Path(destination), Outcome(), possibly_stale(plan), dry_run=True, files=files)
        with target:
            threads = core_count() if executor is None else 1
            outcome, stale = _write(plan, target, progress, certain, threads)
            report = _report(plan, Path(destination), outcome, stale, dry_run=False, files=files, certain=certain)
            refuse_outrun(directory)
            target.publish()
        return report

    return steadily(source, work)


def _write(
    plan: Plan, target: NewDirectory, progress: Progress | None, certain: CertainVersions | None, thread_count: int
) -> tuple[Outcome, Sequence[StaleRange]]:
    """Write the new database; where there are threads for it, count beside that what may be stale."""
    if certain is not None:
        return rebuild(plan, target, progress, keep=certain), ()
    if thread_count == 1:
        return rebuild(plan, target, progress), possibly_stale(plan)
    with ThreadPoolExecutor(1) as beside:
        try:
            stale = beside.submit(possibly_stale, plan)
            return rebuild(plan, target, progress, thread_count=thread_count), stale.result()
        except BaseException:
            plan.survey.directory.storage.stop()
            raise


def _report(
    plan: Plan,
    destination: Path,
    outcome: Outcome,
    stale: Sequence[StaleRange],
    *,
    dry_run: bool,
    files: tuple[FileAccount, ...],
    certain: CertainVersions | None = None,
) -> RescueReport:
    found = plan.survey
    met = _met_while_writing(found, outcome)
    return RescueReport(
        source=str(found.directory.path),
        destination=str(destination),
        dry_run=dry_run,
        comparator=found.comparator.name,
        proof=found.directory.proof,
        keeps_shape=plan.keeps_shape and certain is None,
        tables=tuple(
            TableTreatment(
                item.table.file.name,
                item.table.file.level,
                item.treatment,
                (item.table.scan.put_count + item.table.scan.deletion_count) if item.table.scan else 0,
            )
            for item in plan.tables
        ),
        entry_count=outcome.entry_count,
        byte_count=outcome.byte_count,
        last_sequence=outcome.last_sequence,
        healed=plan.healed,
        healed_byte_count=sum(finding.span.size for finding in plan.healed),
        lost_byte_count=plan.lost_byte_count,
        lost_entry_estimate=plan.lost_entry_estimate,
        losses=(*plan.losses, *(finding for finding in met if finding.is_loss)),
        possibly_stale=tuple(stale),
        left_out=() if certain is None else tuple(certain.ranges()),
        findings=(*found.findings, *met),
        files=files,
    )


def _met_while_writing(found: Survey, outcome: Outcome) -> list[Finding]:
    """What the merge came upon and the survey had not: versions that contradict each other, bytes that have become unreadable."""
    return untold((finding_of(file, fault) for file, fault in outcome.faults), found.findings)
