"""Follows a life (``lives``) in one of many ways that must make no difference: options, orders, reopenings, compactions, copies."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import relevel
from relevel.format.comparator import Comparator
from tests.engine.gap import Move, Range, follow
from tests.model.lives import Get, Hold, Life, Step, Walk, Write, changes_of, last_state, states_of
from tests.small_tables import LEAST

Shown = list[Any]
"""What each step showed."""

OPTIONS: Final[dict[str, Sequence[Any]]] = {
    "write_buffer_size": [1 << 16, 1 << 17, 1 << 20, None],
    "block_size": [1 << 10, 1 << 12, 1 << 16],
    "block_restart_interval": [1, 2, 16],
    "max_file_size": [LEAST, 1 << 14, 1 << 20, None],
    "lru_cache_size": [0, 1 << 14, None],
    "max_open_files": [64, None],
    "compression": [None, "snappy", "zstd", "zlib", "deflate"],
    "bloom_filter_bits": [0, 1, 10, None],
    "paranoid_checks": [False, True],
    "verify_checksums": [False, True],
    "reuse_logs": [False, True],
}


@dataclass(frozen=True, slots=True)
class Order:
    """An order of keys that shows the same, if everything is turned round where it is ``mirrored``."""

    options: dict[str, Any] = field(default_factory=dict)
    mirrored: bool = False

    @property
    def comparator(self) -> Comparator | None:
        """What reads a database that no program has open."""
        return Comparator(self.options["comparator_name"], self.options["comparator"]) if self.options else None

    def range(self, span: Range) -> Range:
        """A range of keys, as this order has it."""
        if not self.mirrored:
            return span
        return Range(span.stop, span.start, span.include_stop, span.include_start)

    def moves(self, moves: Sequence[Move]) -> list[Move]:
        """Moves of an iterator."""
        turned = {"seek_to_start": "seek_to_stop", "seek_to_stop": "seek_to_start"} if self.mirrored else {}
        return [(turned.get(name, name), target) for name, target in moves]


def ascending(a: bytes, b: bytes) -> int:
    """LevelDB's own order, slowly."""
    return (a > b) - (a < b)


def descending(a: bytes, b: bytes) -> int:
    """The opposite."""
    return (a < b) - (a > b)


ORDERS: Final = {
    "built in": Order(),
    "supplied": Order({"comparator": ascending, "comparator_name": "test.Ascending"}),
    "mirrored": Order({"comparator": descending, "comparator_name": "test.ReverseBytewise"}, mirrored=True),
    "mirrored, supplied": Order({"comparator": descending, "comparator_name": "test.Descending"}, mirrored=True),
}


class Follower:
    """One database, kept in one way."""

    def __init__(self, folder: Path, choose: random.Random, order: Order, *, disturbed: bool) -> None:
        """Open.

        Args:
            folder: where it may be; copies stand beside it.
            choose: draws options and disturbances.
            order: of the keys.
            disturbed: whether to change options and do what should make no difference; else it is kept as it comes.
        """
        self._folder = folder
        self._choose = choose
        self._order = order
        self._disturbed = disturbed
        self._place = folder / "db"
        self._copies = 0
        self._open()

    def follow(self, life: Life) -> Shown:
        """Follow a life, close, look back, and tell all that was seen; in the end the model's last state is there."""
        shown = []
        for step in life:
            shown.append(self._do(step))
            self._disturb(held=False)
        shown.append(self._everything(self._db))
        shown.append(self._db.stats().last_sequence)
        self._reopen()
        shown.append(self._everything(self._db))
        self._db.close()
        assert shown[-1] == last_state(life)
        self._look_back(life)
        return shown

    # --- steps

    def _do(self, step: Step) -> Any:
        match step:
            case Write():
                return self._write(step)
            case Get():
                return self._get(self._db, step.keys), self._db.get_many(step.keys)
            case Walk():
                with self._iterator(self._db, step) as iterator:
                    return follow(iterator, self._order.moves(step.moves))
            case Hold():
                return self._hold(step)

    def _write(self, step: Write) -> None:
        if not step.is_batch:
            for key, value in step.changes:
                if value is None:
                    self._db.delete(key, sync=step.sync)
                else:
                    self._db.put(key, value, sync=step.sync)
            return
        with self._db.write_batch(sync=step.sync, transaction=self._choose.random() < 0.5) as batch:
            for key, value in step.changes:
                batch.delete(key) if value is None else batch.put(key, value)

    def _hold(self, step: Hold) -> Any:
        moves = self._order.moves(step.walk.moves)
        with self._db.snapshot() as snapshot, self._iterator(self._db, step.walk) as iterator:
            seen: Shown = [follow(iterator, moves)]
            for each in step.inner:
                seen.append(self._do(each))
                self._disturb(held=True)
            seen.append(follow(iterator, moves))
            seen.append(self._get(snapshot, step.keys))
            with self._iterator(snapshot, step.walk) as other:
                seen.append(follow(other, moves))
            seen.append(self._everything(snapshot))
            return seen

    def _get(self, source: Any, keys: Sequence[bytes]) -> list[bytes | None]:
        return [source.get(key) for key in keys]

    def _iterator(self, source: Any, walk: Walk) -> Any:
        span = self._order.range(walk.span)
        return source.iterator(reverse=walk.reverse != self._order.mirrored, **span.arguments)

    def _everything(self, source: Any) -> list[tuple[bytes, bytes]]:
        """In ascending order, whatever that is here; iteration the other way round must agree, and so must ``get``."""
        pairs = list(source.iterator(reverse=self._order.mirrored))
        assert list(source.iterator(reverse=not self._order.mirrored)) == pairs[::-1]
        assert [source.get(key) for key, _ in pairs] == [value for _, value in pairs]
        return pairs

    # --- what makes no difference

    def _open(self) -> None:
        options = {name: self._choose.choice(values) for name, values in OPTIONS.items()} if self._disturbed else {}
        self._db = relevel.DB(self._place, create_if_missing=True, **options, **self._order.options)

    def _disturb(self, *, held: bool) -> None:
        if not self._disturbed or self._choose.randrange(6):
            return
        doing = [self._compact, self._copy, self._look_from_beside, *(() if held else (self._reopen, self._move))]
        self._choose.choice(doing)()

    def _compact(self) -> None:
        bounds = sorted(self._choose.sample(list(b"\0kl\xff"), 2), reverse=self._order.mirrored)
        start, stop = (None if self._choose.random() < 0.4 else bytes([bound]) for bound in bounds)
        self._db.compact_range(start=start, stop=stop)

    def _copy(self) -> Path:
        self._copies += 1
        copy = self._folder / f"copy{self._copies}"
        self._db.checkpoint(copy)
        return copy

    def _move(self) -> None:
        """Go on in a copy."""
        copy = self._copy()
        self._db.close()
        shutil.rmtree(self._place)
        self._place = copy
        self._open()

    def _look_from_beside(self) -> None:
        with relevel.DB(self._place, read_only=True, **self._order.options) as other:
            assert self._everything(other) == self._everything(self._db)

    def _reopen(self) -> None:
        self._db.close()
        self._open()

    # --- the past

    def _look_back(self, life: Life) -> None:
        """Wherever the past is said to be complete, and at the end, it is what it was; and the database checks.

        Where the last change is a put no compaction may have dropped it, so at the end the past must be complete.
        """
        history = relevel.History(self._place, comparator=self._order.comparator)
        horizon = history.horizon()
        changes = list(changes_of(life))
        newest = len(changes)
        if changes and changes[-1][1] is not None:
            assert horizon.is_complete_at(newest)
        chosen = {newest, *(self._choose.randrange(newest + 1) for _ in range(12))}
        for number, state in enumerate(states_of(life)):
            if number in chosen and number and (number == newest or horizon.is_complete_at(number)):
                assert dict(history.at(number).pairs()) == state, f"at sequence number {number}"
        assert relevel.check(self._place, comparator=self._order.comparator).is_clean
