"""A signal raises KeyboardInterrupt in the main thread between any two steps of the engine: nothing acknowledged is lost."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import relevel

ENGINE = str(Path(relevel.__file__).parent)
PLACES = (ENGINE, threading.__file__)
VALUE = bytes(range(256)) * 40


class Interruption:
    """Raises KeyboardInterrupt in this thread, once, at the ``step``-th place of relevel's, or of what waits for it, where a
    signal may: where a function begins, and where a call comes back."""

    def __init__(self, step: int) -> None:
        self.steps_left = step

    def __enter__(self) -> Interruption:
        sys.setprofile(self._step)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _step(self, frame: FrameType, event: str, _: Any) -> None:
        if event in {"call", "c_return"} and frame.f_code.co_filename.startswith(PLACES):
            self.steps_left -= 1
            if self.steps_left == 0:
                raise KeyboardInterrupt


def fill(db: relevel.DB, written: dict[bytes, bytes], turn: int) -> None:
    """Write more than one memtable holds, and note what is acknowledged."""
    for number in range(8):
        key = b"%02d" % (number * 5 % 8)
        value = b"%d/%d " % (turn, number) + VALUE
        db.put(key, value)
        written[key] = value


def compact(db: relevel.DB, _written: dict[bytes, bytes], _turn: int) -> None:
    """Merge everything."""
    db.compact_range()


def interrupted_at(
    step: int, path: Path, work: Callable[[relevel.DB, dict[bytes, bytes], int], None]
) -> tuple[bool, dict[bytes, bytes], list[dict[bytes, bytes]]]:
    """Work, be interrupted, work on, close and reopen. Whether there was a step to interrupt; what was acknowledged; what was
    there before the reopening and after."""
    written: dict[bytes, bytes] = {}
    interruption = Interruption(step)
    with relevel.DB(path, create_if_missing=True, write_buffer_size=1 << 16) as db:
        fill(db, written, 0)
        attempt = dict(written)
        try:
            with interruption:
                work(db, attempt, 1)
        except KeyboardInterrupt:
            pass
        written.update(attempt)
        fill(db, written, 2)
        fill(db, written, 3)
        db.compact_range()
        before = dict(db)
    with relevel.DB(path) as db:
        return interruption.steps_left <= 0, written, [before, dict(db)]


@pytest.mark.parametrize("work", [fill, compact])
def test_an_interruption_loses_nothing(
    work: Callable[[relevel.DB, dict[bytes, bytes], int], None], tmp_path: Path
) -> None:
    """At whatever step it comes; and the database goes on."""
    step = 1
    while True:
        was_interrupted, written, found = interrupted_at(step, tmp_path / f"{step}", work)

        assert found == [written, written], f"interrupted at step {step}"
        if not was_interrupted:
            return
        step += 1


def test_a_close_that_is_interrupted_can_be_finished(tmp_path: Path) -> None:
    """At whatever step it was: the second call ends it, and the lock is free."""
    for step in range(1, 200):
        db = relevel.DB(tmp_path / "db", create_if_missing=True)
        db.put(b"step", b"%d" % step)
        interruption = Interruption(step)
        try:
            with interruption:
                db.close()
        except KeyboardInterrupt:
            db.close()

        assert db.closed
        with relevel.DB(tmp_path / "db") as again:
            assert again.get(b"step") == b"%d" % step
        if interruption.steps_left > 0:
            return
    pytest.fail("a close of so many steps is another one than this test is for")
