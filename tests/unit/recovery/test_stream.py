"""Streams: what is held while one is read, and after it was given up."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import relevel
from relevel import DB
from relevel.recovery.read.reader import Reader


@pytest.fixture
def without_collector() -> Iterator[None]:
    """Nothing is freed but what nobody refers to."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("made", [Reader.rows, Reader.columns])
def test_a_stream_that_is_given_up_is_gone_at_once(made: Callable[..., Any], tmp_path: Path) -> None:
    """And its open files with it: who looks here and there, as the guess of a decoder does, opens many."""
    with DB(tmp_path / "db", create_if_missing=True) as db:
        for number in range(100):
            db.put(b"%d" % number, b"value")
    reader = Reader(tmp_path / "db")
    stream = made(reader, "versions", past=True)
    next(iter(stream))
    gone = weakref.ref(stream)

    made(reader, "versions", past=True)
    del stream

    assert gone() is None


def test_damage_that_opening_told_of_is_told_once(tmp_path: Path) -> None:
    """Whoever reads the log meets its end once more; it is told in the words that know how long the log is."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as database:
        for number in range(100):
            database.put(b"%d" % number, b"value")
    log = max(place.glob("*.log"))
    os.truncate(log, log.stat().st_size - 3)

    rows = relevel.dump(place)
    count = len(list(rows))
    changes = relevel.history(place)
    past = relevel.History(place)
    past.horizon()

    assert (count, len(list(changes))) == (99, 99)
    told = [list(relevel.check(place).findings), list(relevel.undelete(place, tmp_path / "new", deleted=True).findings)]
    assert [rows.findings, changes.findings, past.findings, told[1]] == [told[0]] * 4
    assert [finding.code for finding in rows.findings] == ["log.tail.torn"]
