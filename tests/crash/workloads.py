"""Programs that write, to be run under the recorder: ``python -m tests.crash.workloads NAME ROOT SEED``.

Each says what it does: ``b N`` before batch N, ``a N S`` when it was acknowledged, S being 1 where it was synced, ``w`` when a work
of its own is done, ``e`` and an error that reached it, after which it ends, ``x`` and what it read that is wrong. The batches are
always the same for the same seed.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

import relevel
from relevel.storage.living import LivingDirectory
from relevel.storage.new_file import write_new_file
from tests.crash.changes import Operations, State, change, states

BATCH_COUNT: Final = 120
COPY_COUNT: Final = 3
RESCUED_COUNT: Final = 110
"""Batches before a rescue."""
STRANGER: Final = "stranger"
"""The name of a file that is not LevelDB's."""
_BUFFER: Final = 1 << 16
_OPENINGS: Final = 4
_TRIES: Final = 2
"""In each opening."""
_ERRORS: Final = (relevel.RelevelError, OSError)


class Teller:
    """Says what is done, to the file ``marks`` beside the root."""

    def __init__(self, root: Path) -> None:
        self._descriptor = os.open(root.parent / "marks", os.O_WRONLY | os.O_CREAT, 0o600)

    def __call__(self, said: str) -> None:
        """Say it."""
        os.write(self._descriptor, said.encode())


class Writer:
    """Writes one batch after another."""

    def __init__(self, root: Path, seed: int, sync_chance: float) -> None:
        self.tell = Teller(root)
        self._seed = seed
        self._chance = random.Random(seed)
        self._sync_chance = sync_chance
        self.count = 0
        """Batches that were acknowledged."""

    def write(self, db: relevel.DB, count: int) -> None:
        """Write the next batches. After an error, the one that was not acknowledged is still the next."""
        for number in range(self.count, min(self.count + count, BATCH_COUNT)):
            sync = self._chance.random() < self._sync_chance
            self.tell(f"b {number}")
            self._apply(db, change(self._seed, number), sync)
            self.tell(f"a {number} {sync:d}")
            self.count = number + 1

    def _apply(self, db: relevel.DB, operations: Operations, sync: bool) -> None:
        if len(operations) == 1:
            ((key, value),) = operations
            db.delete(key, sync=sync) if value is None else db.put(key, value, sync=sync)
            return
        with db.write_batch(sync=sync) as batch:
            for key, value in operations:
                batch.delete(key) if value is None else batch.put(key, value)


def _open(root: Path, **options: object) -> relevel.DB:
    return relevel.DB(root / "db", create_if_missing=True, write_buffer_size=_BUFFER, **options)  # type: ignore[arg-type]


def puts(root: Path, seed: int) -> None:
    """Puts and batches, few of them synced; memtables become tables, tables are merged."""
    writer = Writer(root, seed, 0.01)
    with _open(root, max_file_size=1 << 16) as db:
        writer.write(db, BATCH_COUNT)


def syncs(root: Path, seed: int) -> None:
    """Most are synced."""
    writer = Writer(root, seed, 0.7)
    with _open(root) as db:
        writer.write(db, BATCH_COUNT)


def compactions(root: Path, seed: int) -> None:
    """Everything is merged again and again."""
    writer = Writer(root, seed, 0.1)
    with _open(root) as db:
        for _ in range(4):
            writer.write(db, BATCH_COUNT // 4)
            db.compact_range()


def reopenings(root: Path, seed: int) -> None:
    """Closed and opened: manifests and logs rotate, or are gone on in."""
    writer = Writer(root, seed, 0.1)
    for turn in range(8):
        with _open(root, reuse_logs=turn % 3 == 0) as db:
            writer.write(db, BATCH_COUNT // 8)


def checkpoints(root: Path, seed: int) -> None:
    """Copies are made in between."""
    writer = Writer(root, seed, 0.2)
    with _open(root) as db:
        for turn in range(COPY_COUNT):
            writer.write(db, BATCH_COUNT // COPY_COUNT)
            db.checkpoint(root / f"copy{turn}")
            writer.tell("w")


def rescues(root: Path, seed: int) -> None:
    """A database with a file of its program's own, then a rescue of it beside, and one in place, which is written to."""
    writer = Writer(root, seed, 0.2)
    with _open(root) as db:
        writer.write(db, RESCUED_COUNT)
    write_new_file(root / "db" / STRANGER, b"a program's own")
    with _open(root) as db:  # all is synced now
        db.compact_range()
    LivingDirectory(str(root / "db")).sync()
    writer.tell("w")
    relevel.rescue(root / "db", root / "copy0")
    writer.tell("w")
    relevel.rescue_in_place(root / "db", force=True)
    writer.tell("w")
    with _open(root) as db:
        writer.write(db, BATCH_COUNT)


def retries(root: Path, seed: int) -> None:
    """Whoever is told of an error tries the same again: in the same database, then in one that was opened anew."""
    writer = Writer(root, seed, 0.5)
    for turn in range(_OPENINGS):
        with suppress(*_ERRORS), _open(root, reuse_logs=turn % 2 == 1) as db:
            for _ in range(_TRIES):
                with suppress(*_ERRORS):
                    writer.write(db, BATCH_COUNT)
            writer.write(db, BATCH_COUNT)
            return
    with _open(root) as db:
        writer.write(db, BATCH_COUNT)


def reads(root: Path, seed: int) -> None:
    """Written, then opened and read in every way."""
    writer = Writer(root, seed, 0.2)
    with _open(root, max_file_size=1 << 16) as db:
        writer.write(db, BATCH_COUNT)
    *_, truth = states_of(seed)
    with _open(root, lru_cache_size=0) as db:
        for key in (b"%03d" % number for number in range(200)):
            if db.get(key) != truth.get(key):
                writer.tell(f"x get {key!r}")
        for way in (dict(db), dict(db.iterator(reverse=True))):
            if way != truth:
                writer.tell("x iteration")
        db.compact_range()
        if dict(db) != truth:
            writer.tell("x after a compaction")
    with relevel.DB(root / "db", read_only=True) as db:
        if dict(db) != truth:
            writer.tell("x read-only")


WORKLOADS: Final[dict[str, Callable[[Path, int], None]]] = {
    work.__name__: work for work in (puts, syncs, compactions, reopenings, checkpoints, rescues, retries, reads)
}


def states_of(seed: int) -> Iterator[State]:
    """What is in the database before the first batch, after it, after the second, and so on to the last."""
    return islice(states(seed), BATCH_COUNT + 1)


def main(name: str, root: Path, seed: int) -> None:
    """Run one, and tell the error that ends it."""
    try:
        WORKLOADS[name](root, seed)
    except _ERRORS as error:
        Teller(root)(f"e {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
