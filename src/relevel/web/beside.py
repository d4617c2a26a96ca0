"""Beside: every key on disk with what it was at one sequence number and what it is now.

One merge of all versions in key order gives both, so that a row knows where each of its two versions lies. Work is cut into
helpings: one ends when it has enough rows, or has looked for long enough, and says where the next one begins.

==========  ==================================================================
same        there then, and the same bytes now
changed     there then, with another value now
gone        there then, not now
later       not there then, but now
absent      neither then nor now, though versions of it are on disk
==========  ==================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from relevel.format.comparator import Comparator
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version
from relevel.strenum import StrEnum

LONGEST_LOOK: Final = 0.12
"""Seconds after which a helping ends with what it has; one key's versions are never cut apart."""
_LOOK_AT_CLOCK: Final = 256
Shown = TypeVar("Shown")


class Status(StrEnum):
    """How a key then compares with the same key now."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    LATER = "later"
    ABSENT = "absent"


@dataclass(slots=True)
class KeyRow:
    """One key, then and now.

    Attributes:
        key: the user key.
        then: its newest version at or before the sequence number; it may be a deletion.
        now: what a read gives now; None where it gives nothing.
        newest: the newest version on disk.
        version_count: versions on disk.
        matches: whether one of its values holds what is searched for.
    """

    key: bytes
    then: Version | None
    now: Version | None
    newest: Version
    version_count: int
    matches: bool

    @property
    def status(self) -> Status:
        """How then compares with now."""
        was_there = self.then is not None and self.then.value is not None
        if self.now is None:
            return Status.GONE if was_there else Status.ABSENT
        if self.then is None or not was_there:
            return Status.LATER
        return Status.SAME if self.then.value == self.now.value else Status.CHANGED


@dataclass(frozen=True, slots=True)
class Point:
    """The sequence number looked at.

    Attributes:
        sequence: of the last change that is seen.
        current_from: from which sequence number on only what counts now is looked at; below it, what was replaced may tell more.
        current_files: the tables and logs that count now.
    """

    sequence: int
    current_from: int
    current_files: frozenset[str]

    def sees(self, version: Version) -> bool:
        """Whether a version is looked at; of a key, the newest that is decides."""
        if version.sequence > self.sequence:
            return False
        return self.sequence < self.current_from or version.file in self.current_files


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which keys are wanted.

    Attributes:
        prefix: only keys that start with this.
        contains: only keys with a value that holds this.
        statuses: only keys of these; all where it is empty.
    """

    prefix: bytes = b""
    contains: bytes = b""
    statuses: frozenset[Status] = frozenset()

    def takes(self, row: KeyRow) -> bool:
        """Whether a row is wanted."""
        return row.matches and (not self.statuses or row.status in self.statuses)


@dataclass(slots=True)
class Helping(Generic[Shown]):
    """Some rows, as they are shown.

    Attributes:
        rows: in key order.
        next_key: where the next helping begins; None at the end.
        looked_at: how many keys were looked at.
    """

    rows: list[Shown] = field(default_factory=list)
    next_key: bytes | None = None
    looked_at: int = 0


def help_rows(
    reader: Reader,
    point: Point,
    wanted: Wanted = Wanted(),
    *,
    show: Callable[[KeyRow], Shown],
    start: bytes | None = None,
    skip: int = 0,
    limit: int = 100,
    clock: Callable[[], float] = time.monotonic,
) -> Helping[Shown]:
    """Give up to ``limit`` rows from ``start`` on.

    Args:
        reader: the database.
        point: what is compared with now.
        wanted: which keys.
        show: makes of a row what is kept of it: values may be large.
        start: the first key looked at.
        skip: keys passed over first.
        limit: rows given at most.
        clock: seconds; the helping ends early where it takes too long.
    """
    versions = reader.rows("versions", past=True, prefix=wanted.prefix, start=start)
    helping: Helping[Shown] = Helping()
    until = clock() + LONGEST_LOOK
    for row in rows_of(versions, point, wanted.contains):
        is_late = helping.looked_at % _LOOK_AT_CLOCK == 0 and helping.looked_at > skip and clock() > until
        if len(helping.rows) >= limit or is_late:
            helping.next_key = row.key
            break
        helping.looked_at += 1
        if helping.looked_at > skip and wanted.takes(row):
            helping.rows.append(show(row))
    return helping


def rows_of(versions: Iterable[Version], point: Point, contains: bytes = b"") -> Iterator[KeyRow]:
    """Sum the versions of each key up, which come newest first; none is kept that is not shown."""
    row: KeyRow | None = None
    for version in versions:
        if row is None or version.key != row.key:
            if row is not None:
                yield row
            row = KeyRow(version.key, None, None, version, 0, not contains)
        row.version_count += 1
        if version.state == "live":
            row.now = version
        if row.then is None and point.sees(version):
            row.then = version
        if not row.matches and version.value is not None and contains in version.value:
            row.matches = True
    if row is not None:
        yield row


def position_of(reader: Reader, order: Comparator, key: bytes, start: bytes | None, limit: int) -> int:
    """How many keys stand from ``start`` up to, not including, ``key``; ``limit`` at most."""
    nothing, wanted = Point(0, 0, frozenset()), order.sort_key(key)
    count = 0
    for row in rows_of(reader.rows("versions", past=True, start=start), nothing):
        if count >= limit or not order.sort_key(row.key) < wanted:
            break
        count += 1
    return count
