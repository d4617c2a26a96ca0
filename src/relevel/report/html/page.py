"""A report as one HTML file: is my data there, what is missing, what do I do next.

The page loads nothing, runs nothing and is read without a network: its policy (CSP) forbids all but its own style sheet. Keys and
file names are whatever somebody put into a database; what is not printable of them is shown escaped, and Jinja escapes the rest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from relevel.findings import CATALOGUE
from relevel.recovery.check import CheckReport
from relevel.recovery.in_place import InPlaceReport
from relevel.recovery.rescue import RescueReport
from relevel.report.html.view import view_of
from relevel.report.text import range_text, size_text
from relevel.storage.read_only import FileFingerprint

_TEMPLATE: Final = "page.html.jinja"
_STYLE: Final = "page.css"


def render(
    report: CheckReport | RescueReport | InPlaceReport,
    *,
    before: Sequence[FileFingerprint] = (),
    after: Sequence[FileFingerprint] = (),
    made_at: datetime | None = None,
) -> str:
    """Make the page of a report.

    Args:
        report: of ``check``, ``rescue`` or ``rescue_in_place``; the damage map needs ``accounting=True`` there.
        before: the source's files and their SHA-256 before, of ``ReadOnlyDirectory.fingerprint``; not shown where not given.
        after: the same when the work was done.
        made_at: the time that the page shows; now where it is not given.

    Returns:
        The page; all of it can be encoded as UTF-8.
    """
    environment = _environment()
    style = environment.loader.get_source(environment, _STYLE)[0] if environment.loader else ""
    return environment.get_template(_TEMPLATE).render(
        view=view_of(report, before, after),
        style=Markup(style),  # ours
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        made_at=(made_at or datetime.now(timezone.utc)).strftime("%Y-%m-%d %H:%M UTC"),
        version=version("relevel"),
        titles={code: entry.title for code, entry in CATALOGUE.items()},
        meanings={code: entry.meaning for code, entry in CATALOGUE.items()},
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("relevel", "report/html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(bytes=size_text, count=_count, range=range_text, percent=_percent, odds=_odds)
    return environment


def _printable(value: Any) -> Any:
    """What goes into the page: no control characters, no marks that turn the direction of text, no lone surrogates."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in value)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def _count(number: int) -> str:
    """A number in groups of three digits."""
    return f"{number:,}"


def _percent(share: float) -> str:
    """A share of a hundred; never nothing for something, nor all for less."""
    if 0 < share < 0.1:
        return "under 0.1 %"
    if 99.9 < share < 100:
        return "over 99.9 %"
    return f"{share:.1f} %".replace(".0 %", " %")


def _odds(odds: float) -> str:
    """How likely it is that a healing is wrong."""
    return "none" if odds <= 0 else f"1 in {_count(round(1 / odds))}" if odds < 1 else "likely"
