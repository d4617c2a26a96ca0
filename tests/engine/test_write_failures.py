"""What the file system refuses while a database is written to or opened: nothing acknowledged is lost, and it opens again."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

import relevel
from relevel.engine import version_set
from relevel.errors import StorageError
from relevel.files import manifest_writer
from relevel.files.info_log import InfoLog
from relevel.files.lock import DatabaseLock
from relevel.files.log import LogWriter
from relevel.storage.living import LivingDirectory
from tests.refusals import refusing

VALUE = os.urandom(5000)
KEYS = [b"%03d" % number for number in range(100)]
refuse = refusing(errno.ENOSPC)


def half(log: LogWriter, payload: bytes) -> Any:
    """Append half of a record, then be full."""
    log._file.append(payload[: len(payload) // 2])
    return refuse()


MANIFEST_FAILURES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "the names cannot be synced": (version_set, "sync_directory", refuse),
    "nothing is written": (LogWriter, "append", refuse),
    "half of an edit is written": (LogWriter, "append", half),
    "an edit is written but not synced": (LogWriter, "sync", refuse),
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of some tables and a log."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, write_buffer_size=1 << 16) as db:
        for key in KEYS:
            db.put(key, b"old" + VALUE)
        db.compact_range()
        db.put(KEYS[0], b"old" + VALUE)
    return tmp_path / "db"


def assert_whole(database: Path, expected: dict[bytes, bytes]) -> None:
    """It opens, everything is there and nothing else, it can be written to, and it is clean."""
    with relevel.DB(database) as db:
        assert dict(db) == expected
        assert [db.get(key) for key in KEYS] == [expected.get(key) for key in KEYS]
        db.compact_range()
        db.put(b"more", b"value", sync=True)
    with relevel.DB(database) as db:
        assert dict(db) == {**expected, b"more": b"value"}
    assert relevel.check(database).is_clean


@pytest.mark.parametrize("failure", list(MANIFEST_FAILURES))
@pytest.mark.parametrize("compacts", [False, True], ids=["flush", "compaction"])
def test_an_edit_that_fails_loses_nothing(
    failure: str, compacts: bool, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write that comes after it is refused, and so are all others; what was acknowledged is there at the next opening."""
    written = dict.fromkeys(KEYS, b"old" + VALUE)
    with relevel.DB(database, write_buffer_size=1 << 16) as db:
        monkeypatch.setattr(*MANIFEST_FAILURES[failure])
        with pytest.raises(StorageError, match="MANIFEST"):
            if compacts:
                db.compact_range()
            while True:
                for key in KEYS:
                    db.put(key, b"new" + VALUE)
                    written[key] = b"new" + VALUE
        with pytest.raises(StorageError, match="MANIFEST"):
            db.put(b"late", b"value")
        assert dict(db) == written

    monkeypatch.undo()
    assert_whole(database, written)


def claim(path: Path) -> bool:
    """Whether this name was free, and now is taken: the flush of what opening replayed may have come first."""
    with contextlib.suppress(FileExistsError), path.open("xb") as file:
        file.write(b"precious")
        return True
    return False


@pytest.mark.parametrize("name", ["000000.log", "000000.ldb"])
def test_a_file_that_cannot_be_made_is_told_and_leaves_nothing(name: str, database: Path) -> None:
    """A new log or table whose name is taken: the error names it, and what has the name stays as it is."""
    written = dict.fromkeys(KEYS, b"old" + VALUE)
    with relevel.DB(database, write_buffer_size=1 << 16) as db:
        newest = max(int(path.stem) for path in database.glob("0*"))
        taken = [path for number in range(1, 20) if claim(path := database / f"{newest + number:06}{name[6:]}")]
        with pytest.raises(StorageError, match=name[6:]):
            while True:
                for key in KEYS:
                    db.put(key, b"new" + VALUE)
                    written[key] = b"new" + VALUE
        assert dict(db) == written

    assert {path.read_bytes() for path in taken} == {b"precious"}
    for path in taken:
        path.unlink()
    assert_whole(database, written)


OPENING_FAILURES: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "the manifest cannot be written": (manifest_writer.ManifestWriter, "append", refuse),
    "CURRENT cannot be written": (LivingDirectory, "write_synced", refuse),
    "CURRENT cannot be replaced": (LivingDirectory, "replace", refuse),
    "the names cannot be synced": (LivingDirectory, "sync", refuse),
}


@pytest.mark.parametrize("failure", list(OPENING_FAILURES))
def test_an_opening_that_fails_leaves_the_database_as_it_was(
    failure: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was about to write; and the lock is free."""
    monkeypatch.setattr(*OPENING_FAILURES[failure])
    with pytest.raises(OSError):
        relevel.DB(database)

    monkeypatch.undo()
    assert_whole(database, dict.fromkeys(KEYS, b"old" + VALUE))


def test_a_manifest_that_cannot_be_gone_on_in_leaves_the_database_as_it_was(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte of it; and the lock is free."""
    with relevel.DB(database) as db:
        db.compact_range()
    with relevel.DB(database, reuse_logs=True):
        pass  # now there is nothing to write anew
    before = {path.name: path.read_bytes() for path in database.iterdir() if path.name != "LOG"}
    with monkeypatch.context() as patch:
        patch.setattr(version_set, "LogWriter", refuse)
        with pytest.raises(StorageError, match=r"cannot write .*MANIFEST"):
            relevel.DB(database, reuse_logs=True)

    found = {path.name: path.read_bytes() for path in database.iterdir()}
    assert {name: content for name, content in found.items() if name in before} == before
    assert_whole(database, dict.fromkeys(KEYS, b"old" + VALUE))


def test_a_manifest_that_current_may_name_is_kept(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After CURRENT was replaced nothing can be opened any more, not even CURRENT: then it may be the new one that it names."""

    def replace_and_fail(directory: LivingDirectory, name: str, by: str) -> None:
        Path(directory.path(by)).rename(directory.path(name))
        monkeypatch.setattr(LivingDirectory, "read", unreadable)
        raise StorageError("too many open files")

    def unreadable(*_: Any) -> None:
        error = StorageError("too many open files")
        error.errno = errno.EMFILE
        raise error

    monkeypatch.setattr(LivingDirectory, "replace", replace_and_fail)
    with pytest.raises(StorageError):
        relevel.DB(database)

    monkeypatch.undo()
    assert_whole(database, dict.fromkeys(KEYS, b"old" + VALUE))


@pytest.mark.parametrize(
    ("owner", "method"),
    [
        (version_set.VersionSet, "close"),
        (version_set.VersionSet, "_become"),
        (LivingDirectory, "sync"),
        (LivingDirectory, "write_synced"),
        (DatabaseLock, "_take"),
        (InfoLog, "write"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("is_torn", [False, True], ids=["whole", "torn"])
def test_an_opening_that_a_signal_ends_loses_nothing(
    owner: Any, method: str, is_after: bool, is_torn: bool, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it ends: the lock is free, and everything is there, though the new manifest may be in use already."""
    expected = dict.fromkeys(KEYS, b"old" + VALUE)
    if is_torn:  # then opening writes tables at once
        with relevel.DB(database) as db:
            db.put(b"last", b"value")
            db.put(b"torn", b"value")
        log = max(database.glob("*.log"))
        os.truncate(log, log.stat().st_size - 1)
        expected[b"last"] = b"value"
    real = getattr(owner, method)

    def interrupted(*arguments: Any) -> NoReturn:
        monkeypatch.undo()
        if is_after:
            real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, method, interrupted)
    with contextlib.suppress(KeyboardInterrupt):
        relevel.DB(database).close()

    monkeypatch.undo()
    assert_whole(database, expected)
