"""What commands print: reports, rows, findings, progress bars; and the exit code that follows from findings."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

import click

from relevel.cli.streams import drop_what_is_left
from relevel.errors import StorageError
from relevel.findings import Finding, Severity
from relevel.report.json import as_json
from relevel.report.text import finding_lines

_R = TypeVar("_R")
_LINES_AT_ONCE = 512

CLEAN, FINDINGS = 0, 1


def print_report(report: _R, to_text: Callable[[_R], Iterable[str]], *, json_wanted: bool) -> None:
    """Print a report for people or for programs. A reader that goes away changes nothing about the exit code."""
    text = json.dumps(as_json(report), indent=2) if json_wanted else "\n".join(to_text(report))
    try:
        print_value(text + "\n")
    except StorageError as error:
        raise StorageError(f"{error}: the report is lost; a destination that was to be written is whole") from error


def print_lines(lines: Iterator[str]) -> None:
    """Print many lines, each with its own line end, a bundle at a time. A reader that goes away ends the command quietly.

    Raises:
        StorageError: standard output cannot be written, as on a full disk.
    """
    while bundle := "".join(islice(lines, _LINES_AT_ONCE)):
        _write(bundle)


def print_value(value: str | bytes) -> None:
    """Print one value as it is. A reader that goes away changes nothing about the exit code."""
    with contextlib.suppress(click.exceptions.Exit):
        _write(value)


def _write(text: str | bytes) -> None:
    try:
        if isinstance(text, bytes):
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as gone:
        drop_what_is_left()
        raise click.exceptions.Exit(CLEAN) from gone
    except OSError as error:
        drop_what_is_left()
        raise StorageError(f"cannot print to standard output: {error.strerror or error}") from error


def print_findings(findings: Iterable[Finding], *, json_wanted: bool) -> int:
    """Print findings that are worse than notes to standard error, and give the exit code."""
    worse = [finding for finding in findings if finding.severity > Severity.NOTE]
    for finding in worse:
        if json_wanted:
            click.echo(json.dumps(as_json(finding)), err=True)
        else:
            click.echo("\n".join(finding_lines(finding)), err=True)
    return FINDINGS if worse else CLEAN


def print_unproved(unproved: Sequence[Finding], *, json_wanted: bool = False) -> None:
    """Say of the newest version of a key that it may not be the newest, where something that is lost may have held another.

    To a program, a line of JSON says what that is.
    """
    if unproved and json_wanted:
        click.echo(json.dumps({"unproved": as_json(unproved)}), err=True)
    elif unproved:
        click.echo("relevel: the newest version that can be read; that there was no newer one is not proved", err=True)


@contextmanager
def count_bar(label: str, unit: str) -> Iterator[Callable[[int], None] | None]:
    """A count on standard error while the block runs, for work whose size is not known; nothing where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm  # noqa: PLC0415  (as below)

    with tqdm(desc=label, unit=f" {unit}", leave=False) as bar:

        def advance(done: int) -> None:
            bar.update(done - bar.n)

        yield advance


@contextmanager
def progress_bar(label: str, unit: str = "B") -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error while the block runs; nothing where that is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm  # noqa: PLC0415  (a tenth of the start-up time, and needed on terminals only)

    with tqdm(desc=label, unit=unit, unit_scale=True, leave=False) as bar:

        def advance(done: int, total: int) -> None:
            if bar.total != total:
                bar.reset(total)
            bar.update(done - bar.n)

        yield advance
