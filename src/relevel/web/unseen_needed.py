"""What of the unseen is needed: a restore that may need it is refused, and the command is told that does without the limit."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from relevel.errors import InvalidArgumentError
from relevel.exports.encoding import ENCODINGS
from relevel.findings import INDEX_TOO_LARGE, Finding, KeyRange
from relevel.recovery.past.runs import DeletionRun
from relevel.web.basket import Basket, DeletionsOf, Item, OneVersion, StateOf
from relevel.web.shown import finding_json
from relevel.web.unseen import Unseen

_MOST_TOLD: Final = 20
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: a basket, alone or with everything else as it is now."""

    basket: Basket
    with_rest: bool


def unseen_json(unseen: Unseen, limit: int, source: Path) -> dict[str, Any]:
    """What is not looked at: the first of it, each with the command that reads it."""
    told = unseen.findings[:_MOST_TOLD]
    return {
        "limit": limit,
        "count": len(unseen.findings),
        "first": [{**finding_json(finding), "command": _reading(finding, source)} for finding in told],
    }


def refuse_unseen(wish: Wish, unseen: Unseen, runs: Sequence[DeletionRun], source: Path) -> None:
    """Go no further where what is wanted may be in what is not looked at.

    Args:
        wish: what is wanted.
        unseen: what is not looked at.
        runs: the mass deletions, which tell the keys that they made go.
        source: the database.

    Raises:
        InvalidArgumentError: it may be; the message has the command to use in place of this.
    """
    why = why_refused(wish, unseen, runs, source)
    if why is not None:
        raise InvalidArgumentError(why)


def why_refused(wish: Wish, unseen: Unseen, runs: Sequence[DeletionRun], source: Path) -> str | None:
    """Why what is wanted cannot be had from here, with the command to use in place of this; None where it can."""
    needing = ((item, needed) for item in wish.basket for needed in _needed(item, unseen, runs))
    if found := next(needing, None):
        item, needed = found
        return _why_not(needed, item, source, is_enough_alone=False)
    if wish.with_rest and wish.basket and unseen.findings:
        return _why_not(unseen.findings[0], wish.basket[0], source, is_enough_alone=True)
    return None


def whys_refused(basket: Basket, unseen: Unseen, runs: Sequence[DeletionRun], source: Path) -> dict[str, str | None]:
    """Why a basket alone, and with everything else, cannot be had from here; None where it can."""
    return {
        name: why_refused(Wish(basket, with_rest), unseen, runs, source)
        for name, with_rest in (("alone", False), ("with_rest", True))
    }


def _needed(item: Item, unseen: Unseen, runs: Sequence[DeletionRun]) -> Iterator[Finding]:
    """What of the unseen an item may need: of a version that was seen, nothing."""
    match item:
        case StateOf(prefix):
            yield from unseen.may_hold_prefix(prefix)
        case DeletionsOf(first, last):
            run = next((run for run in runs if (run.first_sequence, run.last_sequence) == (first, last)), None)
            yield from unseen.may_hold_any(KeyRange() if run is None else run.keys)


def _why_not(needed: Finding, item: Item, source: Path, *, is_enough_alone: bool) -> str:
    alone = " Only what is in the basket can be had from here." if is_enough_alone else ""
    refusal = f"{_what(needed)} not looked at here, and what is wanted may be in it.{alone}"
    return f"{refusal} Without that limit: {_restoring(item, source)}"


def _what(unseen: Finding) -> str:
    if unseen.code == INDEX_TOO_LARGE:
        return f"{unseen.span.file}: its index is so large that the whole table is"
    return f"{unseen.span.file} at {unseen.span.offset}: {unseen.span.size / _MIB:,.0f} MiB in one piece are"


def _restoring(item: Item, source: Path) -> str:
    match item:
        case StateOf(prefix, sequence):
            options = ["--at", str(sequence), *(["--prefix", _typed(prefix)] if prefix else [])]
        case DeletionsOf(first, last):
            options = ["--run", f"{first}-{last}"]
        case OneVersion(key, sequence):
            options = ["--at", str(sequence), "--key", _typed(key)]
    return shlex.join(["relevel", "undelete", str(source), "DST", *options])


def _reading(finding: Finding, source: Path) -> str:
    """The command that reads the keys of a block or record."""
    keys = finding.keys or KeyRange()
    if keys.lower is not None and keys.lower == keys.upper:
        return shlex.join(["relevel", "history", str(source), "--key", _typed(keys.lower)])
    ends = [] if keys.lower is None else ["--start", _typed(keys.lower)]
    return shlex.join(["relevel", "export", str(source), "OUT.parquet", *ends])


def _typed(data: bytes) -> str:
    return ENCODINGS["escaped"].encode(data)
