"""A crowd: threads that write, read, iterate, hold snapshots, compact and copy one database at once, until it is closed under them.

Whoever reads notes beforehand how many batches were acknowledged and afterwards how many were begun: what he saw must lie between,
whole, and fit in one line with what all others saw (``counters``).
"""

from __future__ import annotations

import random
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import relevel
from tests.crowd.counters import (
    PLACES,
    Chain,
    Numbers,
    batch_of,
    count_key,
    numbers_in,
    state_of,
    trail_key,
    trail_value,
)
from tests.small_tables import LEAST, small_tables

OPTIONS: Final[dict[str, Sequence[Any]]] = {
    "write_buffer_size": [1 << 16, 1 << 16, 1 << 18, 1 << 20],
    "block_size": [1 << 10, 1 << 12],
    "lru_cache_size": [0, 1 << 16, 1 << 23],
    "max_open_files": [64, 1000],
    "compression": [None, "snappy", "zstd"],
    "bloom_filter_bits": [0, 10],
    "reuse_logs": [False, True],
    "max_file_size": [LEAST, 1 << 15, None],
}

WORK: Final = ("batches", "gets", "walks", "iterators", "snapshots", "compactions", "checkpoints")
"""What is done in every round, as the tally names it."""

Look = tuple[Numbers, Numbers]
"""How many batches were acknowledged before a look, and begun after it."""


class Crowd:
    """A database, the threads that use it, and what they know of it.

    Attributes:
        tally: how often what was done.
        chain: the states that were seen.
        most_threads: the most threads that there were at once.
    """

    def __init__(self, folder: Path, seed: int, *, writers: int = 3, trail: int = 150) -> None:
        self.tally: Counter[str] = Counter()
        self.chain = Chain()
        self.most_threads = 0
        self._folder = folder
        self._seed = seed
        self._trail = trail
        self._begun = [0] * writers
        self._acknowledged = [0] * writers
        self._round = 0
        self._closing = False
        self._failures: list[BaseException] = []
        self._change = threading.Condition()
        """Held by whoever changes the tally or the failures."""

    # --- the whole

    def round(self, batches: int, look: Callable[[], None] = lambda: None) -> None:
        """Open, let everybody work, close amid the work, and open again.

        Args:
            batches: how many more must be acknowledged before it is closed; all other WORK must be done once at least.
            look: called right before the database is closed.

        Raises:
            AssertionError: something was seen that cannot be, or somebody's work ended before the closing.
        """
        self._round += 1
        choose = random.Random(f"{self._seed}/{self._round}")
        options = {name: choose.choice(values) for name, values in OPTIONS.items()}
        with small_tables(), relevel.DB(self._folder / "db", create_if_missing=True, **options) as db:
            self._begin_again(db)
            threads = [
                threading.Thread(target=self._until_closed, args=(name, job, db)) for name, job in self._jobs().items()
            ]
            for thread in threads:
                thread.start()
            try:
                self._wait_for({**dict.fromkeys(WORK, 1), "batches": batches})
                self.most_threads = max(self.most_threads, threading.active_count())
                look()
            finally:
                self._closing = True
        for thread in threads:
            thread.join()
        if self._failures:
            raise AssertionError(f"seed {self._seed}, round {self._round}, {options}") from self._failures[0]
        with relevel.DB(self._folder / "db") as db:
            self._begin_again(db)

    def _begin_again(self, db: relevel.DB) -> None:
        """What is there now counts: all that was acknowledged, perhaps a batch of each writer more."""
        found = numbers_in(db, len(self._begun), self._trail)
        self._check(found, (tuple(self._acknowledged), tuple(self._begun)))
        self._begun, self._acknowledged = list(found), list(found)
        self._closing = False

    def _wait_for(self, work: dict[str, int]) -> None:
        """Until so much more of each kind is done, or somebody failed."""
        with self._change:
            enough = {name: self.tally[name] + number for name, number in work.items()}
            self._change.wait_for(
                lambda: self._failures or all(self.tally[name] >= number for name, number in enough.items())
            )

    def _count(self, name: str, number: int = 1) -> None:
        with self._change:
            self.tally[name] += number
            self._change.notify()

    def _jobs(self) -> dict[str, Callable[[relevel.DB, random.Random], None]]:
        jobs: dict[str, Callable[[relevel.DB, random.Random], None]] = {
            f"writer {writer}": partial(self._write, writer) for writer in range(len(self._begun))
        }
        readers = (self._look_up, self._walk, self._walk, self._hold_a_snapshot, self._hold_an_iterator)
        jobs |= {f"reader {number}": job for number, job in enumerate(readers)}
        return {**jobs, "compactor": self._compact, "copier": self._copy}

    def _until_closed(self, name: str, job: Callable[[relevel.DB, random.Random], None], db: relevel.DB) -> None:
        choose = random.Random(f"{self._seed}/{self._round}/{name}")
        try:
            while not self._failures:
                job(db, choose)
        except RuntimeError as error:
            if not self._closing or "closed" not in str(error):
                self._fail(error)
        except BaseException as error:  # noqa: BLE001 - raised by ``round``
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._change:
            self._failures.append(error)
            self._change.notify()

    # --- what they do

    def _write(self, writer: int, db: relevel.DB, choose: random.Random) -> None:
        number = self._begun[writer] + 1
        self._begun[writer] = number
        with db.write_batch(sync=choose.random() < 0.01) as batch:
            for key, value in batch_of(writer, number, self._trail):
                batch.delete(key) if value is None else batch.put(key, value)
        self._acknowledged[writer] = number
        self._count("batches")

    def _look_up(self, db: relevel.DB, choose: random.Random) -> None:
        """Single keys: each is no older than what was acknowledged, and what is newer stays newer."""
        writer = choose.randrange(len(self._begun))
        last = self._acknowledged[writer]
        for _ in range(10):
            at_least = max(last, self._acknowledged[writer])
            last = int(db.get(count_key(choose.randrange(PLACES), writer), b"0"))
            assert at_least <= last <= self._begun[writer]
        assert db.get(trail_key(writer, last)) in ({None} if not last else {trail_value(writer, last), None})
        assert db.get(trail_key(writer, last + self._trail + 10_000_000)) is None
        self._count("gets", 12)

    def _walk(self, db: relevel.DB, choose: random.Random) -> None:
        self._see(lambda: pairs_of(db, reverse=choose.random() < 0.5))
        self._count("walks")

    def _hold_a_snapshot(self, db: relevel.DB, choose: random.Random) -> None:
        """It is one state, and stays that while others write, however it is read."""
        acknowledged = tuple(self._acknowledged)
        with db.snapshot() as snapshot:
            found = numbers_in(pairs_of(snapshot, reverse=False), len(acknowledged), self._trail)
            self._check(found, (acknowledged, tuple(self._begun)))
            expected = state_of(found, self._trail)
            for _ in range(choose.randrange(1, 4)):
                assert pairs_of(snapshot, reverse=choose.random() < 0.5) == expected
                for key, value in choose.sample(expected, min(len(expected), 20)):
                    assert snapshot.get(key) == value
                    assert next(snapshot.iterator(start=key)) == (key, value)
        self._count("snapshots")

    def _hold_an_iterator(self, db: relevel.DB, choose: random.Random) -> None:
        """Begun, left for a while, gone on with: one state."""

        def read() -> list[tuple[bytes, bytes]]:
            with db.iterator() as iterator:
                pairs = list(islice(iterator, choose.randrange(1, 200)))
                last = self._begun[0] + choose.randrange(30)
                while not self._failures and self._begun[0] < last:
                    db.get(count_key(0, 0))
                return pairs + list(iterator)

        self._see(read)
        self._count("iterators")

    def _compact(self, db: relevel.DB, choose: random.Random) -> None:
        bounds = sorted(b"%02d" % choose.randrange(PLACES + 1) for _ in range(2))
        start, stop = (None if choose.random() < 0.3 else bound for bound in bounds)
        db.compact_range(start=start, stop=stop)
        self._count("compactions")

    def _copy(self, db: relevel.DB, choose: random.Random) -> None:
        """A checkpoint is one state too, and healthy; it can be written to."""
        place = self._folder / "copy"
        acknowledged = tuple(self._acknowledged)
        db.checkpoint(place)
        begun = tuple(self._begun)
        with relevel.DB(place, read_only=choose.random() < 0.5, log_recovery="strict") as copy:
            self._check(numbers_in(copy, len(begun), self._trail), (acknowledged, begun))
        assert relevel.check(place).is_clean
        shutil.rmtree(place)
        self._count("checkpoints")

    # --- what they see

    def _see(self, read: Callable[[], Iterable[tuple[bytes, bytes]]]) -> None:
        acknowledged = tuple(self._acknowledged)
        pairs = read()
        self._check(numbers_in(pairs, len(acknowledged), self._trail), (acknowledged, tuple(self._begun)))

    def _check(self, found: Numbers, look: Look) -> None:
        acknowledged, begun = look
        between = all(low <= seen <= high for low, seen, high in zip(acknowledged, found, begun, strict=True))
        assert between, f"{found} was seen, not between {acknowledged} and {begun}"
        self.chain.add(found)


def pairs_of(source: Any, *, reverse: bool) -> list[tuple[bytes, bytes]]:
    """Everything, in the order of keys, whichever way it is read."""
    pairs = list(source.iterator(reverse=reverse))
    return pairs[::-1] if reverse else pairs
