"""The system refuses one operation of a run, then the next, and so on until none is left; what is on disk is opened each time.

    python -m tests.crash.faults [--workload NAME] [--seed N] [--step N] [--jobs N]

What must hold after each:

* the error reached the caller, or everything was done all the same;
* every acknowledged batch is there, and nothing that never was written; it opens, twice, and takes a put;
* where the power fails then, too: every batch acknowledged with sync is there. What a failed sync did not make safe no later one
  does, so it must not be acknowledged either;
* what was read was right.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import relevel
from tests.crash.disk import Disk, tree_after
from tests.crash.power import MEMORY, SLOW, Known, Tally, Truth, lay_out, losses, verify
from tests.crash.recording import Operation, Run, record
from tests.crash.workloads import BATCH_COUNT, WORKLOADS

_LOSSES_EACH: Final = 6
_MOMENTS_BETWEEN: Final = 3


class Kind(NamedTuple):
    """A way to fail: a variable of the recorder, and what follows the operation's number in it."""

    variable: str
    rest: str


KINDS: Final = {
    "error": Kind("RECORDER_FAULT", f"{errno.EIO} once"),
    "full": Kind("RECORDER_FAULT", f"{errno.ENOSPC} ever"),
    "often": Kind("RECORDER_FAULT", f"{errno.EIO} often"),
    "short": Kind("RECORDER_FAULT", f"{errno.ENOSPC} short"),
    "part": Kind("RECORDER_FAULT", f"{errno.ENOSPC} part"),
    "descriptors": Kind("RECORDER_FAULT", f"{errno.EMFILE} once"),
    "read": Kind("RECORDER_READ_FAULT", f"{errno.EIO}"),
}


def kinds_of(workload: str) -> list[str]:
    """The ways in which a workload is let fail: reads where there are many, more than once where it goes on after an error."""
    if workload == "reads":
        return ["read"]
    return [kind for kind in KINDS if kind != "read" and (kind != "often" or workload == "retries")]


def known_at_end(operations: Sequence[Operation]) -> Known:
    """What a program said in all."""
    known = Known()
    for operation in operations:
        if operation.kind == "k":
            known = known.after(operation.data)
    return known


def acknowledged(operations: Sequence[Operation]) -> int:
    """How many batches were acknowledged, synced or not."""
    said = [operation.data.split() for operation in operations if operation.kind == "k"]
    return max((int(words[1]) + 1 for words in said if words[0] == b"a"), default=0)


def try_fault(workload: str, seed: int, kind: str, number: int) -> tuple[bool, list[str]]:
    """Let one operation fail. Whether there was one of that number, and what did not hold."""
    with tempfile.TemporaryDirectory(prefix="fault-", dir=MEMORY) as name:
        folder = Path(name).resolve()
        root = folder / "root"
        root.mkdir()
        settings = {**SLOW, KINDS[kind].variable: f"{number} {KINDS[kind].rest}"}
        run = record("tests.crash.workloads", workload, str(root), str(seed), root=root, settings=settings)
        happened = any(operation.kind == "f" for operation in run.operations)
        return happened, [
            f"{workload}, seed {seed}, {kind} {number}: {violation}"
            for violation in _violations(run, folder, workload, seed, happened=happened)
        ]


def _violations(run: Run, folder: Path, workload: str, seed: int, *, happened: bool) -> list[str]:
    known = known_at_end(run.operations)
    found = [f"read wrongly: {what}" for what in known.wrong]
    if run.exit_code:
        found.append(f"ended with {run.exit_code}: {run.output[-2000:]}")
    if not known.errors and acknowledged(run.operations) < BATCH_COUNT:
        found.append("not everything was done, and nobody was told")
    if known.errors and not happened:
        found.append(f"an error without a fault: {known.errors}")
    if workload == "reads":
        return found
    for count in _moments(run.operations, workload, seed):
        found += _lost_at(run.operations[:count], folder / f"after{count}", workload, seed)
    return found


def _moments(operations: Sequence[Operation], workload: str, seed: int) -> set[int]:
    """After how many operations the power fails: at the end, and for who goes on after an error at moments between as well.

    A hole in a log shows only until what was in it is in a table.
    """
    fault = next((at for at, operation in enumerate(operations) if operation.kind == "f"), len(operations))
    between = range(fault + 1, len(operations)) if workload == "retries" else range(0)
    chosen = random.Random(seed * len(operations)).sample(between, min(_MOMENTS_BETWEEN, len(between)))
    return {len(operations), *chosen}


def _lost_at(operations: Sequence[Operation], folder: Path, workload: str, seed: int) -> list[str]:
    """What does not hold of the states that a loss of power leaves after these operations."""
    known, truth, found = known_at_end(operations), Truth(seed), []
    disk = Disk(str(folder.parent / "root"))
    for operation in operations:
        disk.do(operation)
    for index, (name, loss) in enumerate(islice(losses(seed), _LOSSES_EACH)):
        place = folder / f"state{index}"
        place.mkdir(parents=True)
        lay_out(tree_after(disk, loss), place)
        least = acknowledged(operations) if index == 0 else known.safe  # the first is what a process leaves
        try:
            if (place / "db").exists():
                verify(place, truth, known._replace(safe=least), workload)
            elif least:
                found.append(f"{name}: gone")
        except (AssertionError, relevel.RelevelError, OSError, RuntimeError) as error:
            found.append(f"{name}: {type(error).__name__}: {error}")
    return found


def try_all(workload: str, seed: int, kind: str, start: int, step: int) -> Tally:
    """Let operation ``start`` fail, then ``start + step``, until there is none."""
    tally = Tally()
    number = start
    while True:
        happened, violations = try_fault(workload, seed, kind, number)
        tally.violations += violations
        if not happened or len(tally.violations) > 20:
            return tally
        tally.tried += 1
        tally.by_workload[f"{workload} {kind}"] += 1
        number += step


def main(arguments: Sequence[str] | None = None) -> int:
    """Let each operation of each workload fail in each way, and print how many were tried."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--step", type=int, default=1, help="every so many operations")
    parser.add_argument("--workload", choices=list(WORKLOADS), action="append", help="only this one; may be repeated")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    total = Tally()
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(given.jobs))
        works = [
            pool.submit(try_all, workload, given.seed, kind, 0, given.step)
            for workload in given.workload or WORKLOADS
            for kind in kinds_of(workload)
            if not given.kind or kind in given.kind
        ]
        for work in works:
            total.add(work.result())
    sys.stderr.writelines(f"{violation}\n" for violation in total.violations)
    told = ", ".join(f"{name} {number}" for name, number in sorted(total.by_workload.items()))
    sys.stdout.write(f"{total.tried} faults ({told}), seed {given.seed}, {len(total.violations)} violations\n")
    return 1 if total.violations else 0


if __name__ == "__main__":
    sys.exit(main())
