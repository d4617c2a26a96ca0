"""Rebuild: a plan carried out into a new database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from relevel import _kernel
from relevel.format.internal_key import MAX_SEQUENCE, encode_internal_key
from relevel.recovery.read.rows import Rows, Version
from relevel.recovery.rebuild.inputs import PlanInputs, log_inputs, one_table, repairer_for
from relevel.recovery.rebuild.merge import merge
from relevel.recovery.rebuild.new_database import NewDatabase, Outcome, TableStyle, level_for
from relevel.recovery.rebuild.plan import Plan, TablePlan, Treatment
from relevel.recovery.survey.survey import Progress
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.posix import NewDirectory

_TOLD_EVERY: Final = 4096
_ROOM: Final = 1 << 40
"""Sequence numbers that a database must have left to be of use."""


def rebuild(
    plan: Plan,
    target: NewDirectory,
    progress: Progress | None = None,
    *,
    keep: Callable[[Version], bool] | None = None,
    thread_count: int = 1,
) -> Outcome:
    """Write the database that a plan describes into a new directory. The caller publishes it.

    Args:
        plan: what to do.
        target: where.
        progress: told of the work done.
        keep: asked of each live version, whether it is wanted; levels and file numbers do not stay then.
        thread_count: tables that are written at the same time; the result is the same. With ``keep`` it is one.
    """
    database = NewDatabase(target, plan.survey.comparator, _next_number(plan))
    if keep is not None:
        outcome = _merge_kept(plan, database, keep, progress)
    elif plan.keeps_shape:
        outcome = _keep_shape(plan, database, progress, thread_count)
    else:
        outcome = merge(plan, database, progress, thread_count)
    return database.finish(outcome, _last_sequence(plan))


def _last_sequence(plan: Plan) -> int:
    """The highest sequence number that was ever given out, as far as anything on disk tells: the next write must win.

    Numbers that leave no room for new ones come from damage and are passed over.
    """
    manifest = plan.survey.directory.manifest
    known = [manifest.last_sequence or 0 if manifest else 0]
    known += [table.scan.max_sequence or 0 for table in plan.survey.tables if table.scan is not None]
    known += [log.scan.max_sequence or 0 for log in plan.survey.logs if log.scan is not None]
    return max((number for number in known if number < MAX_SEQUENCE - _ROOM), default=0)


def _next_number(plan: Plan) -> int:
    numbers = [file.number or 0 for file in plan.survey.directory.files]
    manifest = plan.survey.directory.manifest
    claimed = manifest.next_file_number if manifest and manifest.next_file_number else 0
    sane = claimed if claimed < 1 << 62 else 0
    return max([sane, *(number + 1 for number in numbers if number < 1 << 62), 2])


def _keep_shape(plan: Plan, database: NewDatabase, progress: Progress | None, thread_count: int) -> Outcome:
    """Every table apart, the logs as one more; what takes long is begun first."""
    log_number = database.new_number() if log_inputs(plan) else None
    with ThreadPoolExecutor(thread_count) as workers:
        try:
            logs = workers.submit(_write_logs, plan, database, log_number)
            by_effort = sorted(plan.tables, key=lambda item: item.treatment is Treatment.CARRY)
            begun = {item.table.file.name: workers.submit(_write_table, plan, database, item) for item in by_effort}
            outcome = Outcome()
            done, total = 0, sum(item.table.file.size for item in plan.tables) or 1
            for item in plan.tables:
                outcome.join(begun[item.table.file.name].result())
                done += item.table.file.size
                if progress is not None:
                    progress(done, total)
            outcome.join(logs.result())
        except BaseException:
            plan.survey.directory.storage.stop()  # so that an interrupt does not wait for what is being read
            workers.shutdown(cancel_futures=True)
            raise
    return outcome


def _write_table(plan: Plan, database: NewDatabase, item: TablePlan) -> Outcome:
    """One table under its number in its level."""
    table, level, number = item.table, item.table.file.level or 0, item.table.file.number or 0
    match item.treatment:
        case Treatment.CARRY:
            return database.carry(table, plan.survey.directory.storage.whole_source(table.file.name))
        case Treatment.REWRITE:
            cursor = _cursor(plan, [one_table(plan, table)], "versions")
            return database.write(cursor, level, _style([table]), number=number)
        case Treatment.NONE:
            return Outcome()
        case Treatment.SORT | Treatment.MERGE:
            raise AssertionError(f"{table.file.name}: {item.treatment} keeps no table in its place")


def _write_logs(plan: Plan, database: NewDatabase, number: int | None) -> Outcome:
    """What is in the logs, as one table."""
    if number is None:
        return Outcome()
    style = _style([item.table for item in plan.tables])
    return database.write(_cursor(plan, log_inputs(plan), "versions"), 0, style, number=number)


def _merge_kept(
    plan: Plan, database: NewDatabase, keep: Callable[[Version], bool], progress: Progress | None
) -> Outcome:
    """The live versions that are wanted, into one level."""
    scans = [item.table.scan for item in plan.tables if item.table.scan is not None]
    total = sum(scan.put_count for scan in scans) or 1

    def kept() -> Iterator[tuple[bytes, bytes]]:
        repairer = repairer_for(plan)
        cursor = _kernel.Cursor(PlanInputs(plan).of(), plan.survey.comparator.kernel, mode="visible", repair=repairer)
        for number, version in enumerate(Rows(cursor, repairer)):
            if progress is not None and number % _TOLD_EVERY == 0:
                progress(min(number, total), total)
            if keep(version):
                yield encode_internal_key(version.key, version.sequence), version.value or b""

    level = level_for(sum(scan.file_size for scan in scans))
    return database.write_entries(kept(), level, _style([item.table for item in plan.tables]))


def _style(tables: list[TableSurvey]) -> TableStyle:
    return TableStyle.of([table.scan for table in tables if table.scan is not None])


def _cursor(plan: Plan, inputs: list[_kernel.Input], mode: str) -> _kernel.Cursor:
    return _kernel.Cursor(inputs, plan.survey.comparator.kernel, mode=mode, repair=repairer_for(plan))
