"""A machine that does random things to a database, and looks after each whether the database is as it must be.

Everything is drawn from one seed. With several implementations each reopening chooses one of them, so that each goes on where
another left off; options are drawn anew each time.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.engine.gap import Gap, Move, Range, follow
from tests.model.engine_truth import BYTEWISE, Order, Truth

KEY_COUNT = 1500
MOST_HELD = 4
"""How many snapshots and iterators are held at once, each."""

OPTIONS: dict[str, list[Any]] = {
    "write_buffer_size": [1 << 16, 1 << 16, 1 << 18, 1 << 22, 1 << 26],
    "block_size": [1 << 10, 1 << 10, 1 << 12, 1 << 16],
    "block_restart_interval": [None, 1, 3],
    "max_file_size": [None, 1 << 20],
    "lru_cache_size": [None, 0, 1 << 16],
    "compression": ["snappy", "snappy", None],
    "bloom_filter_bits": [0, 10],
    "paranoid_checks": [None, True],
}


class Machine:
    """One database, what must be in it, and what is held of it."""

    def __init__(self, modules: dict[str, Any], path: Path, seed: int, order: Order = BYTEWISE) -> None:
        self.choose = random.Random(seed)
        self.done = 0
        self._modules = modules
        self._path = path
        self._seed = seed
        self._order = order
        self._truth = Truth(order.rank)
        self._keys = [self._new_key() for _ in range(KEY_COUNT)]
        self._key_ranks = [order.rank(key) for key in self._keys]
        self._snapshots: list[tuple[Any, Truth]] = []
        self._iterators: list[tuple[Any, Gap, Truth]] = []
        self._written = 0
        self._open()

    # --- the whole

    def run(self, operations: int) -> None:
        """Do so many random things, then compare everything."""
        steps = self._steps()
        weights = list(steps.values())
        for step in self.choose.choices(list(steps), weights, k=operations):
            step()
            self.done += 1
        self.compare_all()
        self._reopen()
        self.compare_all()
        self.close()

    def close(self) -> None:
        """Let go of everything."""
        self._snapshots.clear()
        self._iterators.clear()
        self._db.close()

    def compare_all(self) -> None:
        """Every key, by iteration both ways and by get, present or not."""
        self._compare_content(self._db)
        self._expect([self._db.get(key) for key in self._keys], [self._truth.values.get(key) for key in self._keys])

    def _steps(self) -> dict[Callable[[], None], float]:
        return {
            self._put: 36,
            self._delete: 12,
            self._batch: 4,
            self._get: 26,
            self._walk: 8,
            self._walk_raw: 3,
            self._take_snapshot: 1,
            self._look_at_snapshot: 4,
            self._hold_iterator: 1,
            self._go_on_with_iterator: 4,
            self._compare_range: 1,
            self._compact: 0.05,
            self._reopen: 0.15,
            self._crash: 0.05,
        }

    def _open(self) -> None:
        self._name = self.choose.choice(list(self._modules))
        self._options = {name: self.choose.choice(values) for name, values in OPTIONS.items()}
        self._db = self._opened(self._name, self._path)

    def _opened(self, name: str, path: Path) -> Any:
        return self._modules[name].DB(str(path), create_if_missing=True, **self._options, **self._order.options)

    # --- writing

    def _put(self) -> None:
        key, value = self.choose.choice(self._keys), self._new_value()
        self._db.put(key, value, sync=self.choose.random() < 0.001)
        self._truth.put(key, value)

    def _delete(self) -> None:
        key = self.choose.choice(self._keys)
        self._db.delete(key)
        self._truth.delete(key)

    def _batch(self) -> None:
        with self._db.write_batch(transaction=self.choose.random() < 0.5) as batch:
            for _ in range(self.choose.randrange(20)):
                key = self.choose.choice(self._keys)
                if self.choose.random() < 0.3:
                    batch.delete(key)
                    self._truth.delete(key)
                else:
                    value = self._new_value()
                    batch.put(key, value)
                    self._truth.put(key, value)

    def _compact(self) -> None:
        bounds = {name: self.choose.choice([None, *self._keys[:20]]) for name in ("start", "stop")}
        self._db.compact_range(**bounds)
        if self.choose.random() < 0.3:
            self._compare_content(self._db)

    def _reopen(self) -> None:
        self.close()
        self._open()
        if self.choose.random() < 0.5:
            self._compare_content(self._db)

    def _crash(self) -> None:
        """Copy the directory as it is, open, and open the copy."""
        copy = self._path.with_name("copy")
        copy_at_rest(self._path, copy)
        name = self.choose.choice(list(self._modules))
        copied = self._opened(name, copy)
        self._compare_content(copied)
        copied.close()
        shutil.rmtree(copy)

    # --- reading

    def _get(self) -> None:
        key = self.choose.choice(self._keys)
        self._expect(self._db.get(key), self._truth.values.get(key))

    def _walk(self) -> None:
        span = self._new_range(self._truth)
        reverse = self.choose.random() < 0.5
        inside = self._truth.inside(span)
        if self._name == "plyvel" and inside == [span.start]:
            return
        self._go(self._iterator(self._db, span, reverse), Gap(inside, reverse=reverse), self._truth, span)

    def _go(self, iterator: Any, gap: Gap, truth: Truth, span: Range) -> None:
        moves = self._new_moves(gap, span)
        found = follow(iterator, [(name, target and self._order.rank(target)) for name, target in moves])
        expected = [None if rank is None else truth.pair(rank) for rank in follow(gap, moves)]
        self._expect(found, expected, span, moves)

    def _walk_raw(self) -> None:
        raw = self._db.raw_iterator()
        ranks, at = self._truth.ranks, -1
        for _ in range(self.choose.randrange(1, 15)):
            if 0 <= at < len(ranks) and self.choose.random() < 0.8:
                step = self.choose.choice([1, -1])
                (raw.next if step == 1 else raw.prev)()
                at += step
            else:
                target = self._order.rank(self.choose.choice(self._keys))
                raw.seek(self._order.rank(target))
                at = len(ranks) - len(self._truth.inside(Range(start=target)))
            expected = self._truth.pair(ranks[at]) if 0 <= at < len(ranks) else None
            self._expect(raw.item() if raw.valid() else None, expected)
        raw.close()

    def _compare_range(self) -> None:
        span = self._new_range(self._truth)
        pairs = [self._truth.pair(rank) for rank in self._truth.inside(span)]
        self._expect(list(self._iterator(self._db, span, reverse=False)), pairs, span)

    def _take_snapshot(self) -> None:
        if len(self._snapshots) == MOST_HELD:
            snapshot, _ = self._snapshots.pop(self.choose.randrange(MOST_HELD))
            snapshot.close()
        self._snapshots.append((self._db.snapshot(), self._truth.copy()))

    def _look_at_snapshot(self) -> None:
        if not self._snapshots:
            return
        snapshot, truth = self.choose.choice(self._snapshots)
        for key in self.choose.sample(self._keys, 3):
            self._expect(snapshot.get(key), truth.values.get(key))
        span = self._new_range(truth)
        pairs = [truth.pair(rank) for rank in truth.inside(span)]
        self._expect(list(self._iterator(snapshot, span, reverse=False)), pairs, span)

    def _hold_iterator(self) -> None:
        if len(self._iterators) == MOST_HELD:
            self._iterators.pop(self.choose.randrange(MOST_HELD))[0].close()
        iterator = self._iterator(self._db, Range(), reverse=False)
        self._iterators.append((iterator, Gap(self._truth.ranks), self._truth.copy()))

    def _go_on_with_iterator(self) -> None:
        if self._iterators:
            self._go(*self.choose.choice(self._iterators), Range())

    def _compare_content(self, db: Any) -> None:
        pairs = self._truth.pairs()
        self._expect(list(db), pairs)
        self._expect(list(db.iterator(reverse=True)), pairs[::-1])

    def _iterator(self, source: Any, span: Range, reverse: bool) -> Any:
        bounds = {
            **span.arguments,
            "start": None if span.start is None else self._order.rank(span.start),
            "stop": None if span.stop is None else self._order.rank(span.stop),
        }
        return source.iterator(reverse=reverse, **bounds)

    def _expect(self, found: Any, expected: Any, *about: Any) -> None:
        if found != expected:
            raise AssertionError(
                f"seed {self._seed}, operation {self.done}, {self._name} with {self._options}: "
                f"found {brief(found, expected)}, expected {brief(expected, found)} {about}"
            )

    # --- what to do it with

    def _new_key(self) -> bytes:
        kind = self.choose.random()
        if kind < 0.6:
            return b"key/%04d" % self.choose.randrange(2 * KEY_COUNT)
        if kind < 0.95:
            return bytes(self.choose.choices(b"\0\1a\xfe\xff", k=self.choose.randrange(6)))
        return self.choose.choice([b"", b"long/"]) + self.choose.randbytes(self.choose.randrange(1, 900))

    def _new_value(self) -> bytes:
        self._written += 1
        kind = self.choose.random()
        if kind < 0.02:
            return b""
        head = b"%d " % self._written
        if kind < 0.8:
            return head * self.choose.randrange(1, 30)
        if kind < 0.995:
            return head + self.choose.randbytes(self.choose.randrange(400))
        return head + self.choose.randbytes(self.choose.randrange(100_000))

    def _new_range(self, truth: Truth) -> Range:
        """Mostly about thirty entries; also without bounds below or above, with bounds that are no keys, and empty."""
        if not truth.ranks or self.choose.random() < 0.02:
            some = [None, *self._keys[:9]]
            return Range(self.choose.choice(some), self.choose.choice(some))
        count = len(truth.ranks)
        first = self.choose.randrange(count)
        start, stop = truth.ranks[first], truth.ranks[min(count - 1, first + self.choose.randrange(60))]
        kind = self.choose.random()
        if kind < 0.05:
            start, stop = stop, start
        elif kind < 0.3:
            start, stop = start + b"\0", stop[:-1]
        include_start, include_stop = self.choose.random() < 0.7, self.choose.random() < 0.3
        if kind > 0.95:
            return Range(None, truth.ranks[min(count - 1, 40)], include_start, include_stop)
        if kind > 0.9:
            return Range(truth.ranks[max(0, count - 40)], None, include_start, include_stop)
        return Range(start, stop, include_start, include_stop)

    def _new_moves(self, gap: Gap, span: Range) -> list[Move]:
        """Some moves; for plyvel no seek to an edge of a range, for behind such a seek it does not look at the bounds."""
        targets = self._key_ranks
        if self._name == "plyvel" and span != Range():
            targets = gap.keys[1:]
        weights = [9, 5, 1, 1, 2 if targets else 0]
        names = ["__next__", "prev", "seek_to_start", "seek_to_stop", "seek"]
        chosen = self.choose.choices(names, weights, k=self.choose.randrange(30))
        return [(name, self.choose.choice(targets) if name == "seek" else None) for name in chosen]


def copy_at_rest(directory: Path, copy: Path) -> None:
    """Copy a directory, again where something in it changed meanwhile."""
    while True:
        before = state_of(directory)
        shutil.rmtree(copy, ignore_errors=True)
        try:
            shutil.copytree(directory, copy)
        except shutil.Error:
            continue
        if state_of(directory) == before:
            return


def state_of(directory: Path) -> set[tuple[str, int, int]]:
    """Names, sizes and times of the files, as far as they stay."""
    state = set()
    for file in directory.iterdir():
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue
        state.add((file.name, stat.st_size, stat.st_mtime_ns))
    return state


def brief(found: Any, other: Any) -> str:
    """What differs, short."""
    if isinstance(found, list) and isinstance(other, list):
        at = next(
            (at for at, (a, b) in enumerate(zip(found, other, strict=False)) if a != b), min(len(found), len(other))
        )
        return f"{len(found)} items, at {at}: {repr(found[at : at + 2])[:200]}"
    return repr(found)[:200]
