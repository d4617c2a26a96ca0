"""relevel rescue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, print_report, progress_bar
from relevel.cli.page import Page
from relevel.errors import StorageError
from relevel.recovery.in_place import rescue_in_place
from relevel.recovery.rescue import RescueReport, rescue
from relevel.report.commands import beside
from relevel.report.json import as_json
from relevel.report.text import in_place_lines, rescue_lines
from relevel.storage.new_file import refuse_place, write_new_file


@click.command("rescue")
@options.with_options(
    options.source,
    options.destination_or_none,
    click.option("--in-place", is_flag=True, help="Put the result where SRC is; the original stays beside it."),
    click.option("--force", is_flag=True, help="With --in-place: also where nothing is wrong with SRC."),
    click.option("--dry-run", is_flag=True, help="Decide and report; write nothing but the report."),
    click.option("--strict", is_flag=True, help="Put back single flipped bits only, and save no parts of blocks."),
    click.option("--exclude-uncertain", is_flag=True, help="Leave out entries that may be older than what was lost."),
    click.option(
        "--include-uncertain",
        is_flag=True,
        help="Without a manifest, take also what nothing proves to be live.",
    ),
    click.option(
        "--lost",
        "lost",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write what is lost or in doubt as JSON lines to FILE, which must not exist, nor lie in SRC.",
    ),
    options.page,
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    destination: Path | None,
    in_place: bool,
    force: bool,
    dry_run: bool,
    lost: Path | None,
    page: Path | None,
    json_wanted: bool,
    **wanted: Any,
) -> int:
    """Write a new, healthy database at DST with all that can be read of SRC, and name what is lost.

    SRC is not changed; DST must not exist, and appears when it is whole; --dry-run needs none. With --in-place the result is
    verified and takes the place of SRC, which stays beside it as SRC.before-rescue-DATE; the command that undoes it is printed.
    Exits with 0 only if every live entry is known to be there, else with 1.

    \b
    Example:
      relevel rescue ./chaindata --dry-run
      relevel rescue ./chaindata ./chaindata-rescued --report rescue.html --lost lost.jsonl
      relevel rescue --in-place ./chaindata
    """
    if in_place and destination is not None:
        raise click.UsageError("--in-place puts the result where SRC is: leave DST out, or leave --in-place out.")
    if destination is None and not in_place:
        if not dry_run:
            raise click.UsageError(
                "Give DST, where the new database goes; --in-place, to put it where SRC is; or --dry-run, to be told only."
            )
        destination = beside(source, "rescued")
    if force and not in_place:
        raise click.UsageError("--force goes with --in-place only.")
    options.refuse_one_place_for_two({"DST": destination, "--lost": lost, "--report": page})
    html = Page(page, source)
    if lost is not None:
        refuse_place(lost, source)
    with progress_bar("rescue") as progress:
        if destination is not None:
            report = rescue(
                source, destination, dry_run=dry_run, accounting=html.is_wanted, progress=progress, **wanted
            )
        else:
            placed = rescue_in_place(
                source, force=force, dry_run=dry_run, accounting=html.is_wanted, progress=progress, **wanted
            )
    if destination is not None:
        files = partial(_write_lost, lost, report), partial(html.write, report, source)
        _write_then_print(files, partial(print_report, report, rescue_lines, json_wanted=json_wanted))
        return CLEAN if report.is_complete else FINDINGS
    files = partial(_write_lost, lost, placed.rescue), partial(html.write, placed, Path(placed.backup or placed.path))
    _write_then_print(files, partial(print_report, placed, in_place_lines, json_wanted=json_wanted))
    return CLEAN if placed.is_complete else FINDINGS


def _write_then_print(files: Iterable[Callable[[], None]], show: Callable[[], None]) -> None:
    """Write the files first: they are whole where the report cannot be printed. It is printed though they cannot be written."""
    try:
        for write in files:
            write()
    except BaseException as error:
        try:
            show()
        except StorageError as second:
            raise StorageError(f"{str(error) or 'interrupted'}; {second}") from error
        raise
    show()


def _write_lost(place: Path | None, report: RescueReport) -> None:
    """Write what is lost, a line a piece."""
    if place is not None:
        lines = (json.dumps(as_json(piece)) + "\n" for piece in report.lost)
        write_new_file(place, "".join(lines).encode("ascii"))
