"""The story of lost data: a data set is imported, worked on, and deleted by a script, record by record."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from relevel import DB

NAMES = ("Ada", "Barbara", "Edsger", "Grace", "Linus")
KINDS = ("invoice", "order", "session", "user")


@dataclass(frozen=True, slots=True)
class Story:
    """What happened.

    Attributes:
        place: the database.
        before: what was in it before the script ran.
        last_good: the sequence number of the last change before it.
        deletion_count: how many keys the script deleted.
    """

    place: Path
    before: dict[bytes, bytes]
    last_good: int
    deletion_count: int


def tell(place: Path, change_count: int) -> Story:
    """Make the database: four ninths of the changes are the import, as many the deletions, the rest is work."""
    source = random.Random(5)
    imported = change_count * 4 // 9
    state: dict[bytes, bytes] = {}
    keys = [f"{KINDS[number % 4]}/{number // 4:07d}".encode() for number in range(imported)]
    with DB(place, create_if_missing=True) as db:
        for number, key in enumerate(keys):
            state[key] = _record(source, number)
            db.put(key, state[key])
        for number in range(change_count - 2 * imported):
            key = source.choice(keys)
            state[key] = _record(source, number)
            db.put(key, state[key])
        source.shuffle(keys)
        for key in keys:
            db.delete(key)
    return Story(place, state, change_count - imported, imported)


def _record(source: random.Random, number: int) -> bytes:
    record = {"id": number, "name": source.choice(NAMES), "total": source.randrange(100_000) / 100}
    return json.dumps(record).encode()
