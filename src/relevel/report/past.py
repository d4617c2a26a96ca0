"""What looking back tells, for people: horizons, estimates of time, runs of deletions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from relevel.exports.encoding import ENCODINGS
from relevel.recovery.history import History
from relevel.recovery.past.horizon import Horizon
from relevel.recovery.past.moments import Moment, SequenceEstimate
from relevel.recovery.past.runs import DeletionRun
from relevel.report.commands import beside


@dataclass(frozen=True, slots=True)
class DatedRun:
    """A run of deletions, and when it was: an estimate.

    Attributes:
        run: the deletions.
        first: when the first was.
        last: when the last was.
    """

    run: DeletionRun
    first: Moment
    last: Moment

    @classmethod
    def of(cls, run: DeletionRun, past: History) -> DatedRun:
        """Estimate when a run was."""
        return cls(run, past.when(run.first_sequence), past.when(run.last_sequence))


def horizon_lines(horizon: Horizon) -> Iterator[str]:
    """From where on the past is complete, and why."""
    if horizon.sequence == 0:
        yield f"complete from the first change on: {horizon.reason}"
        return
    is_complete_below = horizon.gap is not None and horizon.gap > 1
    if horizon.sequence is not None:
        yield f"complete from sequence number {horizon.sequence} on: {horizon.reason}"
    elif is_complete_below:
        yield f"not proved to be complete from sequence number {horizon.gap} on: {horizon.reason}"
    else:
        yield f"not proved to be complete anywhere: {horizon.reason}"
    if is_complete_below:
        yield f"complete below sequence number {horizon.gap}: each change up to there is on disk"


def unproved_lines(horizon: Horizon) -> Iterator[str]:
    """That what is shown of a moment may not be all, and from where on it is."""
    yield "not proved to be all that was there then: keys may be missing whose versions of that time are no longer on disk"
    yield from (f"  {line}" for line in horizon_lines(horizon))


def run_lines(runs: Sequence[DatedRun], source: Path) -> Iterator[str]:
    """Runs of deletions of a database, numbered, and how to undo one."""
    yield from _numbered(runs)
    if runs:
        undelete = shlex.join(["relevel", "undelete", str(source), "--run", "1", "--dry-run"])
        yield f"next: {undelete} says what undoing the first would bring back"


def _numbered(runs: Sequence[DatedRun]) -> Iterator[str]:
    encode = ENCODINGS["escaped"].encode
    if not runs:
        yield "no run of 100 deletions or more is on disk"
    for number, dated in enumerate(runs, start=1):
        keys = dated.run.keys
        yield f"{number}: {dated.run}; keys {encode(keys.lower or b'')} to {encode(keys.upper or b'')}"
        yield f"   {interval(dated.first.not_before, dated.last.not_after)}"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that can be done next.

    Attributes:
        what: it does.
        command: to run.
    """

    what: str
    command: str


@dataclass(frozen=True, slots=True)
class Guide:
    """Where to begin with a database that is to be looked back at.

    Attributes:
        source: the database.
        runs: its mass deletions, oldest first.
        steps: what to run next.
    """

    source: str
    runs: tuple[DatedRun, ...]
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, source: Path, past: History) -> Guide:
        """Look for mass deletions, and say what can be done about the largest."""
        runs = tuple(DatedRun.of(run, past) for run in past.mass_deletions())
        return cls(str(source), runs, tuple(_steps(source, runs)))


def _steps(source: Path, runs: Sequence[DatedRun]) -> Iterator[Step]:
    restored = beside(source, "restored")

    def command(verb: str, *arguments: object) -> str:
        return shlex.join(["relevel", verb, str(source), *map(str, arguments)])

    largest = max(range(len(runs)), key=lambda number: runs[number].run.count, default=None)
    if largest is not None:
        run, number = runs[largest].run, largest + 1
        yield Step(
            "say what undoing it would bring back, and write nothing", command("undelete", "--run", number, "--dry-run")
        )
        yield Step("the database of today with it undone", command("undelete", restored, "--run", number))
        if run.first_sequence > 1:
            earlier = command("undelete", beside(source, "before"), "--at", run.first_sequence - 1)
            yield Step("the database as it was before it", earlier)
    yield Step("say which deleted keys still have a value on disk", command("history", "--deleted", "--format", "text"))
    yield Step("say what bringing all of them back would do", command("undelete", "--deleted", "--dry-run"))
    yield Step("look at every moment, on a page of this machine", command("explore", "--restore-to", restored))


def guide_lines(guide: Guide) -> Iterator[str]:
    """Mass deletions, and what to run next."""
    yield f"{guide.source}: {len(guide.runs)} mass deletion{'' if len(guide.runs) == 1 else 's'}; nothing was written"
    yield from _numbered(guide.runs)
    for step in guide.steps:
        yield f"{step.what}:"
        yield f"   {step.command}"
    yield "--prefix, --key, --start and --stop choose some keys; every other one stays as it is now"


def interval(not_before: datetime | None, not_after: datetime | None) -> str:
    """An estimate of time, named as what it is."""
    if not_before is None and not_after is None:
        return "when: nothing tells"
    earliest = "any time" if not_before is None else shown(not_before)
    latest = "now" if not_after is None else shown(not_after)
    return f"when: between {earliest} and {latest} (an estimate)"


def shown(time: datetime) -> str:
    """A time to the second, with its offset from UTC."""
    return time.isoformat(sep=" ", timespec="seconds")


def estimate_lines(estimate: SequenceEstimate) -> Iterator[str]:
    """Which sequence number a time stands for, and how sure that is."""
    sure = (
        "as sure as times of files and LOG are"
        if estimate.earliest == estimate.latest
        else f"anything from {estimate.earliest} to {estimate.latest} may have been"
    )
    yield f"estimate: the last change before {shown(estimate.time)} was number {estimate.sequence}; {sure}"
    for evidence in estimate.evidence:
        yield f"  {evidence}"
