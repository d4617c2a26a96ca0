"""Databases that are whole and that are not, and what the commands that look and rescue make of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import relevel

KEYS: Final = [b"%04d" % number for number in range(400)]
WRITES: Final = sum(len(KEYS[::step]) for step in (1, 3, 7, 11))
"""How many there are, which is the last sequence number."""


class Told(NamedTuple):
    """What an answer holds, and whether it says that something may be missing."""

    entries: dict[bytes, bytes]
    is_doubted: bool


def make(place: Path) -> dict[bytes, bytes]:
    """A database of three tables in two levels, and a log. What is live."""
    with relevel.DB(place, create_if_missing=True, compression=None) as db:
        for generation in (b"first", b"second"):
            for key in KEYS[:: 1 if generation == b"first" else 3]:
                db.put(key, generation + key * 10)
            db.core.flusher.flush()
            if generation == b"first":
                db.compact_range()
        for key in KEYS[::7]:
            db.delete(key)
        db.core.flusher.flush()
        for key in KEYS[::11]:
            db.put(key, b"third" + key)
        return dict(db)


def lose_manifest(place: Path) -> None:
    """Nothing but LOG says what counts."""
    for path in [*place.glob("MANIFEST-*"), place / "CURRENT"]:
        path.unlink()


def lose_log_file(place: Path) -> None:
    """Nothing says what counts."""
    lose_manifest(place)
    for path in place.glob("LOG*"):
        path.unlink()


def flip(place: Path) -> None:
    """A bit of each table is another."""
    for path in place.glob("*.ldb"):
        content = bytearray(path.read_bytes())
        content[500] ^= 1
        path.write_bytes(content)


def lose_index(place: Path) -> None:
    """The largest table has lost its footer."""
    path = max(place.glob("*.ldb"), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-20])


def misname(place: Path) -> None:
    """A table and the log have names that no program knows."""
    table, log = min(place.glob("*.ldb")), max(place.glob("*.log"))
    table.rename(table.with_suffix(".bak"))
    log.rename(log.with_name(f"copy of {log.stem}.txt"))


STATES: Final[dict[str, Callable[[Path], object]]] = {
    "healthy": lambda place: None,
    "no-manifest": lose_manifest,
    "nothing-told": lose_log_file,
    "flipped": flip,
    "no-index": lose_index,
    "misnamed": misname,
}


def rescue(place: Path, new: Path) -> Told:
    """What a rescue gets."""
    report = relevel.rescue(place, new)
    return Told(dict(relevel.scan(new)), not report.is_complete)


def carve(place: Path, new: Path) -> Told:
    """What is found without names, as far as it is one database."""
    report = relevel.carve(place, new)
    if len(report.databases) > 1:
        return Told({}, is_doubted=True)
    rescued = relevel.rescue(new, new.with_name("again"))
    return Told(dict(relevel.scan(new.with_name("again"))), not (report.is_complete and rescued.is_complete))


def undelete(place: Path, new: Path) -> Told:
    """All that is live now."""
    report = relevel.undelete(place, new, at=WRITES)
    return Told(dict(relevel.scan(new)), any(finding.is_loss for finding in report.findings))


def check(place: Path, new: Path) -> Told:
    """Nothing, and whether anything is wrong."""
    return Told({}, not relevel.check(place).is_clean)


def info(place: Path, new: Path) -> Told:
    """Nothing: what it cannot tell, it need not."""
    relevel.info(place)
    return Told({}, is_doubted=True)


def scan(place: Path, new: Path) -> Told:
    """What is live."""
    rows = relevel.scan(place)
    entries = dict(rows)
    return Told(entries, any(finding.is_loss for finding in rows.findings))


def get(place: Path, new: Path) -> Told:
    """One key's value, with no doubt but where that is told."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        return Told({KEYS[33]: relevel.get(place, KEYS[33])}, bool(told))


def history(place: Path, new: Path) -> Told:
    """The last version of each key that is not a deletion."""
    rows = relevel.History(place).timeline()
    last = {version.key: version.value for version in rows}
    found = {key: value for key, value in last.items() if value is not None}
    return Told(found, any(finding.is_loss for finding in rows.findings))


COMMANDS: Final[dict[str, Callable[[Path, Path], Told]]] = {
    command.__name__: command for command in (rescue, carve, undelete, check, info, scan, get, history)
}
