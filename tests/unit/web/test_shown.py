"""What is drawn of much: a strip of a file in many pieces, and the difference of two values that have little in common."""

from __future__ import annotations

from relevel.recovery.accounting import Condition, Run
from relevel.web.difference import Side, difference
from relevel.web.overview import strip


def runs_of(*pieces: tuple[int, Condition]) -> list[Run]:
    """Runs that follow one another."""
    found, offset = [], 0
    for size, condition in pieces:
        found.append(Run(offset, size, condition))
        offset += size
    return found


def test_a_strip_of_few_pieces_has_each_of_them() -> None:
    """To the byte."""
    runs = runs_of((10, Condition.INTACT), (1, Condition.LOST), (5, Condition.HEALED))

    assert list(strip(runs, 16)) == [(0, 10, "intact"), (10, 1, "lost"), (11, 5, "healed")]


def test_a_strip_of_many_pieces_is_as_bad_as_the_worst_byte_of_each_cell() -> None:
    """Without a gap, and no longer than the file."""
    size = 1_000_003
    middle = [(500, condition) for _ in range(450) for condition in (Condition.HEALED, Condition.INTACT)]
    rest = size - 1 - 500_000 - sum(length for length, _ in middle)
    runs = runs_of((500_000, Condition.INTACT), *middle, (rest, Condition.INTACT), (1, Condition.LOST))

    found = list(strip(runs, size))

    assert len(found) <= 400
    assert [offset for offset, _, _ in found] == [0, *(offset + length for offset, length, _ in found[:-1])]
    assert sum(length for _, length, _ in found) == size
    assert [look for _, _, look in found] == ["intact", "healed", "intact", "lost"]
    assert found[1][0] <= 500_000 < 500_000 + 450 * 1000 - 500 <= found[1][0] + found[1][1]


def test_values_with_too_many_words_are_shown_whole() -> None:
    """What both begin and end with is told apart all the same."""
    old = b"head " + b"".join(b"%d " % number for number in range(600)) + b"tail"
    new = b"head " + b"".join(b"%d;" % number for number in range(1000, 1600)) + b"tail"

    found = difference(old, new)

    assert [piece.kind for piece in found.pieces] == [Side.BOTH, Side.OLD, Side.NEW, Side.BOTH]
    assert b"".join(piece.data for piece in found.pieces if piece.kind is not Side.NEW) == old
    assert b"".join(piece.data for piece in found.pieces if piece.kind is not Side.OLD) == new
