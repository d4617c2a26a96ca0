"""Batches that are always the same for the same seed, so that what was acknowledged is known without being written down."""

from __future__ import annotations

import random
from typing import TypeAlias

Operations: TypeAlias = list[tuple[bytes, bytes | None]]


def change(seed: int, number: int) -> Operations:
    """The operations of a batch."""
    chance = random.Random(seed << 32 | number)
    operations: Operations = []
    for _ in range(chance.choice([1, 1, 1, 8])):
        key = b"%03d" % chance.randrange(200)
        operations.append((key, b"%d " % number + chance.randbytes(900) if chance.random() < 0.8 else None))
    return operations
