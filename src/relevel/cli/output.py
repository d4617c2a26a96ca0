"""What commands print: reports, rows, findings, progress bars; and the exit code that follows from findings."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

import click

from relevel.findings import Finding, Severity
from relevel.report.json import as_json
from relevel.report.text import finding_lines

_R = TypeVar("_R")
_LINES_AT_ONCE = 512

CLEAN, FINDINGS = 0, 1


def print_report(report: _R, to_text: Callable[[_R], Iterable[str]], *, json_wanted: bool) -> None:
    """Print a report for people or for programs."""
    text = json.dumps(as_json(report), indent=2) if json_wanted else "\n".join(to_text(report))
    print_lines(iter([text + "\n"]))


def print_lines(lines: Iterator[str]) -> None:
    """Print many lines, each with its own line end, a bundle at a time. A reader that goes away ends the command quietly."""
    try:
        while bundle := "".join(islice(lines, _LINES_AT_ONCE)):
            sys.stdout.write(bundle)
        sys.stdout.flush()
    except BrokenPipeError as gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the last flush must not fail too
        raise click.exceptions.Exit(CLEAN) from gone


def print_findings(findings: Iterable[Finding], *, json_wanted: bool) -> int:
    """Print findings that are worse than notes to standard error, and give the exit code."""
    worse = [finding for finding in findings if finding.severity > Severity.NOTE]
    for finding in worse:
        if json_wanted:
            click.echo(json.dumps(as_json(finding)), err=True)
        else:
            click.echo("\n".join(finding_lines(finding)), err=True)
    return FINDINGS if worse else CLEAN


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
