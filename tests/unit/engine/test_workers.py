"""Threads of a database's own: none is forgotten, and everybody who waits for a step is told how it ended."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import relevel
from relevel.engine.workers import Workers
from relevel.errors import StorageError


def test_a_thread_is_known_though_starting_it_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal handler may raise when the thread has begun and its starter does not know yet."""
    workers, begun, end = Workers(), threading.Event(), threading.Event()
    start = threading.Thread.start

    def start_and_be_interrupted(thread: threading.Thread) -> None:
        start(thread)
        begun.wait()
        raise KeyboardInterrupt

    def work() -> None:
        begun.set()
        end.wait()

    monkeypatch.setattr(threading.Thread, "start", start_and_be_interrupted)
    with pytest.raises(KeyboardInterrupt):
        workers.run("flusher", work)
    monkeypatch.undo()

    was_running = workers.is_running("flusher")
    end.set()
    workers.join()

    assert (was_running, workers.is_running("flusher")) == (True, False)


def test_a_log_that_cannot_be_begun_is_told_to_all_who_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait for the same one; and nothing is lost."""
    raised: list[StorageError] = []

    def flush() -> None:
        with pytest.raises(StorageError) as error:
            db.core.flusher.flush()
        raised.append(error.value)

    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"k", b"v")
        monkeypatch.setattr(db.core.versions, "path", lambda name: str(tmp_path / "none" / name))
        threads = [threading.Thread(target=flush) for _ in range(4)]
        with db.core.lock:
            for thread in threads:
                thread.start()
        for thread in threads:
            thread.join()
        monkeypatch.undo()
        db.core.flusher.flush()

        assert len(raised) == 4
        assert (db.core.memory_usage() < 100, dict(db)) == (True, {b"k": b"v"})
