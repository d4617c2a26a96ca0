"""Databases made by plyvel, with a record of everything that was written to them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")


@dataclass
class Recorded:
    """A database and its true history.

    Attributes:
        path: the database's directory; closed.
        operations: ``(key, value)`` in order, value None for a deletion; the first has sequence number 1.
    """

    path: Path
    operations: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def state_at(self, sequence: int) -> dict[bytes, bytes]:
        """What a read gave right after this change, in key order."""
        state: dict[bytes, bytes] = {}
        for key, value in self.operations[:sequence]:
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        return dict(sorted(state.items()))

    @property
    def live(self) -> dict[bytes, bytes]:
        """What a read gives now, in key order."""
        return self.state_at(len(self.operations))


def random_database(path: Path, seed: int, count: int = 3000, **options: object) -> Recorded:
    """Puts, overwrites and deletions of a few hundred keys, in batches and alone, with small buffers so that tables appear."""
    rng = random.Random(seed)
    recorded = Recorded(path)
    settings: dict[str, object] = {
        "write_buffer_size": 65536,
        "block_size": 1024,
        "compression": rng.choice(["snappy", None]),
    }
    database = plyvel.DB(str(path), create_if_missing=True, **{**settings, **options})
    while len(recorded.operations) < count:
        with database.write_batch() as batch:
            for _ in range(rng.choice([1, 1, 1, 5, 20])):
                key = b"key/%04d" % rng.randrange(600)
                value = None if rng.random() < 0.25 else rng.randbytes(rng.randrange(1, 40)) * rng.randrange(1, 6)
                recorded.operations.append((key, value))
                if value is None:
                    batch.delete(key)
                else:
                    batch.put(key, value)
    database.close()
    return recorded


def emptied_database(path: Path, count: int = 2000) -> Recorded:
    """The seed story: everything is written, everything is deleted, in order."""
    recorded = Recorded(path)
    database = plyvel.DB(str(path), create_if_missing=True)
    for number in range(count):
        recorded.operations.append((b"user/%05d" % number, b"value of %d" % number))
        database.put(*recorded.operations[-1])
    for number in range(count):
        recorded.operations.append((b"user/%05d" % number, None))
        database.delete(b"user/%05d" % number)
    database.close()
    return recorded


def contents(path: Path) -> tuple[dict[bytes, bytes], dict[bytes, bytes | None]]:
    """What plyvel reads from a database (of which the caller made a copy, or which is his own): iterated, and got."""
    with plyvel.DB(str(path)) as database:
        iterated = dict(database.iterator())
        return iterated, {key: database.get(key) for key in iterated}
