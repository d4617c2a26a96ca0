"""What came back, held against what was there, and against what the report says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from damage.histories import History
from damage.operators import Hurt
from relevel.findings import KeyRange


@dataclass(frozen=True, slots=True)
class Score:
    """One rescue.

    Attributes:
        entries: live entries there were.
        exact: of these, that came back as they were.
        hurt: of these, that lay in a block or record of which a byte was changed.
        lost: that did not come back.
        lost_intact: that did not come back, or not as they were, though no byte of their block or record was changed.
        stale: that came back with an older value.
        resurrected: keys that had been deleted and came back.
        foreign: entries that were never written.
        untold: lost, stale, resurrected or foreign, and the report does not name their key.
        says_complete: whether the report says that all is there; None for a program that reports nothing.
        reasons: why the report does not say so.
        seconds: how long it took.
        error: what it said instead of a result.
    """

    entries: int = 0
    exact: int = 0
    hurt: int = 0
    lost: int = 0
    lost_intact: int = 0
    stale: int = 0
    resurrected: int = 0
    foreign: int = 0
    untold: int = 0
    says_complete: bool | None = None
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str = ""

    @property
    def is_perfect(self) -> bool:
        """Whether all that was live is there, and nothing else."""
        return self.exact == self.entries and not self.resurrected and not self.foreign


@dataclass(frozen=True, slots=True)
class Told:
    """What a report names.

    Attributes:
        lost: ranges of keys of which entries may be lost.
        doubtful: ranges of keys whose entries may be older than what is lost.
    """

    lost: tuple[KeyRange, ...] = ()
    doubtful: tuple[KeyRange, ...] = ()


def score(
    history: History, hurt: Hurt, found: dict[bytes, bytes], told: Told, *, complete: bool | None, seconds: float
) -> Score:
    """Count."""
    live = history.live
    exact = {key for key, value in live.items() if found.get(key) == value}
    lost = live.keys() - found.keys()
    known = {key: value for key, value in found.items() if value in history.values.get(key, ())}
    foreign = found.keys() - known.keys()
    stale = {key for key in known if key in live and key not in exact}
    resurrected = known.keys() - live.keys()
    in_hurt = hurt_keys(history, hurt)
    untold = sum(not _names(told.lost, key) for key in lost)
    untold += sum(not _names(told.doubtful, key) for key in (*stale, *resurrected))
    untold += sum(not _names(told.lost, key) for key in foreign)
    return Score(
        entries=len(live),
        exact=len(exact),
        hurt=len(in_hurt),
        lost=len(lost),
        lost_intact=len(live.keys() - exact - in_hurt),
        stale=len(stale),
        resurrected=len(resurrected),
        foreign=len(foreign),
        untold=untold,
        says_complete=complete,
        seconds=seconds,
    )


def hurt_keys(history: History, hurt: Hurt) -> set[bytes]:
    """The live keys in blocks and records that were touched: each goes on to where the next one begins."""
    places = sorted(set(history.places.values()))
    following = dict(pairwise(places))
    ends = {
        (name, offset): following[name, offset][1] if following.get((name, offset), ("", 0))[0] == name else 1 << 62
        for name, offset in places
    }
    files = {name for name, _, _ in hurt}
    touched = {
        place
        for place in places
        if place[0] in files
        and any(name == place[0] and start < ends[place] and place[1] < end for name, start, end in hurt)
    }
    return {key for key, place in history.places.items() if place in touched}


def _names(ranges: tuple[KeyRange, ...], key: bytes) -> bool:
    return any(
        (keys.lower is None or keys.lower <= key) and (keys.upper is None or key <= keys.upper) for keys in ranges
    )
