"""Batches that are always the same for the same seed, so that what was acknowledged is known without being written down."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count
from typing import TypeAlias

Operations: TypeAlias = list[tuple[bytes, bytes | None]]
State: TypeAlias = dict[bytes, bytes]


def change(seed: int, number: int) -> Operations:
    """The operations of a batch."""
    chance = random.Random(seed << 32 | number)
    operations: Operations = []
    for _ in range(chance.choice([1, 1, 1, 8])):
        key = b"%03d" % chance.randrange(200)
        operations.append((key, b"%d " % number + chance.randbytes(900) if chance.random() < 0.8 else None))
    return operations


def states(seed: int, start: int = 0, truth: State | None = None) -> Iterator[State]:
    """What is in a database that holds ``truth`` before batch ``start``, after it, after the next, and so on without end."""
    state = dict(truth or {})
    for number in count(start):
        yield dict(state)
        for key, value in change(seed, number):
            state.pop(key, None) if value is None else state.update({key: value})
