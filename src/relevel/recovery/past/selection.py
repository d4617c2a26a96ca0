"""Selection: what of the past to bring back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from relevel._kernel.past import LookBack
from relevel.errors import InvalidArgumentError
from relevel.recovery.past.moments import SequenceEstimate
from relevel.recovery.read.reader import KeySpan, Reader


@dataclass(frozen=True, slots=True)
class Selection:
    """Which keys to look back at, and which deletions to undo. Everything where nothing is given.

    Attributes:
        keys: these keys,
        prefixes: and those that start with one of these; where neither is given, all:
        start: of these none before this one,
        stop: none at or after this one, in the order of the keys;
        first_sequence: and of the keys that are gone, those that a deletion with this sequence number or a later one made go,
        last_sequence: with this one or an earlier one,
        since: at this time or later, by an estimate,
        until: before this time, by an estimate.
    """

    keys: tuple[bytes, ...] = ()
    prefixes: tuple[bytes, ...] = ()
    start: bytes | None = None
    stop: bytes | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def has_window(self) -> bool:
        """Whether it is some deletions alone that are to be undone."""
        return (self.first_sequence, self.last_sequence, self.since, self.until) != (None, None, None, None)

    def window(self, before: Callable[[datetime], SequenceEstimate]) -> tuple[int, int | None]:
        """The sequence numbers of the deletions to undo.

        Args:
            before: tells which change was the last before a time.

        Raises:
            InvalidArgumentError: the window ends before it begins, or nothing tells of its times.
        """
        firsts = [0 if self.first_sequence is None else self.first_sequence]
        firsts += [] if self.since is None else [before(self.since).believed() + 1]
        lasts = [] if self.last_sequence is None else [self.last_sequence]
        lasts += [] if self.until is None else [before(self.until).believed()]
        first, last = max(firsts), min(lasts, default=None)
        if last is not None and last < first:
            raise InvalidArgumentError(f"nothing is in the window: it ends with {last}, before it begins with {first}")
        return first, last

    def look_back(self, window: tuple[int, int | None]) -> LookBack:
        """The selection as the kernel takes it."""
        return LookBack(
            keys=list(self.keys),
            prefixes=list(self.prefixes),
            start=self.start,
            stop=self.stop,
            gone_from=window[0],
            gone_to=window[1],
        )

    def span(self, reader: Reader) -> KeySpan:
        """A span of keys that has all that are selected, and perhaps more."""
        if len(self.keys) + len(self.prefixes) != 1:
            return KeySpan(self.start, self.stop, None)
        if self.keys:
            return KeySpan(self.keys[0], reader.after(self.keys[0]), None)
        return reader.span(self.prefixes[0], self.start, self.stop)._replace(keep=None)
