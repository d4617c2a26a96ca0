"""What is done to a database, and seen of it, apart from how it is kept: the same life under other options shows the same.

A life is steps. Whoever follows it (``following``) notes what each step shows; between steps he may do what nobody should notice.
Targets of seeks are never keys, so that a gap between two keys is meant whichever way the keys are ordered.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.engine.gap import Move, Range

State = dict[bytes, bytes]
Changes = tuple[tuple[bytes, bytes | None], ...]
"""Keys, and values; None deletes."""

KEYS: Final = tuple(
    sorted({b"", b"\0", b"\0\0", b"\xff", b"\xff\xff", b"k" * 700, *(b"key/%03d" % number for number in range(80))})
)
_SIZES: Final = (0, 1, 10, 100, 100, 1000, 5000, 20_000)
_NOISE: Final = random.Random(1).randbytes(10_000)


@dataclass(frozen=True, slots=True)
class Write:
    """Changes, as one batch or one after another."""

    changes: Changes
    is_batch: bool
    sync: bool


@dataclass(frozen=True, slots=True)
class Get:
    """Keys that are looked up, each alone and all at once."""

    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """An iterator over a range that makes these moves."""

    span: Range
    reverse: bool
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A snapshot and an iterator that are made, the latter moved; others' steps; and what is seen of both after that."""

    walk: Walk
    inner: tuple[Write | Get | Walk, ...]
    keys: tuple[bytes, ...]


Step = Write | Get | Walk | Hold
Life = tuple[Step, ...]


def new_life(choose: random.Random, steps: int) -> Life:
    """A life of so many steps."""
    return tuple(_new_step(choose, number) for number in range(steps))


def _new_step(choose: random.Random, number: int) -> Step:
    kind = choose.randrange(10)
    if kind < 6:
        return _new_write(choose, number)
    if kind < 7:
        return Get(_new_keys(choose))
    if kind < 9:
        return _new_walk(choose)
    inner: list[Write | Get | Walk] = []
    for _ in range(choose.randrange(4)):
        each: list[Write | Get | Walk] = [_new_write(choose, number), Get(_new_keys(choose)), _new_walk(choose)]
        inner.append(choose.choice(each))
    return Hold(_new_walk(choose), tuple(inner), _new_keys(choose))


def _new_keys(choose: random.Random) -> tuple[bytes, ...]:
    return tuple(choose.choice(KEYS) for _ in range(choose.randrange(1, 6)))


def _new_write(choose: random.Random, number: int) -> Write:
    changes = []
    for key in _new_keys(choose):
        is_deletion = choose.randrange(4) == 0
        changes.append((key, None if is_deletion else _value(number, choose.choice(_SIZES))))
    return Write(tuple(changes), choose.randrange(2) == 0, choose.randrange(20) == 0)


def _value(number: int, size: int) -> bytes:
    """A value of about this size, half of which can be compressed."""
    return b"%d " % number + _NOISE[: size // 2] + b"=" * (size // 2)


def _new_walk(choose: random.Random) -> Walk:
    start, stop = (choose.choice([None, choose.choice(KEYS), _between(choose)]) for _ in range(2))
    span = Range(start, stop, choose.randrange(2) == 0, choose.randrange(2) == 0)
    names = ["__next__"] * 8 + ["prev"] * 4 + ["seek_to_start", "seek_to_stop", "seek"]
    moves = [choose.choice(names) for _ in range(choose.randrange(40))]
    return Walk(
        span, choose.randrange(2) == 0, tuple((name, _between(choose) if name == "seek" else None) for name in moves)
    )


def _between(choose: random.Random) -> bytes:
    """A place between two keys."""
    return choose.choice(KEYS) + b"\1"


def changes_of(life: Life) -> Iterator[tuple[bytes, bytes | None]]:
    """Every change in its order: the nth has sequence number n."""
    for step in life:
        for each in step.inner if isinstance(step, Hold) else (step,):
            if isinstance(each, Write):
                yield from each.changes


def states_of(life: Life) -> Iterator[State]:
    """What is in the database before the first change, after it, and so on; the same dict, changed."""
    state: State = {}
    yield state
    for key, value in changes_of(life):
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
        yield state


def last_state(life: Life) -> list[tuple[bytes, bytes]]:
    """What is in the database after the last change, in ascending order."""
    (state,) = deque(states_of(life), maxlen=1)
    return sorted(state.items())
