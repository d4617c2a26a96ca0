"""Stamps: the times in LOG and LOG.old.

LOG is written for people, and its times are those of the clock on the wall where the program ran, without saying where. Where
the file's own time of change is still that of its last line, the difference tells the offset from UTC.

Source: google/leveldb, util/posix_logger.h; syndtr/goleveldb, leveldb/storage/file_storage.go.

::

    LevelDB     2026/11/20-16:40:00.123456 139712 Level-0 table #5: started          also relevel
    goleveldb   =============== Nov 20, 2026 (UTC) ===============                    at the beginning and with each new day
                14:17:46.764630 memdb@flush N·416 S·63KiB
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final, NamedTuple

from relevel.files.info_log import info_log_lines
from relevel.storage.patched import Readable

_LEVELDB: Final = re.compile(r"(\d{4}/\d\d/\d\d-\d\d:\d\d:\d\d\.\d{6}) \S{1,40} (.*)")
_GOLEVELDB: Final = re.compile(r"(\d\d:\d\d:\d\d\.\d{6}) (.*)")
_DAY: Final = re.compile(r"=+ ([A-Z][a-z]{2} \d{1,2}, \d{4}) \(([^)]{1,40})\) =+")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UTC: Final = frozenset({"UTC", "GMT", "Z"})
_BEGUN: Final = re.compile(r"Level-\d+ table #(\d{1,18}): started|(memdb@flush) N·")
_FLUSHED: Final = re.compile(r"Level-\d+ table #(\d{1,18}): [1-9]\d* bytes|memdb@flush created L\d+@(\d{1,18}) ")
_GENERATED: Final = re.compile(r"Generated table #(\d{1,18})@\d+|table@build created L\d+@(\d{1,18}) ")
_OPENING: Final = ("Recovering log #", "Creating DB", "Delete type=3 #")
"""How the first line of a LOG begins that is written while the database is opened."""
_RECOVERING: Final = re.compile(r"Recovering log #|journal@recovery recovering")
_SETTLED: Final = re.compile(r"Delete type=|db@open done|Level-\d+ table #\d+: \d+ bytes, \d+ entries")
"""What is written only when an opening has come to its end."""
_REUSED: Final = "Reusing MANIFEST"
_LONGEST: Final = 1000
"""Characters of a line that are looked at."""
_QUARTER: Final = 15 * 60
_WIDEST: Final = (-12 * 3600, 14 * 3600)
"""The offsets from UTC that there are, in seconds."""
_EXACT: Final = 2.0
"""Seconds that the time of change of a file may lie after what its last line says."""
_ONE_SEASON: Final = 24 * 3600.0
"""Seconds from its end within which the offset of a LOG is taken to be the same; beyond, a change of the clocks may lie between."""


class Stamp(NamedTuple):
    """One line that tells something: an interval of time, in seconds since the epoch, and what happened.

    Attributes:
        earliest: not before this.
        latest: not after this.
        event: ``"open"``, ``"begun"``, ``"flushed"``, ``"replayed"`` (flushed while the database was being opened) or
            ``"generated"``.
        table: the number of the table; None where the line names none.
        evidence: the line, for people.
    """

    earliest: float
    latest: float
    event: str
    table: int | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Stamps:
    """What LOG and LOG.old say about times.

    Attributes:
        stamps: in the order of the lines, LOG.old first.
        offset: how the offset from UTC is known; None where there is no line.
        opened: when the last opening began, where LOG was begun by it and the manifest too.
    """

    stamps: tuple[Stamp, ...]
    offset: str | None
    opened: Stamp | None

    def of(self, event: str) -> dict[int, Stamp]:
        """The last stamp of each table for one event."""
        return {stamp.table: stamp for stamp in self.stamps if stamp.event == event and stamp.table is not None}


class _Line(NamedTuple):
    local: float
    is_utc: bool
    text: str


def read_stamps(storage: Readable, mtimes: dict[str, float]) -> Stamps:
    """Read the stamps of LOG.old and LOG.

    Args:
        storage: where they are.
        mtimes: the files' times of change, by name, in seconds since the epoch.
    """
    files = {name: list(_lines(info_log_lines(storage, name))) for name in ("LOG.old", "LOG")}
    offsets = {name: _offset(lines, mtimes.get(name)) for name, lines in files.items()}
    known = next((offset for offset in (offsets["LOG"], offsets["LOG.old"]) if offset is not None), None)
    found: dict[str, list[Stamp]] = {}
    for name, lines in files.items():
        offset = offsets[name] if offsets[name] is not None else known
        end = lines[-1].local if lines else 0.0
        found[name] = list(_stamps(name, lines, offset, end))
    reuses = any(_REUSED in line.text for line in files["LOG"])
    opening = next((stamp for stamp in found["LOG"] if stamp.event == "open"), None)
    return Stamps((*found["LOG.old"], *found["LOG"]), _told(files, known), None if reuses else opening)


def _told(files: dict[str, list[_Line]], offset: float | None) -> str | None:
    if not any(files.values()):
        return None
    if any(line.is_utc for lines in files.values() for line in lines):
        return "LOG is in UTC, and says so"
    if offset is None:
        return "LOG is in the local time of a place that is not known: up to 14 hours off"
    hours = timezone(timedelta(seconds=offset)).tzname(None)
    return f"LOG is in {hours}, by the time at which it was last written"


def _lines(lines: Iterable[str]) -> Iterator[_Line]:
    day, is_utc = "", False
    for whole in lines:
        line = whole[:_LONGEST]
        found = _LEVELDB.match(line)
        if found is not None:
            local = _seconds(found[1], "%Y/%m/%d-%H:%M:%S.%f")
        elif (found := _DAY.match(line)) is not None:
            day, is_utc = _numbered(found[1]), found[2] in _UTC
            continue
        elif day and (found := _GOLEVELDB.match(line)) is not None:
            local = _seconds(f"{day} {found[1]}", "%Y-%m-%d %H:%M:%S.%f")
        else:
            continue
        if local is not None:
            yield _Line(local, is_utc, found[2])


def _numbered(day: str) -> str:
    """``Nov 20, 2026`` as ``2026-11-20``, whatever language the system speaks."""
    month, number, year = day.replace(",", "").split()
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(number):02}" if month in _MONTHS else ""


def _seconds(text: str, form: str) -> float | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, OverflowError):
        return None


def _offset(lines: list[_Line], mtime: float | None) -> float | None:
    """How many seconds the clock on the wall was ahead of UTC; None where that cannot be told."""
    if not lines:
        return None
    if lines[-1].is_utc:
        return 0.0
    if mtime is None:
        return None
    ahead = lines[-1].local - mtime
    offset = round(ahead / _QUARTER) * _QUARTER
    is_exact = abs(ahead - offset) <= _EXACT
    return float(offset) if is_exact and _WIDEST[0] <= offset <= _WIDEST[1] else None


def _stamps(name: str, lines: list[_Line], offset: float | None, end: float) -> Iterator[Stamp]:
    begun: Stamp | None = None
    is_recovering = False
    for number, line in enumerate(lines):
        is_recovering = (is_recovering or _RECOVERING.match(line.text) is not None) and not _SETTLED.match(line.text)
        event, table = _event(line.text)
        if event == "flushed" and is_recovering:
            event = "replayed"
        if event is None and number == 0 and line.text.startswith(_OPENING):
            event = "open"
        if event is None:
            continue
        if offset is None:
            earliest, latest = line.local - _WIDEST[1], line.local - _WIDEST[0]
        else:
            summer = 0 if line.is_utc or end - line.local <= _ONE_SEASON else 3600
            earliest, latest = line.local - offset - summer, line.local - offset + summer
        stamp = Stamp(earliest, latest, event, table, f"{name}: {line.text[:80]}")
        if event == "begun" and table is None:
            begun = stamp  # goleveldb names the table when it is there
            continue
        if begun is not None and event in ("flushed", "replayed"):
            yield begun._replace(table=table)
            begun = None
        yield stamp


def _event(text: str) -> tuple[str | None, int | None]:
    for event, pattern in (("begun", _BEGUN), ("flushed", _FLUSHED), ("generated", _GENERATED)):
        found = pattern.search(text)
        if found is not None:
            number = next((group for group in found.groups() if group and group.isdigit()), None)
            return event, None if number is None else int(number)
    return None, None
