"""Checkpoints: a copy of an open database at one moment."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

import relevel
from relevel.storage.posix import NewDirectory
from tests.engine.conftest import module
from tests.engine.living import PAIRS, SMALL, fill
from tests.refusals import refusing


def test_a_checkpoint_holds_what_the_database_holds(tmp_path: Path) -> None:
    """In tables and in the log; later writes are in one of them only."""
    with relevel.DB(fill(tmp_path / "db"), **SMALL) as db:
        db.put(b"in the log", b"value")
        db.checkpoint(tmp_path / "copy")
        db.put(b"later", b"value")

    with relevel.DB(tmp_path / "copy") as copy:
        assert dict(copy) == {**dict(PAIRS), b"in the log": b"value"}
        copy.put(b"its own", b"value")
    with relevel.DB(tmp_path / "db") as db:
        assert db.get(b"later") == b"value"
        assert db.get(b"its own") is None
    assert relevel.check(tmp_path / "copy").findings == ()


def test_a_checkpoint_goes_on_with_the_sequence_numbers(tmp_path: Path) -> None:
    """A write to it is newer than all that it holds."""
    with relevel.DB(fill(tmp_path / "db")) as db:
        db.checkpoint(tmp_path / "copy")
        last = db.stats().last_sequence

    with relevel.DB(tmp_path / "copy") as copy:
        assert copy.stats().last_sequence == last
        copy.put(PAIRS[0][0], b"newer")
        copy.compact_range()
        assert copy.get(PAIRS[0][0]) == b"newer"


def test_others_open_a_checkpoint(tmp_path: Path) -> None:
    """LevelDB itself finds everything."""
    plyvel = module("plyvel")
    with relevel.DB(fill(tmp_path / "db"), **SMALL) as db:
        db.put(b"in the log", b"value")
        db.checkpoint(str(tmp_path / "copy"))

    with plyvel.DB(str(tmp_path / "copy"), paranoid_checks=True) as copy:
        assert dict(copy) == {**dict(PAIRS), b"in the log": b"value"}


def test_tables_of_a_checkpoint_are_hard_links(tmp_path: Path) -> None:
    """They take no room twice, and stay when the database compacts them away."""
    with relevel.DB(fill(tmp_path / "db"), **SMALL) as db:
        db.compact_range()
        db.checkpoint(os.fsencode(tmp_path / "copy"))
        tables = {table.name: table.stat().st_ino for table in (tmp_path / "db").glob("*.ldb")}
        assert {table.name: table.stat().st_ino for table in (tmp_path / "copy").glob("*.ldb")} == tables
        for key, _ in PAIRS:
            db.delete(key)
        db.compact_range()

    assert list(relevel.scan(tmp_path / "copy")) == PAIRS


def test_a_file_system_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint is the same."""

    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    with relevel.DB(fill(tmp_path / "db")) as db:
        db.checkpoint(tmp_path / "copy")

    assert list(relevel.scan(tmp_path / "copy")) == PAIRS
    assert all(table.stat().st_nlink == 1 for table in (tmp_path / "copy").glob("*.ldb"))


def test_a_checkpoint_amid_writes_is_a_state_that_once_was(tmp_path: Path) -> None:
    """Of every writer it has what it wrote up to some moment, all before and nothing after; batches are whole."""
    writers, copies = 3, [tmp_path / f"copy-{number}" for number in range(8)]
    done = threading.Event()
    with relevel.DB(tmp_path / "db", create_if_missing=True, **SMALL) as db:

        def write(writer: int) -> None:
            for number in itertools.takewhile(lambda _: not done.is_set(), itertools.count()):
                with db.write_batch() as batch:
                    batch.put(b"%d/%05d" % (writer, number), b"value %d" % number * 5)
                    batch.put(b"last/%d" % writer, b"%d" % number)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        for copy in copies:
            db.checkpoint(copy)
        done.set()
        for thread in threads:
            thread.join()

    for copy in copies:
        with relevel.DB(copy, log_recovery="strict", read_only=True) as found:
            for writer in range(writers):
                numbers = [int(key[2:]) for key in found.keys(prefix=b"%d/" % writer)]
                last = found.get(b"last/%d" % writer)
                assert numbers == list(range(len(numbers)))
                assert last == (b"%d" % (len(numbers) - 1) if numbers else None)
        assert relevel.check(copy).is_clean


def test_writing_and_compacting_go_on_while_a_checkpoint_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long copying takes; what is merged away meanwhile stays until it is done."""
    copying, written = threading.Event(), threading.Event()
    link = NewDirectory.link

    def link_slowly(new: NewDirectory, source_path: str, name: str) -> None:
        copying.set()
        written.wait()
        link(new, source_path, name)

    monkeypatch.setattr(NewDirectory, "link", link_slowly)
    with relevel.DB(fill(tmp_path / "db"), **SMALL) as db:
        thread = threading.Thread(target=db.checkpoint, args=(tmp_path / "copy",))
        thread.start()
        copying.wait()
        for key, _ in PAIRS:
            db.put(key, b"later" * 50)
        db.compact_range()
        written.set()
        thread.join()
        tables = {path.name for path in (tmp_path / "db").glob("*.ldb")}
        live = sum(level.table_count for level in db.stats().levels)

    assert list(relevel.scan(tmp_path / "copy")) == PAIRS
    assert len(tables) == live


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("nowhere")])
def test_a_destination_that_exists_is_refused(tmp_path: Path, make: object) -> None:
    """Even an empty directory, and a link to nothing; it stays as it is."""
    assert callable(make)
    make(tmp_path / "copy")
    with relevel.DB(fill(tmp_path / "db")) as db:
        with pytest.raises(relevel.DestinationExistsError):
            db.checkpoint(tmp_path / "copy")

        assert list(db) == PAIRS
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["copy", "db"]


@pytest.mark.parametrize("inside", ["copy", "deeper/copy"])
def test_a_destination_inside_the_database_is_refused(tmp_path: Path, inside: str) -> None:
    """The next checkpoint would hold it, and LevelDB knows no folders."""
    (fill(tmp_path / "db") / "deeper").mkdir()
    with relevel.DB(tmp_path / "db") as db, pytest.raises(relevel.InvalidArgumentError, match="outside"):
        db.checkpoint(tmp_path / "db" / inside)

    assert not (tmp_path / "db" / inside).exists()


def test_a_destination_below_nothing_is_refused(tmp_path: Path) -> None:
    """The parent must be there; the database goes on."""
    with relevel.DB(fill(tmp_path / "db")) as db:
        with pytest.raises(relevel.StorageError, match="make it first"):
            db.checkpoint(tmp_path / "no" / "copy")

        db.put(b"key", b"value")


def test_what_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No half-made copy, neither under its name nor under another."""
    with relevel.DB(fill(tmp_path / "db")) as db:
        monkeypatch.setattr("relevel.engine.checkpoint.write_manifest", refusing(errno.ENOSPC))
        with pytest.raises(relevel.StorageError):
            db.checkpoint(tmp_path / "copy")

        assert list(db) == PAIRS
    assert [entry.name for entry in tmp_path.iterdir()] == ["db"]


def test_a_closed_database_has_no_checkpoint(tmp_path: Path) -> None:
    """As with every call."""
    db = relevel.DB(fill(tmp_path / "db"))
    db.close()

    with pytest.raises(RuntimeError, match="closed"):
        db.checkpoint(tmp_path / "copy")


def test_a_checkpoint_keeps_the_order_of_the_keys(tmp_path: Path) -> None:
    """Its manifest names the comparator."""

    def backwards(a: bytes, b: bytes) -> int:
        return (a < b) - (a > b)

    with relevel.DB(
        tmp_path / "db", create_if_missing=True, comparator=backwards, comparator_name="test.Backwards"
    ) as db:
        for key, value in PAIRS:
            db.put(key, value)
        db.checkpoint(tmp_path / "copy")

    with relevel.DB(tmp_path / "copy", comparator=backwards, comparator_name="test.Backwards") as copy:
        assert list(copy) == PAIRS[::-1]


@pytest.mark.skipif(sys.platform == "win32", reason="no signal can be sent to a thread there")
def test_a_checkpoint_that_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while tables are linked: nobody waits for the copy any more, so it is given up; the database goes on.

    It is pressed until it is heard: one that comes just before the main thread begins to wait wakes nobody.
    """
    interrupted, is_heard = threading.Event(), threading.Event()
    link = NewDirectory.link

    def hear_once(number: int, frame: object) -> None:
        if not is_heard.is_set():
            is_heard.set()
            raise KeyboardInterrupt

    def link_and_interrupt(new: NewDirectory, source_path: str, name: str) -> None:
        while not interrupted.wait(0.2):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        link(new, source_path, name)

    with relevel.DB(fill(tmp_path / "db"), **SMALL) as db:
        db.compact_range()
        monkeypatch.setattr(NewDirectory, "link", link_and_interrupt)
        heard_before = signal.signal(signal.SIGINT, hear_once)
        try:
            with pytest.raises(KeyboardInterrupt):
                db.checkpoint(tmp_path / "copy")
        finally:
            interrupted.set()
            signal.signal(signal.SIGINT, heard_before)
        db.put(b"key", b"value")
        found = dict(db)

    assert found == {**dict(PAIRS), b"key": b"value"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["db"]
