"""relevel undelete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.estimates import print_estimates
from relevel.cli.output import CLEAN, FINDINGS, print_findings, print_report, progress_bar
from relevel.errors import InvalidArgumentError
from relevel.exports.encoding import decode_argument
from relevel.exports.patch import patch_lines
from relevel.format.comparator import Comparator
from relevel.recovery.history import History
from relevel.recovery.past.difference import Change
from relevel.recovery.past.selection import Selection
from relevel.recovery.undelete import undelete
from relevel.report.past import Guide, guide_lines
from relevel.report.text import undelete_lines
from relevel.storage.new_file import NewFile


@click.command("undelete")
@options.with_options(
    options.source,
    options.destination_or_none,
    options.at,
    click.option("--deleted", is_flag=True, help="The state now, plus the deleted keys with their last values."),
    click.option(
        "--run",
        metavar="N|FIRST-LAST",
        help="The state now, with one run of deletions undone: the Nth that `history --mass-deletions` shows, or the one between "
        "these sequence numbers.",
    ),
    click.option("--key", "keys", metavar="K", multiple=True, help="Only this key. May be given again."),
    click.option(
        "--prefix", "prefixes", metavar="P", multiple=True, help="Only keys that start with P. May be given again."
    ),
    options.start,
    options.stop,
    options.since,
    options.until,
    click.option("--dry-run", is_flag=True, help="Write nothing, and say what would come back."),
    click.option(
        "--patch",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write the changes alone, as JSON lines for `relevel load`, to FILE, which must not exist, nor lie in SRC.",
    ),
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    destination: Path | None,
    at: int | datetime | None,
    deleted: bool,
    run: str | None,
    keys: tuple[str, ...],
    prefixes: tuple[str, ...],
    start: str | None,
    stop: str | None,
    since: datetime | None,
    until: datetime | None,
    dry_run: bool,
    patch: Path | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Write a new database at DST with what SRC held before. SRC is not changed; DST must not exist.

    With SRC alone it shows where many keys were deleted, and when, and which commands undo that.

    With --key, --prefix, --start and --stop only these keys are looked back at; the others stay as they are now. --dry-run and
    --patch need no DST. Exits with 1 where damage may have cost entries, or compactions what was there at --at.

    \b
    Example:
      relevel undelete ./profile
      relevel undelete ./profile --run 1 --dry-run
      relevel undelete ./profile ./profile-restored --run 1
      relevel undelete ./profile ./profile-before --at "2015-12-02 03:58"
      relevel undelete ./profile --deleted --prefix user/ --patch back.jsonl
    """
    nothing_asked = not (at is not None or deleted or run or since or until or dry_run or patch or destination)
    if nothing_asked and not (keys or prefixes or start or stop):
        past = History(source, comparator=comparator)
        print_report(Guide.of(source, past), guide_lines, json_wanted=json_wanted)
        return print_findings(past.findings, json_wanted=json_wanted)
    if dry_run and patch is not None:
        raise click.UsageError("give --dry-run, which writes nothing, or --patch")
    options.refuse_one_place_for_two({"DST": destination, "--patch": patch})
    look_back = cache(partial(History, source, comparator=comparator))
    first, last = (None, None) if run is None else _window(run, source, look_back())
    deleted = deleted or run is not None or (at is None and (since is not None or until is not None))
    selection = Selection(
        keys=tuple(decode_argument(key, encoding) for key in keys),
        prefixes=tuple(decode_argument(prefix, encoding) for prefix in prefixes),
        start=None if start is None else decode_argument(start, encoding),
        stop=None if stop is None else decode_argument(stop, encoding),
        first_sequence=first,
        last_sequence=last,
        since=since,
        until=until,
    )
    if since is not None or until is not None:
        print_estimates(look_back(), since, until, json_wanted=json_wanted)
    new_patch = None if patch is None else NewFile(patch, source)
    with progress_bar("undelete", "entries") as progress:
        report = undelete(
            source,
            destination,
            at=at,
            deleted=deleted,
            selection=selection,
            dry_run=dry_run or (patch is not None and destination is None),
            comparator=comparator,
            progress=progress,
        )
    if new_patch is not None:
        changes = History(source, comparator=comparator).patch(at=report.at, selection=selection)
        _write_patch(new_patch, changes if report.is_proved else changes.without_removals(), encoding)
        report = replace(report, patch=str(patch))
    print_report(report, undelete_lines, json_wanted=json_wanted)
    return CLEAN if report.is_complete and report.is_proved else FINDINGS


def _window(run: str, source: Path, past: History) -> tuple[int, int]:
    """The sequence numbers of ``FIRST-LAST``, or of the run that ``history --mass-deletions`` shows with a number."""
    numbers = run.replace(",", "").split("-")
    if not all(number.strip().isdecimal() for number in numbers) or len(numbers) > 2:
        raise click.UsageError(f"--run takes the number of a run, or FIRST-LAST, not {run!r}")
    first, last = int(numbers[0]), int(numbers[-1])
    if len(numbers) == 2:
        return first, last
    runs = past.mass_deletions()
    if not 1 <= first <= len(runs):
        raise InvalidArgumentError(
            f"{source}: there is no run of deletions number {first}, but {len(runs)}: see relevel history --mass-deletions"
        )
    return runs[first - 1].first_sequence, runs[first - 1].last_sequence


def _write_patch(new: NewFile, changes: Iterable[Change], encoding: str) -> None:
    with new:
        with new.path.open("w", encoding="utf-8", newline="\n") as lines:
            lines.writelines(patch_lines(changes, encoding))
        new.publish()
