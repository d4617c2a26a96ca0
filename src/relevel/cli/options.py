"""Options and arguments that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import click

from relevel.errors import NotSupportedError
from relevel.exports.encoding import ENCODINGS
from relevel.exports.rows import FORMATS
from relevel.format.comparator import Comparator, find_comparator, guard_comparator, is_known, load_comparator
from relevel.format.internal_key import MAX_SEQUENCE

SEQUENCE = click.IntRange(0, MAX_SEQUENCE)
_F = TypeVar("_F", bound=Callable[..., Any])


def _comparator(ctx: click.Context, param: click.Parameter, value: str | None) -> Comparator | None:
    """``NAME`` of a known comparator; ``module:function``, or ``NAME=module:function`` where no manifest has the name."""
    if value is None:
        return None
    if ":" not in value:
        if not is_known(value):
            raise NotSupportedError(
                f"the comparator {value!r} is not known; give its order too: {value}=module:function"
            )
        return find_comparator(value)
    name, equals, reference = value.rpartition("=")
    return Comparator(name if equals else "", guard_comparator(load_comparator(reference), reference))


def _time(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """A time such as ``2015-12-02 03:58``, with seconds and an offset from UTC where wanted; without one it is local."""
    if value is None:
        return None
    text = value.strip()
    try:
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        example = "'2015-12-02 03:58' or '2015-12-02T03:58:00+01:00'"
        raise click.BadParameter(f"{value!r} is no time such as {example}", ctx, param) from error


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> int | datetime | None:
    """A sequence number, or a time."""
    digits = "" if value is None else value.replace(",", "").strip()
    if digits.isascii() and digits.isdigit():
        return SEQUENCE.convert(digits, param, ctx)  # type: ignore[arg-type]  # it reads text, whatever its stub says
    return _time(ctx, param, value)


class _Place(click.Path):
    """The path of a directory. An empty one is what an unset variable gives, and would mean the current directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse the empty path, and take all others as they are."""
        if not os.fspath(value):
            self.fail("the path is empty; '.' is the current directory", param, ctx)
        return super().convert(value, param, ctx)


source = click.argument("source", metavar="SRC", type=_Place(path_type=Path))
root = click.argument("root", metavar="ROOT", type=_Place(path_type=Path))
image = click.argument("image", metavar="IMAGE", type=_Place(path_type=Path))
destination = click.argument("destination", metavar="DST", type=_Place(path_type=Path))
destination_or_none = click.argument("destination", metavar="[DST]", required=False, type=_Place(path_type=Path))
database = click.argument("database", metavar="DB", type=_Place(path_type=Path))
create = click.option("--create", is_flag=True, help="Make the database where there is none.")
comparator = click.option(
    "--comparator",
    metavar="NAME|[NAME=]MODULE:FUNCTION",
    callback=_comparator,
    help="Order of the keys, where the manifest does not name a known one.",
)
as_json = click.option("--json", "json_wanted", is_flag=True, help="Print the report as JSON.")
page = click.option(
    "--report",
    "page",
    metavar="FILE.html",
    type=click.Path(path_type=Path),
    help="Write a report with a damage map to FILE.html, which must not exist. Reads every file twice more, for its SHA-256.",
)
line_format = click.option(
    "--format", "format", type=click.Choice(FORMATS), default="jsonl", show_default=True, help="Line format."
)
lines_as_json = click.option(
    "--json", "json_wanted", is_flag=True, help="JSON lines, and findings as JSON lines on standard error."
)
encoding = click.option(
    "--encoding",
    type=click.Choice(list(ENCODINGS)),
    default="escaped",
    show_default=True,
    help="How keys and values are written, and how those on the command line are read.",
)
decode = click.option(
    "--decode",
    metavar="NAME|KEYS:VALUES|auto",
    help="Decode keys and values: docs/decoders.md has the names. What cannot be decoded is shown raw, with the reason.",
)
prefix = click.option("--prefix", metavar="P", default="", help="Only keys that start with P.")
since = click.option(
    "--since", metavar="TIME", callback=_time, help="Only what was done at TIME or later, by an estimate."
)
until = click.option("--until", metavar="TIME", callback=_time, help="Only what was done before TIME, by an estimate.")
at = click.option(
    "--at",
    metavar="N|TIME",
    callback=_moment,
    help="The state right after the change with this sequence number, or before this time, which is an estimate.",
)
start = click.option("--start", metavar="K", help="Only keys at or after K.")
stop = click.option("--stop", metavar="K", help="Only keys before K.")


def with_options(*options: Callable[[_F], _F]) -> Callable[[_F], _F]:
    """Apply options so that the help page lists them in the order given."""

    def apply(function: _F) -> _F:
        for option in reversed(options):
            function = option(function)
        return function

    return apply


def refuse_one_place_for_two(places: Mapping[str, Path | None]) -> None:
    """Refuse, before anything is done, that two things are to be written to one place.

    Args:
        places: of what is to be written, by the names of arguments and options.

    Raises:
        click.UsageError: two are the same, however they are named.
    """
    given = {name: place.resolve() for name, place in places.items() if place is not None}
    for first, second in combinations(given, 2):
        if given[first] == given[second]:
            raise click.UsageError(f"{first} and {second} want a place each.")
