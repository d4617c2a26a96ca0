"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from relevel.export.encoding import ENCODINGS
from relevel.format.comparator import Comparator, find_comparator, load_comparator

_F = TypeVar("_F", bound=Callable[..., Any])


def _comparator(ctx: click.Context, param: click.Parameter, value: str | None) -> Comparator | None:
    """``NAME`` of a known comparator; ``module:function``, or ``NAME=module:function`` where no manifest has the name."""
    if value is None:
        return None
    if ":" not in value:
        return find_comparator(value)
    name, equals, reference = value.rpartition("=")
    return Comparator(name if equals else "", load_comparator(reference))


source = click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
destination = click.argument("destination", metavar="DST", type=click.Path(path_type=Path))
comparator = click.option(
    "--comparator",
    metavar="NAME|[NAME=]MODULE:FUNCTION",
    callback=_comparator,
    help="Order of the keys, where the manifest does not name a known one.",
)
as_json = click.option("--json", "json_wanted", is_flag=True, help="Print the report as JSON.")
encoding = click.option(
    "--encoding",
    type=click.Choice(list(ENCODINGS)),
    default="escaped",
    show_default=True,
    help="How keys and values are written, and how those on the command line are read.",
)
prefix = click.option("--prefix", metavar="P", default="", help="Only keys that start with P.")


def with_options(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    """Apply options so that the help page lists them in the order given."""

    def apply(function: _F) -> _F:
        for option in reversed(options):
            function = option(function)
        return function

    return apply
