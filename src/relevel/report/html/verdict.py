"""The verdict of a report: is the data there, and what to do next, as a careful colleague would say it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from relevel.catalogue import RESCUE
from relevel.findings import Finding, Severity
from relevel.recovery.check import CheckReport
from relevel.recovery.in_place import InPlaceReport
from relevel.recovery.rescue import RescueReport
from relevel.report.commands import beside
from relevel.strenum import StrEnum


class Mood(StrEnum):
    """How bad it is."""

    GOOD = "good"
    UNSURE = "unsure"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a sentence, and a command for the shell where there is one."""

    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to the first question, and what follows from it."""

    mood: Mood
    headline: str
    sentence: str
    steps: tuple[Step, ...]


def verdict_of(report: CheckReport | RescueReport | InPlaceReport) -> Verdict:
    """Judge a report."""
    if isinstance(report, CheckReport):
        return _of_check(report)
    if isinstance(report, RescueReport):
        return _of_rescue(report, list(_steps_after(report)))
    if report.is_healthy and not report.is_moved:
        return replace(_INTACT, sentence=f"{_INTACT.sentence} So it was left alone.")
    return _of_rescue(report.rescue, list(_steps_in_place(report)))


_INTACT: Final = Verdict(
    Mood.GOOD,
    "Your data is all there.",
    "Every block and every record was read and verified, and nothing is wrong with them.",
    (Step("Nothing. Where a program still does not open it, the cause is not in these files: see its own log."),),
)


def _of_check(report: CheckReport) -> Verdict:
    losses = [finding for finding in report.findings if finding.is_loss]
    if report.is_clean:
        return _INTACT
    if not losses:
        return Verdict(
            Mood.GOOD,
            "Your data is all there, though not all is well.",
            "What is damaged costs nothing, or can be put back as it was. A rescue writes a healthy database.",
            tuple(_steps_to_rescue(report, losses)),
        )
    if _only_unproved(losses):
        return Verdict(
            Mood.UNSURE,
            "All that is there can be read; not all can be proved.",
            "No damaged bytes hold data. But something that would prove that nothing is missing is missing itself: see below.",
            tuple(_steps_to_rescue(report, losses)),
        )
    return Verdict(
        Mood.BAD,
        "Part of your data is damaged.",
        "What is named below cannot be read. All the rest can: a rescue writes it to a new, healthy database.",
        tuple(_steps_to_rescue(report, losses)),
    )


def _of_rescue(report: RescueReport, steps: list[Step]) -> Verdict:
    is_there = "can all be saved" if report.dry_run else "is all there"
    where = "would be in the new database" if report.dry_run else "is in the new database"
    if report.is_complete:
        return Verdict(
            Mood.GOOD,
            f"Your data {is_there}.",
            f"Every live entry {where}{_what_was_healed(report)}.",
            tuple(steps),
        )
    if _only_unproved(report.losses):
        return Verdict(
            Mood.UNSURE,
            "All that is on disk can be read; not all can be proved.",
            f"Every entry that is on disk {where}. Whether there were others, or newer ones, is not known: see below.",
            tuple(steps),
        )
    return Verdict(
        Mood.BAD,
        "Part of your data is most likely lost.",
        f"All that can be read {where}{_what_was_healed(report)}. What is missing is named below.",
        tuple(steps),
    )


def _what_was_healed(report: RescueReport) -> str:
    count = len(report.healed)
    if not count:
        return ""
    places = "one damaged place was" if count == 1 else f"{count} damaged places were"
    return f"; {places} put back as before the damage"


def _only_unproved(losses: Sequence[Finding]) -> bool:
    """Whether no bytes are known to be lost: what is wrong is that something cannot be proved."""
    return all(finding.severity < Severity.DAMAGE and not finding.is_missing for finding in losses)


def _missing(findings: Sequence[Finding], then: str) -> Iterator[Step]:
    names = [finding.span.file for finding in findings if finding.is_missing]
    if names:
        some = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        told = "is not there: look for it" if len(names) == 1 else "are not there: look for them"
        yield Step(f"{some} {told} in a backup, an antivirus quarantine or a copy. {then}")


def _steps_to_rescue(report: CheckReport, losses: Sequence[Finding]) -> Iterator[Step]:
    source = report.path
    yield Step("Stop the program that uses this database, and do not let it repair anything.")
    yield from _missing(losses, "Put back what you find, and check again.")
    yield Step("See what a rescue would do; it writes nothing.", _command("rescue", source, "--dry-run"))
    yield Step("Rescue. The damaged database stays as it is.", _command("rescue", source, _beside(source)))


def _steps_after(report: RescueReport) -> Iterator[Step]:
    source, destination = report.source, report.destination
    yield from _missing(
        report.losses, "With what you find in its place in the source, rescue again, to another destination."
    )
    if report.dry_run:
        yield Step("This was a dry run: nothing was written. Rescue.", _command("rescue", source, destination))
        return
    yield Step("Verify the new database.", _command("check", destination))
    yield Step("Let the program use the new database: point it there, or move the two while it is stopped.")
    yield from _steps_for_losses(report)
    yield Step("Keep the source until the program has run well for a while: nothing in it was changed.")


def _steps_in_place(report: InPlaceReport) -> Iterator[Step]:
    yield from _missing(report.rescue.losses, "If you find any: undo this, put it back, and rescue again.")
    if not report.is_moved:
        yield Step("This was a dry run: nothing was written. Rescue.", _command("rescue", "--in-place", report.path))
        return
    yield Step("Start the program: the new database is in its place, and was verified.")
    yield from _steps_for_losses(report.rescue)
    yield Step(f"Keep the original until the program has run well for a while: it is at {report.backup}, as it was.")
    yield Step("Or undo everything, with the program stopped.", report.undo)


def _steps_for_losses(report: RescueReport) -> Iterator[Step]:
    if not report.is_complete:
        yield Step(
            "Get what is missing from where it came from: a backup, a peer, a new synchronisation. "
            "The ranges of keys below say what to look for."
        )
    if report.possibly_stale:
        yield Step("Verify what may be stale, below: an older version may stand where a newer one is lost.")
    advice = dict.fromkeys(finding.next_step for finding in report.losses if not finding.is_missing)
    yield from (Step(text) for text in advice if text != RESCUE)


def _command(*words: str) -> str:
    return " ".join(["relevel", *(shlex.quote(word) for word in words)])


def _beside(source: str) -> str:
    return str(beside(Path(source), "rescued"))
