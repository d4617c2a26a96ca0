"""The difference between two values, word by word: enough to see what was changed. Heads of values only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

from relevel.strenum import StrEnum

_LONGEST: Final = 8 << 10
_MOST_WORDS: Final = 1000
"""Words past which what differs is shown whole: comparing takes time with their square."""
_WORD: Final = re.compile(rb"[\w\x80-\xff]+|\s+|[^\w\s]")


class Side(StrEnum):
    """Which value has a piece."""

    BOTH = "both"
    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that one or both values have."""

    kind: Side
    data: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """The pieces in order; ``is_whole`` where all of both values was compared."""

    pieces: tuple[Piece, ...]
    is_whole: bool


def difference(old: bytes, new: bytes) -> Difference:
    """Compare two values."""
    is_whole = len(old) <= _LONGEST and len(new) <= _LONGEST
    before, after = (_WORD.findall(value[:_LONGEST]) for value in (old, new))
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    middle = _middle(before[start : len(before) - end], after[start : len(after) - end])
    pieces = [
        Piece(Side.BOTH, b"".join(before[:start])),
        *middle,
        Piece(Side.BOTH, b"".join(before[len(before) - end :])),
    ]
    return Difference(tuple(piece for piece in pieces if piece.data), is_whole)


def _alike(before: Sequence[bytes], after: Sequence[bytes]) -> int:
    """How many words both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _middle(before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[Piece]:
    if max(len(before), len(after)) > _MOST_WORDS:
        yield from (Piece(Side.OLD, b"".join(before)), Piece(Side.NEW, b"".join(after)))
        return
    for kind, old_start, old_end, new_start, new_end in SequenceMatcher(None, before, after).get_opcodes():
        if kind == "equal":
            yield Piece(Side.BOTH, b"".join(before[old_start:old_end]))
        else:
            yield Piece(Side.OLD, b"".join(before[old_start:old_end]))
            yield Piece(Side.NEW, b"".join(after[new_start:new_end]))
