"""The damage map: every file as a strip of squares, each square as bad as the worst byte in it.

A square stands for as many bytes as keep the page at a few thousand of them. Where there are more files than a page can show, the
hurt ones have a strip each, worst first, and the others are summed up by what they count for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from relevel.recovery.accounting import Condition, FileAccount
from relevel.recovery.inventory.standing import Standing

_MOST_CELLS: Final = 3000
_MOST_STRIPS: Final = 80
_LEAST_CELL: Final = 512
"""Bytes of a square at least: about what a small block has."""
_WORST_FIRST: Final = ("lost", "missing", "salvaged", "spared", "healed", "intact")
_COUNTS: Final = (Standing.LIVE, Standing.UNPROVEN)
_MISSING: Final = "missing"


@dataclass(frozen=True, slots=True)
class Cells:
    """Squares one after another that are alike.

    Attributes:
        look: what they are: a condition, or ``missing``, ``superseded``, ``orphan``, ``stranger``.
        count: how many.
        offset: where the first begins, in bytes from the start of the strip.
        end: where the last ends.
    """

    look: str
    count: int
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Strip:
    """One file, or the sum of some.

    Attributes:
        name: of the file, or how many there are.
        place: level or standing, for people.
        size: bytes.
        cell_size: bytes of a square.
        cells: the squares.
        looks: the looks other than intact that are in it.
    """

    name: str
    place: str
    size: int
    cell_size: int
    cells: tuple[Cells, ...]
    looks: tuple[str, ...]


def damage_map(files: Sequence[FileAccount]) -> tuple[Strip, ...]:
    """Draw the files: those that count first, in order of level and name."""
    drawn = sorted((file for file in files if file.size or file.missing_size), key=_order)
    alone = drawn if len(drawn) <= _MOST_STRIPS else sorted(filter(_is_hurt, drawn), key=_badness)[:_MOST_STRIPS]
    names = {file.name for file in alone}
    rest = [file for file in drawn if file.name not in names]
    groups = [list(group) for _, group in groupby(rest, key=place_of)]
    sums = [_Line(f"{len(group)} files", place_of(group[0]), _joined(group)) for group in groups]
    return (
        *_strips([_Line(file.name, place_of(file), _looks(file)) for file in sorted(alone, key=_order)], bool(sums)),
        *_strips(sums, bool(alone)),
    )


def _strips(lines: Sequence[_Line], shares_page: bool) -> Iterator[Strip]:
    cell_size = _cell_size([line.size for line in lines], _MOST_CELLS // 2 if shares_page else _MOST_CELLS)
    return (line.strip(cell_size) for line in lines)


def place_of(file: FileAccount) -> str:
    """Where a file stands, in a word or two: its level, its kind, or why it does not count."""
    if file.standing in _COUNTS:
        return str(file.kind) if file.level is None else f"level {file.level}"
    return str(file.standing)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a strip is drawn from: bytes one after another with what they look like."""

    name: str
    place: str
    parts: list[tuple[int, str]]

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.parts)

    def strip(self, cell_size: int) -> Strip:
        cells = tuple(_cells(self.parts, self.size, cell_size))
        looks = tuple(dict.fromkeys(look for _, look in self.parts if look != Condition.INTACT))
        return Strip(self.name, self.place, self.size, cell_size, cells, looks)


def _order(file: FileAccount) -> tuple[bool, bool, int, str]:
    counts = file.standing in (*_COUNTS, Standing.MISSING)
    return not counts, file.level is None, file.level or 0, file.name


def _is_hurt(file: FileAccount) -> bool:
    return file.missing_size > 0 or any(run.condition is not Condition.INTACT for run in file.runs)


def _badness(file: FileAccount) -> tuple[int, int]:
    """Least for the worst: by what is lost, then by what is hurt at all."""
    lost = file.missing_size + sum(run.size for run in file.runs if run.condition is Condition.LOST)
    return -lost, -sum(run.size for run in file.runs if run.condition is not Condition.INTACT)


def _looks(file: FileAccount) -> list[tuple[int, str]]:
    sound = str(Condition.INTACT if file.standing in _COUNTS else file.standing)
    looks = [(run.size, sound if run.condition is Condition.INTACT else str(run.condition)) for run in file.runs]
    return [*looks, (file.missing_size, _MISSING)] if file.missing_size else looks


def _joined(files: Iterable[FileAccount]) -> list[tuple[int, str]]:
    parts = [part for file in files for part in _looks(file)]
    return [(sum(size for size, _ in group), look) for look, group in _by_look(parts)]


def _by_look(parts: list[tuple[int, str]]) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    return ((look, list(group)) for look, group in groupby(parts, key=lambda part: part[1]))


def _cell_size(sizes: Sequence[int], most: int) -> int:
    """The least power of two, or one and a half times one, with which all fits."""
    size = _LEAST_CELL
    while sum(-(-length // size) for length in sizes) > max(most, 2 * len(sizes)):
        size = size * 3 // 2 if size & (size - 1) == 0 else size // 3 * 4
    return size


def _cells(parts: list[tuple[int, str]], size: int, cell_size: int) -> Iterator[Cells]:
    """Cut a strip into squares and join those that are alike."""
    worst = _worst_by_cell(parts, cell_size)
    at = 0
    for look, group in groupby(worst[index] for index in range(-(-size // cell_size))):
        count = sum(1 for _ in group)
        yield Cells(look, count, at * cell_size, min(size, (at + count) * cell_size))
        at += count


def _worst_by_cell(parts: list[tuple[int, str]], cell_size: int) -> Mapping[int, str]:
    worst: dict[int, str] = {}
    offset = 0
    for size, look in parts:
        for index in range(offset // cell_size, -(-(offset + size) // cell_size)):
            if index not in worst or _badness_of_look(look) < _badness_of_look(worst[index]):
                worst[index] = look
        offset += size
    return worst


def _badness_of_look(look: str) -> int:
    return _WORST_FIRST.index(look) if look in _WORST_FIRST else len(_WORST_FIRST)
